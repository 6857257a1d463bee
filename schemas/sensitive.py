"""Personal data and secrets in a text, by their form and, where the kind has one, by their check digits.

Part of the contract, so that profiling a request and checking an answer mean the same by "a card number". Names,
addresses and other data without a form of their own are not found: they need a model of language.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

DECIMALS = b"0123456789"
FAR_APART = re.compile(r"[^0-9]{3,}")
"""What stands between no two digits of a number."""
LETTERS_BEFORE, LETTERS_BEHIND = 3, 4
"""What a number has before its first digit (two letters and a space), and what it has and looks at behind its last."""
FEWEST_DIGITS = 4
NOT_ALPHANUMERIC = re.compile(r"[^0-9A-Za-z]+")
NIR_BODY = 13
DIGITS_OF_A_DATE = 8
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


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


@dataclass(frozen=True, slots=True)
class Detector:
    """A form, and what must hold of the letters and digits that have it.

    ``mark`` is in every text that has one, and so are ``digits`` of them at least: looking for these first takes a
    hundredth of the time. A form that is a ``number`` is looked for where digits stand near each other alone,
    and an address before a domain.
    """

    kind: Kind
    form: re.Pattern[str]
    holds: Callable[[str], bool] | None = None
    mark: str = ""
    digits: int = 0
    number: bool = False


def find(text: str) -> tuple[Finding, ...]:
    """All that is found, by place; no two overlap, the surer kind wins."""
    taken, finds = bytearray(len(text)), list[Finding]()
    for found in _candidates(text):
        if not any(taken[found.start : found.end]):
            taken[found.start : found.end] = b"\1" * (found.end - found.start)
            finds.append(found)
    return tuple(sorted(finds, key=lambda found: found.start))


def _candidates(text: str) -> Iterator[Finding]:
    digits = _digits(text)
    numbers = _numbers(text) if digits >= FEWEST_DIGITS else ()
    for detector in DETECTORS:
        if detector.digits <= digits and detector.mark in text:
            yield from _found(detector, text, numbers)


def _digits(text: str) -> int:
    """How many decimal digits of ASCII it has: what deleting them takes away."""
    raw = text.encode(errors="replace")
    return len(raw) - len(raw.translate(None, DECIMALS))


def _numbers(text: str) -> Places:
    """Where digits stand near each other, from the first to behind the last, and enough of them for any number."""
    gaps = [gap.span() for gap in FAR_APART.finditer(text)]
    starts, ends = [0, *(end for _, end in gaps)], [*(start for start, _ in gaps), len(text)]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if end - start >= FEWEST_DIGITS]


def _matches(detector: Detector, text: str, numbers: Places) -> Iterator[re.Match[str]]:
    """All places of a form that may hold, as a search through the whole text finds them."""
    if detector.number:
        long_enough = [(start, end) for start, end in numbers if end - start >= detector.digits]
        return _around(long_enough, detector.form, text, LETTERS_BEFORE, LETTERS_BEHIND)
    if detector.kind is Kind.EMAIL:
        domains = [match.span() for match in AT_DOMAIN.finditer(text)]
        return _around(domains, detector.form, text, LONGEST_LOCAL_PART, 1)
    return detector.form.finditer(text)


def _around(places: Places, form: re.Pattern[str], text: str, before: int, behind: int) -> Iterator[re.Match[str]]:
    begins = 0
    for start, end in places:
        for match in form.finditer(text, max(begins, start - before), end + behind):
            begins = match.end()
            yield match
        begins = max(begins, start)


def _found(detector: Detector, text: str, numbers: Places) -> Iterator[Finding]:
    for match in _matches(detector, text, numbers):
        if detector.holds is None or detector.holds(NOT_ALPHANUMERIC.sub("", match[0])):
            yield Finding(detector.kind, match.start(), match.end())


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def iban(letters: str) -> bool:
    """Whether an account number's remainder by 97 is 1, its first four characters moved to its end (ISO 13616)."""
    moved = letters[4:] + letters[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _spanish(letters: str) -> bool:
    """DNI: the letter is the number's remainder by 23, as a place in a fixed row of letters."""
    return DNI_LETTERS[int(letters[:-1]) % len(DNI_LETTERS)] == letters[-1]


def _french(digits: str) -> bool:
    """NIR: the last two digits are 97 less the remainder of the first thirteen."""
    return 97 - int(digits[:NIR_BODY]) % 97 == int(digits[NIR_BODY:])


def _long_enough(digits: str) -> bool:
    """A date has eight digits."""
    return len(digits) > DIGITS_OF_A_DATE


SECRETS = (
    ("sk-", r"(?<![A-Za-z0-9]sk-)[A-Za-z0-9_-]{20,200}"),
    ("AKIA", r"(?<![A-Za-z0-9]AKIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("ASIA", r"(?<![A-Za-z0-9]ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("gh", r"(?<![A-Za-z0-9]gh)[opsur]_[A-Za-z0-9]{36,255}"),
    ("github_pat_", r"(?<![A-Za-z0-9]github_pat_)[A-Za-z0-9_]{22,255}"),
    ("glpat-", r"(?<![A-Za-z0-9]glpat-)[A-Za-z0-9_-]{20,200}"),
    ("xox", r"(?<![A-Za-z0-9]xox)[abprs]-[A-Za-z0-9-]{10,200}"),
    ("AIza", r"(?<![A-Za-z0-9]AIza)[A-Za-z0-9_-]{35}"),
    ("eyJ", r"(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,2000}"),
)
"""Keys and tokens whose makers gave them a form of their own: a mark, and what follows it.

What may not stand before a mark is looked at behind it, for an expression that begins with letters is found far sooner;
so it is with an account number.
"""

DOMAIN = r"@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w@])"
AT_DOMAIN, LONGEST_LOCAL_PART = re.compile(DOMAIN), 64
EMAIL = rf"(?<![\w.+-])[\w.+-]{{1,{LONGEST_LOCAL_PART}}}{DOMAIN}"
IBAN = r"[A-Z][A-Z]\d{2}(?<![A-Za-z0-9][A-Z]{2}\d{2})(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])"
AMEX, DINERS, JCB = r"3[47]\d{2}(?:[ -]?\d){11}", r"3[0689]\d{2}(?:[ -]?\d){10}", r"(?:1800|2131)(?:[ -]?\d){11}"
OF_16 = r"(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|35\d{2}|6[0-9]\d{2})(?:[ -]?\d){12}"
LONG_VISA, OTHERS = r"4\d{3}(?:[ -]?\d){15}", r"4\d{3}(?:[ -]?\d){9}|(?:5[0678]|6[0-9])\d{2}(?:[ -]?\d){8}"
CARD = rf"(?<![\w.-])(?:{LONG_VISA}|{OF_16}|{AMEX}|{JCB}|{DINERS}|{OTHERS})(?![\w-])(?!\.\d)"
SSN = r"(?<![\w-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"
NINO = r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)"
DNI = r"(?<![\w.-])\d{8}-?[A-HJ-NP-TV-Z](?!\w)"
NIR = r"(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\w)"
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
IP = rf"(?<![\w.])(?:{OCTET}\.){{3}}{OCTET}(?![\w]|\.\d)"
ABROAD = r"(?:\+|001-)\d{1,3}(?:[ .()-]{0,2}\d){6,12}(?:x\d{1,5})?"
IN_BRACKETS, AMERICAN = r"\(\d{2,4}\) ?\d{3,4}[ .-]?\d{3,4}", r"\d{3}[ .-]\d{3}[ .-]\d{4}(?:x\d{1,5})?"
WITH_TRUNK_0 = r"0[1-9]\d{0,2}(?:[ .-]\d{2,4}){2,4}|07[1-57-9]\d{2} \d{6}"
DAY, MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
A_DATE = (
    rf"(?:{DAY}([ .-]){MONTH}|{MONTH}([ .-]){DAY})(?:\1|\2)(?:19|20)\d{{2}}(?!\d)"
    rf"|{DAY}\.{MONTH}\.\d{{2}} (?:[01]\d|2[0-3])\.[0-5]\d(?!\d)"
)
"""With what follows it, such as a time, it has as many digits as a number."""
PHONE = rf"(?<![\w.+-])(?<!\d[ .])(?!{A_DATE})(?:{ABROAD}|{IN_BRACKETS}|{AMERICAN}|{WITH_TRUNK_0})(?![\w-])(?!\.\d)"

DETECTORS = (
    Detector(Kind.SECRET, re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"), mark="PRIVATE KEY-----"),
    *(Detector(Kind.SECRET, re.compile(mark + rest, re.ASCII), mark=mark) for mark, rest in SECRETS),
    Detector(Kind.EMAIL, re.compile(EMAIL), mark="@"),
    Detector(Kind.IBAN, re.compile(IBAN, re.ASCII), iban, digits=10),
    Detector(Kind.CARD, re.compile(CARD, re.ASCII), luhn, digits=12, number=True),
    Detector(Kind.NATIONAL_ID, re.compile(SSN, re.ASCII), mark="-", digits=9, number=True),
    Detector(Kind.NATIONAL_ID, re.compile(NINO, re.ASCII), digits=6, number=True),
    Detector(Kind.NATIONAL_ID, re.compile(DNI, re.ASCII), _spanish, digits=8, number=True),
    Detector(Kind.NATIONAL_ID, re.compile(NIR, re.ASCII), _french, digits=15, number=True),
    Detector(Kind.IP_ADDRESS, re.compile(IP, re.ASCII), mark=".", digits=4, number=True),
    Detector(Kind.PHONE, re.compile(PHONE, re.ASCII), _long_enough, digits=DIGITS_OF_A_DATE + 1, number=True),
)
"""The surest first."""
