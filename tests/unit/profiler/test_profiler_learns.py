"""What a revision's own examples teach: when it is learned, whom it tells, and which revision decides meanwhile."""

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import pytest
from asking import NOW

from infra.bus.portfolio_view import PortfolioView
from infra.classifier.examples import taught_apart, taught_by, version_of
from infra.classifier.vectors import word_vectors
from schemas.example_request import DOCUMENT
from schemas.portfolio import Portfolio
from schemas.standing import PortfolioRevised
from schemas.teaching import LEAST_EXAMPLES, Examples, tasks_told, teaching
from services.profiler.adapters.learning import FromExamples, InForce, StillLearning, Trained
from services.profiler.domain.classify import Classifier

ENOUGH = LEAST_EXAMPLES
LOANS = tuple(f"May applicant number {number} borrow money for a car?" for number in range(ENOUGH))
HOURS = tuple(f"When does branch {number} open on Sunday?" for number in range(ENOUGH))


def document(**examples: Sequence[str]) -> Portfolio:
    """The portfolio of the examples, its tasks with these examples and no others."""
    told: Any = deepcopy(DOCUMENT)
    for task in told["tasks"].values():
        task.pop("examples", None)
    for name, texts in examples.items():
        told["tasks"].setdefault(name, {"describe": name})["examples"] = list(texts)
    return Portfolio.of(told)


def revised(portfolio: Portfolio, number: int = 1) -> PortfolioRevised:
    return PortfolioRevised(
        revision=f"rev-{number}", number=number, portfolio=portfolio, revised_at=NOW, author="tests", current=True
    )


class Teacher:
    """Learns when it is let, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Examples] = []

    def __call__(self, examples: Examples) -> Classifier | None:
        self.asked.append(examples)
        return None


def test_a_task_is_told_by_ten_examples_and_not_by_nine() -> None:
    assert tasks_told(document(loan=LOANS, hours=HOURS)) == {"loan", "hours"}
    assert teaching(document(loan=LOANS, hours=HOURS[1:])) == ()


def test_a_few_examples_of_general_tell_what_is_none_of_the_tasks() -> None:
    found = teaching(document(loan=LOANS, hours=HOURS, general=["Sing a song."]))
    assert ("Sing a song.", "general") in found
    assert teaching(document(loan=LOANS, general=HOURS)) == ()


def test_no_chat_is_told_to_be_for_vectors() -> None:
    assert tasks_told(document(loan=LOANS, hours=HOURS, embeddings=HOURS)) == {"loan", "hours"}


def test_examples_teach_the_same_under_the_same_name_every_time() -> None:
    vectors, examples = word_vectors(), teaching(document(loan=LOANS, hours=HOURS))
    first, second = taught_by(examples, vectors), taught_by(examples, vectors)
    question = "May I borrow money for a boat?"
    assert first.guess(question) == second.guess(question)
    assert taught_apart(examples).guess(question) == first.guess(question)
    assert first.version == second.version == version_of(examples, vectors)
    assert version_of(examples[1:], vectors) != first.version


def test_nothing_is_learned_where_there_are_no_examples() -> None:
    async def scenario() -> None:
        teacher = Teacher()
        of = FromExamples(teacher)
        await of.prepare("rev-1", document())
        assert of.of("rev-1", document()) is None
        assert teacher.asked == []

    asyncio.run(scenario())


def test_the_same_examples_are_learned_once_whatever_else_changes() -> None:
    async def scenario() -> None:
        teacher, portfolio = Teacher(), document(loan=LOANS, hours=HOURS)
        of = FromExamples(teacher)
        for revision in ("rev-1", "rev-2", "rev-1"):
            await of.prepare(revision, portfolio)
        assert teacher.asked == [teaching(portfolio)]

    asyncio.run(scenario())


def test_an_earlier_revision_waits_for_what_its_examples_teach() -> None:
    async def scenario() -> None:
        of, portfolio = FromExamples(Teacher()), document(loan=LOANS, hours=HOURS)
        with pytest.raises(StillLearning, match="rev-0"):
            of.of("rev-0", portfolio)
        await of.prepare("rev-0", portfolio)
        assert of.of("rev-0", portfolio) is None

    asyncio.run(scenario())


class Slow(Trained):
    """Takes until it is told to have learned."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()

    async def prepare(self, revision: str, portfolio: Portfolio) -> None:
        await self.may_end.wait()


def test_the_revision_before_decides_until_the_next_one_is_learned() -> None:
    async def scenario() -> None:
        slow = Slow()
        in_force = InForce(PortfolioView(), slow)
        in_force.apply(revised(document()))
        slow.may_end.set()
        await in_force.catch_up()
        slow.may_end.clear()
        in_force.apply(revised(document(loan=LOANS), number=2))
        following = asyncio.create_task(in_force.catch_up())
        await asyncio.sleep(0)
        assert in_force.current.revision == "rev-1"
        slow.may_end.set()
        await following
        assert in_force.current.revision == "rev-2"

    asyncio.run(scenario())
