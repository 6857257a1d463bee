"""Whether two answers say the same."""

import pytest
from answered_attempts import a_call, said_of

from schemas.content import Answer, Question
from services.validator.domain.agreement import Comparison, compared

HOW_MANY = "Tom has 3 boxes of 4 pens. How many pens does he have?"
CHOOSE = "Which planet is the largest?\nA) Mars\nB) Jupiter\nC) Venus"
IS_IT = "Is a whale a fish?"
CAPITAL = "What is the capital of France?"


def compare(asked: str, one: str | dict, other: str | dict) -> Comparison:
    question = Question.of({"messages": [{"role": "user", "content": asked}]})
    first, second = (said if isinstance(said, dict) else said_of(said) for said in (one, other))
    return compared(question, Answer(message=first, finish_reason="stop"), Answer(message=second, finish_reason="stop"))


@pytest.mark.parametrize(
    ("asked", "one", "other", "by"),
    [
        (HOW_MANY, "12", "12.0", "number"),
        (HOW_MANY, "He has 3 * 4 = 12 pens.", "12", "number"),
        (HOW_MANY, "Three boxes of 4 make 12.", "4 + 4 + 4 = 12", "number"),
        (HOW_MANY, "...\n#### 1,200", "The answer is: $1200.00", "number"),
        (HOW_MANY, "So \\boxed{12}", "**Answer:** 12 pens", "number"),
        (HOW_MANY, '{"reasoning": "a", "answer": "12"}', '```json\n{"reasoning": "b", "answer": 12}\n```', "number"),
        (HOW_MANY, '```json\n{"reasoning": "a\nb", "answer": "12"}', "12", "number"),
        (CHOOSE, "B", "B) Jupiter, since it has most mass", "choice"),
        (CHOOSE, "(b)", "The answer is B.", "choice"),
        (IS_IT, "No, it is a mammal.", "no", "choice"),
        (CAPITAL, "Paris", "The capital of France is Paris.", "text"),
        (CAPITAL, "**Paris**", "paris.", "text"),
        (CAPITAL, '{"b": 1, "a": "Paris"}', '{"a": "paris ", "b": 1.0}', "json"),
        (CAPITAL, '{"answer": "Paris"}', "Paris", "text"),
    ],
)
def test_the_same_in_other_words(asked: str, one: str, other: str, by: str) -> None:
    found = compare(asked, one, other)
    assert found == compare(asked, other, one)
    assert (found.same, found.by) == (True, by)


@pytest.mark.parametrize(
    ("asked", "one", "other"),
    [
        (HOW_MANY, "12", "13"),
        (HOW_MANY, "3 * 4 = 12", "3 + 4 = 7"),
        (HOW_MANY, "30 minutes", "30 hours"),
        (HOW_MANY, "12", "-12"),
        (CHOOSE, "B", "C"),
        (IS_IT, "Yes", "No"),
        (CAPITAL, "Paris", "Lyon"),
        (CAPITAL, "Paris", "The capital of France is Lyon."),
        (CAPITAL, "It is Paris.", "It is not Paris."),
        (CAPITAL, "", ""),
        (CAPITAL, '{"a": 1}', '{"a": 2}'),
        ("When does it open?", "It opens at 10 on Sundays", "It opens at 11 on Sundays"),
        ("Write a poem.", "The sea is wide and blue", "A mountain stands in snow"),
    ],
)
def test_something_else(asked: str, one: str, other: str) -> None:
    assert not compare(asked, one, other).same
    assert not compare(asked, other, one).same


@pytest.mark.parametrize(
    ("asked", "one", "other", "score"),
    [
        (HOW_MANY, "12", "So 12.", 1.0),
        (HOW_MANY, "3 * 4 = 12", "4 * 3 = 12", 1.0),
        (HOW_MANY, "3 * 4 = 12", "6 + 6 = 12", 0.7),  # of 3, 4, 12 and 6, 12 they share one of two and a half
        (HOW_MANY, "12", "13", 0.0),
        (CHOOSE, "B", "B) Jupiter", 1.0),
        (CAPITAL, "", "", 0.0),
        ("Tell.", "red blue green gold", "red blue green gold grey", 0.7222),  # 8 of 9: above the 0.8 of a same text
        ("Tell.", "red blue green gold", "red blue pink grey", 0.3125),  # 4 of 8, of the 0.8
        ("Tell.", "red blue green gold", "red blue green gold 7", 0.25),  # another number is never the same
        ("Tell.", "red blue green gold", "not red blue pink grey", 0.1389),
    ],
)
def test_how_alike_they_are(asked: str, one: str, other: str, score: float) -> None:
    assert compare(asked, one, other).score == compare(asked, other, one).score == score


def called(*calls: dict) -> dict:
    return said_of(None, tool_calls=list(calls))


def test_calls_agree_by_what_they_call_and_with_what() -> None:
    one = called(a_call("pay", '{"to": "Ann", "sum": 5}'), a_call("log", {}, 1))
    other = called(a_call("log", {}), a_call("pay", '{"sum": 5.0, "to": "Ann"}', 1))
    assert compare("Pay Ann.", one, other) == Comparison(1.0, "tool_calls")
    assert not compare("Pay Ann.", one, called(a_call("pay", {"to": "Ann", "sum": 6}), a_call("log", {}))).same
    assert not compare("Pay Ann.", one, "I would pay Ann 5.").same


@pytest.mark.parametrize("filler", ["```" + " " * 200_000, "answer" * 50_000, "\n" * 200_000 + "is", "1," * 100_000])
def test_a_long_text_does_not_hold_anything_up(filler: str) -> None:
    assert not compare(filler, filler + "x 1", filler + "y 2").same
