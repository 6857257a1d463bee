"""Quantities in English: a number, and which bounds it sets by a comparison before or behind it, and a negation."""

import re
from collections.abc import Mapping, Sequence

from schemas.content import Json
from services.validator.domain.found_context import clause_of

UNITS: Sequence[str] = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
TENS: Sequence[str] = "twenty thirty forty fifty sixty seventy eighty ninety".split()
VALUES: Mapping[str, int] = {
    **{name: number for number, name in enumerate(UNITS, 1)},
    **{name: number * 10 for number, name in enumerate(TENS, 2)},
    "a": 1,
    "half": 1,
}
SCALES: Mapping[str, int] = {"hundred": 100, "thousand": 1000, "dozen": 12}
SMALL = rf"(?:(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(UNITS[:9])}))?|{'|'.join(sorted(UNITS, key=len, reverse=True))})"
WORDED = rf"(?:(?:a|{SMALL}) (?:hundred|thousand)(?:(?: and)? {SMALL})?|(?:(?:a|one|two|three) )?dozen|{SMALL})"
DIGITS = r"\d{1,3}(?:,\d{3})+|\d{1,6}"


def number_named(group: str) -> str:
    """An expression for a number in digits or small letters, as a group of this name."""
    return rf"(?<![\w.,$\u20ac\u00a3])(?P<{group}>{DIGITS}|{WORDED})"


NUMBER = number_named("number")
LEAST, MOST, MORE, LESS, EXACT, DOUBT = "least", "most", "more", "less", "exact", "doubt"
BEFORE = re.compile(
    r"(?:^|(?<=[\s(:,;-]))(?:"
    r"(?P<least>at (?:the (?:very )?)?least|upwards of|(?:a |the )?min(?:imum|\.)?(?: length)?(?: of| is|:)?)"
    r"|(?P<most>at (?:the (?:very )?)?most|up to|within|(?:a |the )?max(?:imum|\.)?(?: length)?(?: of| is|:)?"
    r"|(?:limit|limited|restrict|restricted|cap|capped|keep|hold|cut)(?: \w+){0,4}? (?:to|at)|limit(?: of| is|:))"
    r"|(?P<more>(?:more|longer|greater|larger|higher) than(?P<or_more> or equal to)?"
    r"|over|above|beyond|past|in excess of|exceed(?:s|ing)?)"
    r"|(?P<less>(?:less|fewer|shorter|lower|smaller) than(?P<or_less> or equal to)?|under|below)"
    r"|(?P<exact>exactly|precisely|only|just|a total of|equal to)"
    r"|(?P<doubt>about|around|roughly|approximately|approx\.?|circa|some|nearly|almost|~|every|each|these|those|the"
    r"|my|his|her|their|our|another|than|first|last|next|top|or so)"
    r") ?$"
)
"""The comparison that ends right before a number."""
BEHIND = re.compile(
    r"(?: in (?:length|total)| long)?,? ?\(?(?:"
    r"(?P<least>or (?:more|longer|above|over|greater)|at (?:the (?:very )?)?least|and (?:up|above|more)"
    r"|min(?:imum)?\b)"
    r"|(?P<most>or (?:fewer|less|shorter|under|below)|at (?:the (?:very )?)?most|max(?:imum)?\b|tops\b|and no more)"
    r"|(?P<exact>exactly\b)|(?P<doubt>or so\b|approximately\b|roughly\b|give or take\b))"
)
"""The comparison that begins right behind what is counted."""
QUANTITY = (
    rf"{NUMBER}(?:(?P<to> ?[-\u2013] ?| to | and | or )(?P<most>{DIGITS}|{WORDED})\b)?"
    r"(?:(?P<plus>\+| or more| or longer)|(?P<minus> or fewer| or less))?"
)
"""A number or a range."""
NEGATION = re.compile(r"\b(?:not|no|never|nor|without|avoid|cannot|refrain|\w+n't)\b(?! (?:forget|fail|hesitate)\b)")
NEGATED = re.compile(
    r"\b(?:not|no|never|without|avoid|cannot|\w+n't)"
    r"(?: (?:ever|to|be|get|go|run|use|using|write|writing|have|having|contain|containing|include|including|it|in|any"
    r"|anything|let|make|give|say|show|appear|occur|be used|of|a|length|total|want))*\s*$"
)
LISTED = re.compile(r"\bor(?: \w+)?\s*$")
"""A clause that goes on with the list of the clause before it, and its negation."""
SENTENCE_PARTED = re.compile(r"[;:]|\b(?:and|but|then)\b")
BARE_NOT = re.compile(r"\b(?:no|not)\s*$")
LONGEST_BOUND = 60
TURNED = {MORE: MOST, LESS: LEAST}


