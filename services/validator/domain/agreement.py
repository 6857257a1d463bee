"""Whether two models, asked the same, say the same.

Measured on recorded answers (GSM8K, gemini-1.5-flash and gpt-4o-mini): the figures stand in the service's README.
Where it cannot see that two texts mean the same, it says that they differ: a wrong "same" would be a wrong "verified".
"""

import re
from collections import Counter
from dataclasses import dataclass

from schemas.content import Answer, Question
from services.validator.domain.final_answer import NUMBER, Kind, final_of, number_of
from services.validator.domain.message import text_of

# Sorensen-Dice over the words that the question does not hold; 0.8 lets one word in five differ.
SIMILAR = 0.8
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
    """Whether they agree, and what of the answers was compared."""

    same: bool
    by: Kind


def compared(question: Question, first: Answer, second: Answer) -> Comparison:
    """Compare two answers to one question by what they come down to."""
    asked = text_of(question.messages[-1])
    one, other = final_of(first, asked), final_of(second, asked)
    if one.kind == other.kind and one.kind != "text":
        return Comparison(one.value == other.value and _one_unit(one.unit, other.unit), one.kind)
    return Comparison(same_text(str(one.value), str(other.value), asked), "text")


def _one_unit(one: str, other: str) -> bool:
    return one == other or not one or not other


def same_text(one: str, other: str, asked: str) -> bool:
    """Equal but for manners; or with the same numbers, the same negations, and nearly the same words of their own."""
    first, second = one.casefold(), other.casefold()
    if _words(first) == _words(second):
        return bool(_words(first))
    if _numbers(first) != _numbers(second) or bool(NEGATION.search(first)) != bool(NEGATION.search(second)):
        return False
    known = frozenset(_words(asked.casefold()))
    return _alike(_telling(first, known), _telling(second, known))


def _alike(first: Counter[str], second: Counter[str]) -> bool:
    total = first.total() + second.total()
    return bool(first and second) and 2 * (first & second).total() >= SIMILAR * total


def _telling(text: str, known: frozenset[str]) -> Counter[str]:
    """The words that answer: neither filler nor the question's own, as long as any are left."""
    words = [word for word in _words(text) if word not in FILLER]
    return Counter([word for word in words if word not in known] or words)


def _words(text: str) -> list[str]:
    return WORD.findall(text)


def _numbers(text: str) -> set[object]:
    return {number_of(number) for number in NUMBER.findall(text)}
