"""Whether two models, asked the same, say the same.

Measured on recorded answers (GSM8K, gemini-1.5-flash and gpt-4o-mini): the figures stand in the service's README.
Where it sees that two texts may mean something else, it says that they differ: a wrong "same" would be a wrong
"verified". Texts that are not equal are compared by their words: what only another order of a text's own words, or one
of many such words, says is not seen.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from schemas.check_settings import USUAL_THRESHOLD
from schemas.content import Answer, Question
from services.validator.domain.final_answer import final_of
from services.validator.domain.finals import Kind, Words
from services.validator.domain.measured import NUMBER, number_of
from services.validator.domain.message import text_of
from services.validator.domain.telling import denies, is_same_choice, own_words, words_of

# Sorensen-Dice over the words that the question does not hold; 0.8 lets one word in five differ.
SIMILAR = 0.8
SAME = USUAL_THRESHOLD
"""A score of so much is the same answer by the usual measure; from there to 1 it says how much they share besides."""
DIGITS = 4


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
    if isinstance(one, Words) or one.kind != other.kind:
        return Comparison(round(text_score(one.told, other.told, asked), DIGITS), "text")
    if not one.is_same(other):
        return Comparison(0.0, one.kind)
    ways = _numbers(text_of(first.message)), _numbers(text_of(second.message))
    shared = _dice(*map(Counter, ways)) if one.kind == "number" else 1.0
    return Comparison(round(SAME + (1 - SAME) * shared, DIGITS), one.kind)


def text_score(one: str, other: str, asked: str) -> float:
    """The same when equal but for manners; or when they choose the same of the question's words, in its order, with
    the same numbers and denials, and nearly the same words of their own."""
    first, second, question = one.casefold(), other.casefold(), asked.casefold()
    if words_of(first) == words_of(second):
        return float(bool(words_of(first)))
    score = _scaled(_dice(*map(Counter, own_words(first, second, question))))
    is_alike = _numbers(first) == _numbers(second) and denies(first) == denies(second)
    return score if is_alike and is_same_choice(first, second, question) else min(score, SAME) / 2


def _scaled(dice: float) -> float:
    """On the one scale of all kinds: words that are similar enough are the same answer."""
    if dice < SIMILAR:
        return SAME * dice / SIMILAR
    return SAME + (1 - SAME) * (dice - SIMILAR) / (1 - SIMILAR)


def _dice(first: Counter[Any], second: Counter[Any]) -> float:
    """How much of both is in both (Sorensen-Dice); nothing where one is empty."""
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if first and second else 0.0


def _numbers(text: str) -> set[object]:
    return {number_of(number) for number in NUMBER.findall(text)}
