"""The road that each question took through what was chosen without it, and what all roads come to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from infra.evals.plans import Followed, Recorded
from infra.evals.study import Figure, figure, splits


class Answered(Protocol):
    """A question with the recorded answers to it, by model."""

    @property
    def name(self) -> str: ...

    @property
    def answers(self) -> Mapping[str, Recorded]: ...


Asked = TypeVar("Asked", bound=Answered)
Choice = TypeVar("Choice")
MILLI = 1_000
"""Micro-dollars an answer are so many dollars a thousand answers: divided by this."""


def taken(
    train: Sequence[Asked],
    test: Sequence[Asked] | None,
    choose: Callable[[Sequence[int]], Choice],
    follow: Callable[[Choice, Asked], Followed],
) -> tuple[list[tuple[Asked, Followed]], list[Choice]]:
    """Every reported question with its road, and what was chosen for each part.

    ``choose`` is given the places in ``train`` of the questions that may be learned from.
    """
    place = {case.name: index for index, case in enumerate(train)}
    road: list[tuple[Asked, Followed]] = []
    chosen: list[Choice] = []
    for split in splits(train, test, lambda case: case.name):
        choice = choose([place[case.name] for case in split.train])
        chosen.append(choice)
        road.extend((case, follow(choice, case)) for case in split.test)
    return road, chosen


Road = Sequence[tuple[Asked, Followed]]


def success(road: Road[Asked]) -> float:
    """The share of the questions that ended with a right answer."""
    return sum(followed.right for _, followed in road) / len(road)


def success_of(road: Road[Asked], model: str) -> float:
    """The same, had this model been asked every question."""
    return sum(case.answers[model].right for case, _ in road) / len(road)


def cost(road: Road[Asked]) -> int:
    """What all that were asked cost, in micro-dollars."""
    return sum(followed.cost_micro_usd for _, followed in road)


def cost_of(road: Road[Asked], model: str) -> int:
    """The same, had this model been asked every question."""
    return sum(case.answers[model].cost_micro_usd for case, _ in road)


def usd_per_1k_right(road: Road[Asked]) -> float:
    """Dollars for a thousand right answers, with what the wrong ones cost."""
    return cost(road) / MILLI / max(1, sum(followed.right for _, followed in road))


def beside(road: Road[Asked], strongest: str) -> dict[str, Figure]:
    """What a road came to, beside the strongest model asked every question."""
    return {
        "success": figure(road, success),
        "strongest_success": figure(road, lambda part: success_of(part, strongest)),
        "gain_points": figure(road, lambda part: 100 * (success(part) - success_of(part, strongest))),
        "cost_share": figure(road, lambda part: cost(part) / cost_of(part, strongest)),
        "usd_per_1k_right": figure(road, usd_per_1k_right),
    }


def alone(road: Road[Asked], model: str, strongest: str) -> dict[str, dict[str, float]]:
    """This model asked every question: success, cost beside the strongest's, and dollars for a thousand right."""
    asked = [(case, Followed(model, its.right, its.cost_micro_usd, (model,))) for case, its in _answers(road, model)]
    figures = {
        "success": figure(asked, success),
        "cost_share": figure(asked, lambda part: cost(part) / cost_of(part, strongest)),
        "usd_per_1k_right": figure(asked, usd_per_1k_right),
    }
    return {name: each.told() for name, each in figures.items()}


def _answers(road: Road[Asked], model: str) -> Iterator[tuple[Asked, Recorded]]:
    return ((case, case.answers[model]) for case, _ in road)
