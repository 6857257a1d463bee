"""Personal data and secrets in a text, by their form and, where the kind has one, by their check digits.

Part of the contract, so that profiling a request and checking an answer mean the same by "a card number". Names,
addresses and other data without a form of their own are not found: they need a model of language.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from schemas.bank_accounts import iban
from schemas.national_ids import CHECKS, LABEL, LABELLED, NO_DATE, OF_DIGITS, OF_LETTERS, Holds, luhn
from schemas.secret_forms import (
    ASSIGNED,
    BLOCK,
    CARRIED,
    DIGITS_OF_A_DATE,
    IN_ADDRESS,
    MARKED,
    NAME_BEFORE,
    SK,
    is_key,
    is_random,
)

DECIMALS = b"0123456789"
NEAR_EACH_OTHER = re.compile(r"[0-9](?:[^0-9]{0,2}[0-9]){3,}")
"""No more than two characters stand between the digits of a number, and no number has fewer than four."""
LETTERS_BEFORE, LETTERS_BEHIND = 3, 4
"""What a number has before its first digit (two letters and a space), and what it has and looks at behind its last."""
FEWEST_DIGITS = 4
NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]+")
LABEL_BEFORE = 40
"""Characters before a value in which its label stands."""


class Kind(StrEnum):
    """What kind of personal data or secret it is."""

    SECRET = "secret"
    EMAIL = "email"
    IBAN = "iban"
    CARD = "card"
    NATIONAL_ID = "national_id"
    IP_ADDRESS = "ip_address"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Finding:
    """One find: ``text[start:end]``."""

    kind: Kind
    start: int
    end: int


Places = Sequence[tuple[int, int]]
"""From where to where in a text."""
Numbers = Sequence[tuple[int, int, int]]
"""From the first digit to behind the last, and how many there are."""


def is_labelled(text: str, place: int, label: re.Pattern[str]) -> bool:
    """Whether such a label, in small letters, ends right before a place."""
    return bool(label.search(text[max(0, place - LABEL_BEFORE) : place].lower()))


@dataclass(frozen=True, slots=True)
class Detector:
    """A form, and what must hold of the letters and digits that have it (``checks``: by the name of its group).

    ``mark`` is in every text that has one, and so are ``digits`` of them at least: looking for these first takes a
    hundredth of the time. A form that is a ``number`` is looked for where so many digits stand near each other alone,
    one with an ``anchor`` where that is: from so many characters ``before`` it to so many ``behind`` it. ``label``:
    what stands before it, in small letters.
    """

    kind: Kind
    form: re.Pattern[str]
    holds: Holds | None = None
    checks: Mapping[str, Holds] | None = None
    mark: str = ""
    digits: int = 0
    number: bool = False
    anchor: re.Pattern[str] | None = None
    before: int = LETTERS_BEFORE
    behind: int = LETTERS_BEHIND
    label: re.Pattern[str] | None = None

    def accepts(self, match: re.Match[str]) -> bool:
        """Whether what has the form is one, by its letters and digits and by its label."""
        holds = self.checks[match.lastgroup or ""] if self.checks else self.holds
        if holds is not None and not holds(NOT_ALPHANUMERIC.sub("", match[0])):
            return False
        return self.label is None or is_labelled(match.string, match.start(), self.label)


def find(text: str) -> tuple[Finding, ...]:
    """All that is found, by place; no two overlap, the surer kind wins."""
    taken, finds = bytearray(len(text)), list[Finding]()
    for found in _candidates(text):
        if not any(taken[found.start : found.end]):
            taken[found.start : found.end] = b"\1" * (found.end - found.start)
            finds.append(found)
    return tuple(sorted(finds, key=lambda found: found.start))


def _candidates(text: str) -> Iterator[Finding]:
    raw = text.encode("ascii", "replace")
    digits = _digits(raw)
    numbers = _numbers(text, raw) if digits >= FEWEST_DIGITS else ()
    for sign, detectors in BY_SIGN:
        for detector in detectors if sign in text else ():
            if detector.digits <= digits and detector.mark in text:
                yield from _found(detector, text, numbers)


def _digits(raw: bytes) -> int:
    """How many decimal digits of ASCII it has: what deleting them takes away."""
    return len(raw) - len(raw.translate(None, DECIMALS))


def _numbers(text: str, raw: bytes) -> Numbers:
    """Where digits stand near each other, and enough of them for any number. ``raw``: the text, a byte a character."""
    places = (match.span() for match in NEAR_EACH_OTHER.finditer(text))
    return [(start, end, _digits(raw[start:end])) for start, end in places]


def _matches(detector: Detector, text: str, numbers: Numbers) -> Iterator[re.Match[str]]:
    """All places of a form that may hold, as a search through the whole text finds them."""
    if detector.number:
        places = [(start, end) for start, end, digits in numbers if digits >= detector.digits]
        if detector.label:
            places = [place for place in places if is_labelled(text, place[0], detector.label)]
        return _around(places, detector, text)
    if detector.anchor:
        return _around([match.span() for match in detector.anchor.finditer(text)], detector, text)
    return detector.form.finditer(text)


def _around(places: Places, detector: Detector, text: str) -> Iterator[re.Match[str]]:
    begins = 0
    for start, end in places:
        for match in detector.form.finditer(text, max(begins, start - detector.before), end + detector.behind):
            begins = match.end()
            yield match
        begins = max(begins, start)


def _found(detector: Detector, text: str, numbers: Numbers) -> Iterator[Finding]:
    for match in _matches(detector, text, numbers):
        if detector.accepts(match):
            yield Finding(detector.kind, match.start(), match.end())


def _long_enough(digits: str) -> bool:
    """A date has eight digits."""
    return len(digits) > DIGITS_OF_A_DATE


NO_DOMAIN = r"(?:png|jpe?g|gif|svg|webp|css|js|ts|py)"
DOMAIN = rf"@(?:[\w-]{{1,63}}\.){{1,8}}(?!{NO_DOMAIN}\b)[A-Za-z]{{2,24}}(?![\w@])"
LONGEST_LOCAL_PART = 64
EMAIL = rf"(?<![\w.+-])(?!git@)[\w.+-]{{1,{LONGEST_LOCAL_PART}}}{DOMAIN}"
IBAN = (
    r"[A-Z][A-Z]\d{2}(?<![A-Za-z0-9][A-Z]{2}\d{2})(?:[ \u00a0-]?[A-Z0-9]{4}){2,7}(?:[ \u00a0-]?[A-Z0-9]{1,3})?"
    r"(?![A-Za-z0-9])"
)
OF_DIGITS_ALONE = "at|be|ch|cz|de|dk|ee|es|fi|hr|hu|is|li|lt|no|pl|pt|se|si|sk"
SMALL_IBAN = rf"(?<!\w)(?:{OF_DIGITS_ALONE})\d{{2}}(?: ?\d{{4}}){{2,7}}(?: ?\d{{1,3}})?(?!\w)"
APART = r"[ \u00a0-]?"
AMEX, DINERS = rf"3[47]\d{{2}}(?:{APART}\d){{11}}", rf"3[0689]\d{{2}}(?:{APART}\d){{10}}"
JCB, LONG_VISA = rf"(?:1800|2131)(?:{APART}\d){{11}}", rf"4\d{{3}}(?:{APART}\d){{15}}"
OF_16 = rf"(?:4\d{{3}}|5[1-5]\d{{2}}|2[2-7]\d{{2}}|35\d{{2}}|6[0-9]\d{{2}})(?:{APART}\d){{12}}"
OTHERS = rf"(?:5[0678]|6[0-9])\d{{2}}(?:{APART}\d){{8}}"
CARD = rf"(?<![\w.-])(?:{LONG_VISA}|{OF_16}|{AMEX}|{JCB}|{DINERS}|(?<!\d{{4}} ){OTHERS})(?![\w-])(?!\.\d)"
SHORT_VISA = rf"(?<![\w.-])4\d{{3}}(?:{APART}\d){{9}}(?![\w-])(?!\.\d)"
CARD_LABEL = re.compile(r"\bcards?\b[^\d]{0,32}$")
"""Thirteen digits are more often a product's: no new card has so few."""
SSN = r"(?<![\w-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"
IN_PAIRS = re.compile(r"[A-Z][A-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]")
NINO = r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
BEHIND_LETTERS = re.compile(r"[A-Z]{4}[0-9][0-9]")
DOTS = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
NOBODYS = r"(?!127\.|0\.0\.0\.0|255\.)"
"""Addresses of one's own machine, of none, and masks."""
OF_A_TEXT = "".join(f"(?<!{word} )" for word in ("ersion", "ection", "elease", "hapter", "build", "\u00a7"))
IP = rf"(?<![\w.]){OF_A_TEXT}{NOBODYS}(?:{OCTET}\.){{3}}{OCTET}(?![\w]|\.\d)"
HEXTET = r"[0-9A-Fa-f]{1,4}"
COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{0,32}")
IP6 = (
    r"(?:[23][0-9A-Fa-f]{3}|[fF][cCdD][0-9A-Fa-f]{2}|[fF][eE]80):(?<![\w:.][0-9A-Fa-f]{4}:)"
    rf"(?:(?:{HEXTET}:){{6}}{HEXTET}|(?:{HEXTET}:){{0,5}}(?::{HEXTET}){{1,6}}|(?:{HEXTET}:){{0,6}}:)(?![\w:])"
)
ABROAD = r"(?:\+|001-)\d{1,3}(?:[ .()-]{0,2}\d){6,12}(?:x\d{1,5})?|00 ?[1-9]\d{0,2}(?:[ .-]\d{2,6}){2,4}"
IN_BRACKETS = r"(?:8 )?\(\d{2,4}\) ?\d{3,5}[ .-]?(?:\d{3,4}|\d{2}-\d{2})"
AMERICAN = r"(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}(?:x\d{1,5})?"
WITH_TRUNK_0 = r"0[1-9]\d{0,2}(?:[ .-]\d{2,4}){2,4}|0[1-9]\d{1,3} \d{6,8}|06-\d{8}"
OF_CHINA = r"1[3-9]\d[ -]\d{4}[ -]\d{4}"
DAY, MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
A_DATE = (
    rf"(?:{DAY}([ .-]){MONTH}|{MONTH}([ .-]){DAY})(?:\1|\2)(?:19|20)\d{{2}}(?!\d)"
    rf"|{DAY}\.{MONTH}\.\d{{2}} (?:[01]\d|2[0-3])\.[0-5]\d(?!\d)"
)
"""With what follows it, such as a time, it has as many digits as a number."""
ANY_PHONE = f"{ABROAD}|{IN_BRACKETS}|{AMERICAN}|{WITH_TRUNK_0}|{OF_CHINA}"
PHONE = rf"(?<![\w.+-])(?<!\d[ .])(?!{A_DATE})(?:{ANY_PHONE})(?![\w-])(?!\.\d)"

