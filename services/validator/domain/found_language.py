"""The language that a prompt demands in words, in English: one that is neither forbidden, conditional nor quoted.

A wrong one turns good answers away, so where the sentence may mean anything else no language is found.
"""

import re
from collections.abc import Sequence

from schemas.languages import CODES
from services.validator.domain.found_context import Prompt, is_stated

NAMES = "|".join(CODES)
LANGUAGE = rf"(?P<language>{NAMES})\b"
ONE_OF_SEVERAL = rf"(?!,?(?: and| or)?(?: in)?(?: the)? (?:{NAMES})\b)"
# "English words" and "Polish notation" are no languages, and "in German or not" is no demand.
ENDED = (
    rf"{ONE_OF_SEVERAL}(?: language)?(?: only)?(?: please)?"
    r"(?: in (?:your|the) (?:response|reply|answer)\b|(?=\s*(?:[.,;:!?)\n]|\Z)|\s[-\u2013\u2014]\s))"
)
NAMED = re.compile(rf"\b(?:{NAMES})\b")
PHRASES: Sequence[re.Pattern[str]] = tuple(
    re.compile(phrase)
    for phrase in (
        rf"\b{LANGUAGE}(?: language)?[^.\n]{{0,60}}\bno other languages?\b(?! (?:except|than))",
        rf"\bno other languages? (?:except|than) (?:the )?{LANGUAGE}",
        rf"\b(?:only|entirely|exclusively|completely)(?: (?:in|use|using))+(?: only)?(?: the)? {LANGUAGE}{ENDED}",
        rf"\b(?:in|use|using) only(?: the)? {LANGUAGE}{ENDED}",
        rf"\b(?:respond|reply|answer)(?: (?:to )?(?:me|us)| back| this)?(?: only)? in (?:the )?{LANGUAGE}{ENDED}",
        rf"\b(?:response|answer|reply|output)(?: (?:should|must|has to|needs to|to|be|written|given|entirely|only))*"
        rf" in (?:the )?{LANGUAGE}{ENDED}",
        rf"\b(?:sure|ensure)\b[^.\n]{{0,40}}\b(?:response|answer|reply"
        rf"|output) is(?: \w+)? in (?:the )?{LANGUAGE}{ENDED}",
        rf"\b(?:use|using) (?:the )?{LANGUAGE}(?: language)? (?:for|in|throughout) (?:your|the) (?:\w+ )?"
        r"(?:response|answer|reply|output)\b",
        rf"\bonly (?:the )?{LANGUAGE}(?: language)? is (?:allowed|permitted|accepted)\b",
        rf"\b(?:write|explain|describe|tell|give|answer|respond|reply|should|must"
        rf"|list)\b[^.!?\n]{{0,80}} in (?:the )?"
        rf"{LANGUAGE}(?: language)?,? (?:only|exclusively|and nothing (?:but|else))\b",
    )
)
NOT_DEMANDED = re.compile(
    r"\b(?:not|never|\w+n't|cannot|without|avoid|refrain|exclude|no need|rather than|instead of"
    r"|you (?:may|can|could))\b",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"(?<!even )\b(?:if|when|whenever)\b|\b(?:unless|otherwise|depending|depends|until|except|where possible)\b",
    re.IGNORECASE,
)
NEAR, LONGEST_CLAUSE = 20, 60
"""Characters before a phrase in which a negation is of this phrase: whatever stands between, and without a stop."""
CLAUSE = re.compile(r"[^,;:]*\Z")
GOES_ON = r"(?!\s+(?:unless|otherwise|except)\b)"
# A condition may head a list: the line before a colon is of the same sentence.
BEGIN = re.compile(r"[.!?][\")]?\s|(?<!:)\n")
END = re.compile(rf"[.!?](?=\s|\Z){GOES_ON}|\n", re.IGNORECASE)


def language_in(prompt: Prompt) -> str | None:
    """The code of the one language that a prompt demands; ``None`` of none or several."""
    if not NAMED.search(prompt.low):
        return None
    found = {
        CODES[match["language"]]
        for phrase in PHRASES
        for match in phrase.finditer(prompt.low)
        if not _is_within(match.start("language"), prompt.quoted) and _is_demanded(match)
    }
    return found.pop() if len(found) == 1 else None


def _is_within(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _is_demanded(match: re.Match[str]) -> bool:
    """Whether its sentence neither forbids nor merely allows it, nor says when."""
    text = match.string
    before = BEGIN.split(text[: match.start()])[-1]
    end = END.search(text, match.end())
    after = text[match.end() : end.start() if end else len(text)]
    clause = CLAUSE.search(before[-LONGEST_CLAUSE:])
    negated = NOT_DEMANDED.search(before[-NEAR:]) or (clause and NOT_DEMANDED.search(clause[0]))
    return not (negated or CONDITION.search(before) or CONDITION.search(after) or is_stated(before))
