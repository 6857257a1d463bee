"""Whether two models, asked the same, say the same.

Measured on recorded answers (GSM8K, gemini-1.5-flash and gpt-4o-mini): the figures stand in the service's README.
Where it cannot see that two texts mean the same, it says that they differ: a wrong "same" would be a wrong "verified".
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from schemas.check_settings import USUAL_THRESHOLD
from schemas.content import Answer, Question
from services.validator.domain.final_answer import NUMBER, Kind, final_of, number_of
from services.validator.domain.message import text_of

# Sorensen-Dice over the words that the question does not hold; 0.8 lets one word in five differ.
SIMILAR = 0.8
SAME = USUAL_THRESHOLD
"""A score of so much is the same answer by the usual measure; from there to 1 it says how much they share besides."""
DIGITS = 4
WORD = re.compile(r"\w+")
NEGATION = re.compile(r"\b(?:not|no|never|none|nor|neither|without|cannot|nicht|kein\w*|ne|pas|ni)\b|n['\u2019]t\b")
# Words that carry no answer.
FILLER = frozenset(
    "a an the is are was were be been of to in on at by for with and or as it its this that these those there here "
    "i you we they he she my your our their do does did has have had will would can could should may so then thus "
    "answer question please sure final".split()
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike they are, 0 to 1, and what of the answers was compared."""

    score: float
    by: Kind

    @property
    def same(self) -> bool:
        """Whether they agree by the usual measure."""
        return self.score >= SAME


def compared(question: Question, first: Answer, second: Answer) -> Comparison:
    """Compare two answers to one question by what they come down to."""
    asked = text_of(question.messages[-1])
    one, other = final_of(first, asked), final_of(second, asked)
    if one.kind != other.kind or one.kind == "text":
        return Comparison(round(text_score(str(one.value), str(other.value), asked), DIGITS), "text")
    if one.value != other.value or not _one_unit(one.unit, other.unit):
        return Comparison(0.0, one.kind)
    ways = _numbers(text_of(first.message)), _numbers(text_of(second.message))
    shared = _dice(*map(Counter, ways)) if one.kind == "number" else 1.0
    return Comparison(round(SAME + (1 - SAME) * shared, DIGITS), one.kind)


def _one_unit(one: str, other: str) -> bool:
    return one == other or not one or not other


def text_score(one: str, other: str, asked: str) -> float:
    """The same when equal but for manners; or with the same numbers and negations, and nearly the same own words."""
    first, second = one.casefold(), other.casefold()
    if _words(first) == _words(second):
        return float(bool(_words(first)))
    known = frozenset(_words(asked.casefold()))
    score = _scaled(_dice(_telling(first, known), _telling(second, known)))
    if _numbers(first) != _numbers(second) or bool(NEGATION.search(first)) != bool(NEGATION.search(second)):
        return min(score, SAME) / 2
    return score


def _scaled(dice: float) -> float:
    """On the one scale of all kinds: words that are similar enough are the same answer."""
    if dice < SIMILAR:
        return SAME * dice / SIMILAR
    return SAME + (1 - SAME) * (dice - SIMILAR) / (1 - SIMILAR)


def _dice(first: Counter[Any], second: Counter[Any]) -> float:
    """How much of both is in both (Sorensen-Dice); nothing where one is empty."""
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if first and second else 0.0


def _telling(text: str, known: frozenset[str]) -> Counter[str]:
    """The words that answer: neither filler nor the question's own, as long as any are left."""
    words = [word for word in _words(text) if word not in FILLER]
    return Counter([word for word in words if word not in known] or words)


def _words(text: str) -> list[str]:
    return WORD.findall(text)


def _numbers(text: str) -> set[object]:
    return {number_of(number) for number in NUMBER.findall(text)}
