"""Whether two answers say the same."""

import pytest
from answered_attempts import a_call, said_of

from schemas.content import Answer, Question
from services.validator.domain.agreement import Comparison, compared

HOW_MANY = "Tom has 3 boxes of 4 pens. How many pens does he have?"
CHOOSE = "Which planet is the largest?\nA) Mars\nB) Jupiter\nC) Venus"
IS_IT = "Is a whale a fish?"
CAPITAL = "What is the capital of France?"
HOW_LONG = "How long is the timeout?"
COST = "How much does it cost?"
SORT = "Classify the ticket as billing, refund or outage: I was charged twice."
WHICH = "Which is better for the wall, red or blue?"
READ = "Read the invoice as JSON."


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
        ("When does the shop open?", "It opens at 10.", "The shop opens at 10.", "text"),
        (HOW_LONG, "5 s", "It is 5 seconds.", "number"),
        (HOW_LONG, "12 hours", "12 Hour", "number"),
        (COST, "$5", "It costs 5 dollars.", "number"),
        (COST, "$30", "30 dollars a week", "number"),
        (COST, "Answer: $5M", "5,000,000 USD", "number"),
        (COST, "$12$", "\\boxed{12}", "number"),
        (COST, "100 €", "EUR 100", "number"),
        (SORT, "Category: refund", "The category is refund.", "text"),
        (WHICH, "Blue is better, not red.", "Blue is better, and not red!", "text"),
        (READ, '{"result": true, "sum": 1}', '{"sum": 1.0, "result": true}', "json"),
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
        (HOW_LONG, "5 s", "5 min"),
        (HOW_LONG, "5 ms", "5 m"),
        (HOW_LONG, "It is 5 s.", "It is 5 min."),
        (COST, "$100", "€100"),
        (COST, "It costs $100.", "It costs €100."),
        (COST, "USD 100", "EUR 100"),
        (COST, "Answer: $5 million", "Answer: $5"),
        (COST, "Answer: 5 million", "Answer: 5"),
        (COST, "30 dollars a week", "30 dollars a month"),
        (READ, '{"result": "ok", "sum": 100}', '{"result": "ok", "sum": 900}'),
        (READ, '{"answer": "see items", "items": [1]}', '{"answer": "see items", "items": [7]}'),
        (READ, '{"answer": "a\nb", "sum": 1}', '{"answer": "a\nb", "sum": 2}'),
        (READ, '{"result": true, "sum": 1}', '{"result": true, "sum": 9}'),
    ],
)
def test_something_else(asked: str, one: str, other: str) -> None:
    assert not compare(asked, one, other).same
    assert not compare(asked, other, one).same


@pytest.mark.parametrize(
    ("asked", "one", "other"),
    [
        (SORT, "Category: billing", "Category: refund"),
        (SORT, "Category: other", "Category: other, refund"),
        (WHICH, "Red is better because it is warm.", "Blue is better because it is warm."),
        (WHICH, "Red, not blue, since it is warm.", "Blue, not red, since it is warm."),
        (WHICH, "It is not red but blue.", "It is red but not blue."),
        ("Compare red with blue.", "Red is better than blue", "Blue is better than red"),
        ("Is it red or blue?", "Yes, red", "Yes, blue"),
        ("Is this mail spam or ham?", "Classification: spam", "Classification: ham"),
        ("Should it stand in or on?", 'Use "in" here.', 'Use "on" here.'),
        ("Do we approve or reject it?", "Approved, since both sums are right", "Rejected, since both sums are right"),
        ("Read this clause.", "The clause is valid under the law", "The clause is invalid under the law"),
        ("Read this clause.", "It is valid under the law", "It is under the law"),
    ],
)
def test_another_choice_from_the_questions_own_words_is_another_answer(asked: str, one: str, other: str) -> None:
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