def number_of(told: str) -> int:
    """The number that these digits or words name."""
    if told[0].isdigit():
        return int(told.replace(",", ""))
    total = 0
    for word in re.findall(r"[a-z]+", told):
        if word in SCALES:
            total = max(total, 1) * SCALES[word]
        else:
            total += VALUES.get(word, 0)
    return total


def bounded(before: str, number: int, after: str | None, bare: str | None = None) -> Json | None:
    """The bounds that a number sets; ``None`` where it sets none, or none for sure.

    ``before``: the rest of its sentence. ``after``: the comparison behind it. ``bare``: how a number is read that is
    compared with nothing.
    """
    how = _compared(before)
    if how is None:
        return None if after and NEGATED.search(clause_of(before)) else settings(after or bare, number)
    return None if after and after != how else settings(how, number)


def compared_behind(behind: str, told: Mapping[str, str | None]) -> str | None:
    """How a number is compared by what stands behind what it counts, or right behind it (``plus``, ``minus``)."""
    if told.get("plus"):
        return LEAST
    if told.get("minus"):
        return MOST
    found = BEHIND.match(behind)
    return found.lastgroup if found else None


def _compared(before: str) -> str | None:
    """How the number is compared, as its clause means it: ``do not use more than`` is ``at most``."""
    found = BEFORE.search(before[-LONGEST_BOUND:])
    if found is None:
        return None
    told = found.groupdict()
    how = next(name for name in (LEAST, MOST, MORE, LESS, EXACT, DOUBT) if told[name])
    head = before[: len(before) - len(found[0])]
    if how in TURNED:
        return _turned(how, head, inclusive=bool(told["or_more"] or told["or_less"]))
    return DOUBT if how in (LEAST, MOST, EXACT) and NEGATED.search(clause_of(head)) else how


def _turned(how: str, head: str, *, inclusive: bool) -> str:
    clause = clause_of(head)
    if NEGATION.search(clause):
        return TURNED[how] if NEGATED.search(clause) and not inclusive else DOUBT
    if LISTED.search(clause) and NEGATION.search(SENTENCE_PARTED.split(head)[-1]):
        return DOUBT
    return {MORE: LEAST, LESS: MOST}[how] if inclusive else how


def settings(how: str | None, number: int) -> Json | None:
    """The settings of a check that counts."""
    if how == LEAST:
        return {"at_least": number}
    if how == MORE:
        return {"at_least": number + 1}
    if how == MOST:
        return {"less_than": number + 1}
    if how == LESS:
        return {"less_than": number} if number else None
    return {"exactly": number} if how == EXACT else None


def before_bound(before: str) -> str:
    """What stands before a number, without the comparison that ends it."""
    found = BEFORE.search(before[-LONGEST_BOUND:])
    return BARE_NOT.sub("", before[: len(before) - len(found[0])] if found else before)


def ranged(before: str, match: re.Match[str]) -> Sequence[Json]:
    """The two bounds of ``between 3 and 5``, ``3 to 5`` or ``3-5``; none where they are vague or no bounds."""
    least, most = number_of(match["number"]), number_of(match["most"])
    is_joined = match["to"] == " and " and not re.search(r"\bbetween\s*$", before)
    if BEFORE.search(before[-LONGEST_BOUND:]) or is_joined or least > most or NEGATION.search(clause_of(before)):
        return ()
    return {"at_least": least}, {"less_than": most + 1}