PHONE_LABEL = re.compile(
    r"\b(?:tel(?:e?phone|efon|efono|\u00e9fono|\u00e9phone)?|t\u00e9l|phone|mobile|m\u00f3vil|cell(?:ular|phone)?|fax|handy|whatsapp|sms"
    r"|(?:call|text|ring|reach|phone)(?: me| us| him| her| them)?(?: at| on| under)|(?:my|our|his|her) number)\b"
    r"(?:\W{1,3}(?:number|no|nr|is|me|at|on))*\W{0,3}$"
)
A_SIZE = r"19\d\d-\d{4}(?!\d)"
LABELLED_PHONE = rf"(?<![\w.+-])(?!{A_DATE}|{A_SIZE}){NO_DATE}\(?\d(?:[ ./()-]{{0,2}}\d){{6,13}}(?![\w-])(?!\.\d)"

DETECTORS = (
    Detector(Kind.SECRET, BLOCK, mark="PRIVATE KEY"),
    Detector(Kind.SECRET, re.compile(SK, re.ASCII), is_key, mark="sk-"),
    *(Detector(Kind.SECRET, re.compile(re.escape(mark) + rest, re.ASCII), mark=mark) for mark, rest in MARKED),
    Detector(Kind.SECRET, IN_ADDRESS, mark="://"),
    *(Detector(Kind.SECRET, re.compile(mark + CARRIED), is_random, mark=mark) for mark in ("Bearer ", "Basic ")),
    *(Detector(Kind.SECRET, re.compile(s + ASSIGNED), is_random, mark=s, digits=2, label=NAME_BEFORE) for s in "=:"),
    Detector(Kind.EMAIL, re.compile(EMAIL), mark="@", anchor=re.compile(DOMAIN), before=LONGEST_LOCAL_PART, behind=1),
    Detector(Kind.IBAN, re.compile(IBAN, re.ASCII), iban, digits=10),
    Detector(Kind.IBAN, re.compile(SMALL_IBAN, re.ASCII), iban, digits=13, number=True),
    Detector(Kind.CARD, re.compile(CARD, re.ASCII), luhn, digits=12, number=True),
    Detector(Kind.CARD, re.compile(SHORT_VISA, re.ASCII), luhn, digits=12, number=True, label=CARD_LABEL),
    Detector(Kind.NATIONAL_ID, re.compile(SSN, re.ASCII), mark="-", digits=9, number=True),
    Detector(Kind.NATIONAL_ID, re.compile(NINO, re.ASCII), digits=6, anchor=IN_PAIRS, before=0, behind=1),
    Detector(Kind.NATIONAL_ID, OF_DIGITS, checks=CHECKS, digits=6, number=True),
    Detector(Kind.NATIONAL_ID, OF_LETTERS, checks=CHECKS, digits=4, anchor=BEHIND_LETTERS, before=2, behind=13),
    Detector(Kind.NATIONAL_ID, LABELLED, digits=6, number=True, label=LABEL),
    Detector(Kind.IP_ADDRESS, re.compile(IP, re.ASCII), mark=".", digits=4, anchor=DOTS, before=3, behind=4),
    Detector(Kind.IP_ADDRESS, re.compile(IP6, re.ASCII), mark=":", digits=2, anchor=COLONS, before=4, behind=1),
    Detector(Kind.PHONE, re.compile(PHONE, re.ASCII), _long_enough, digits=DIGITS_OF_A_DATE + 1, number=True),
    Detector(Kind.PHONE, re.compile(LABELLED_PHONE, re.ASCII), digits=7, number=True, label=PHONE_LABEL),
)
"""The surest first."""
SIGNS = ("_", "-", "")


def _sign_of(detector: Detector) -> str:
    """A character that is in every text with its mark, of those that few texts have."""
    return next(sign for sign in SIGNS if sign in detector.mark)


OF_SECRETS = tuple(each for each in DETECTORS if each.kind is Kind.SECRET)
BY_SIGN = (
    *((sign, tuple(each for each in OF_SECRETS if _sign_of(each) == sign)) for sign in SIGNS),
    ("", tuple(each for each in DETECTORS if each.kind is not Kind.SECRET)),
)
"""So that texts without such a character pass most marks of secrets at once."""
