"""A model asked recorded questions by the services' own decisions: alone, with one who must agree, with a third."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.backtest.run import Document, Run, Tell, decided
from infra.local.recorded.material import QuestionSet
from infra.local.recorded.question import Question
from infra.local.recorded.scoring import accepted_of
from schemas.check_settings import MOST_OPINIONS, fixed_threshold
from schemas.models import BUCKETS, bucket_of
from schemas.portfolio import CheckName, Lane, Portfolio
from schemas.vocabulary import Role
from services.console.domain.road import Road

Buckets = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """The questions of a task, the document in whose lane they are asked, and where to keep what that takes."""

    document: Document
    task: str
    questions: Sequence[Question]
    folder: Path
    tell: Tell

    @property
    def lane(self) -> Lane:
        """The lane of the task."""
        portfolio = self.document.portfolio
        return portfolio.lanes[portfolio.lane_of_task(self.task)]


@dataclass(frozen=True, slots=True)
class Passed:
    """By question, the answers that passed in one way of asking: the right ones, and the wrong ones.

    ``micro_usd``: what all answers of the model cost. ``alike``: the right and the wrong ones, by how alike they were
    to the other's; one that the other gave nothing to compare with passes at every threshold, and stands at the top.
    """

    right: frozenset[str]
    wrong: frozenset[str]
    micro_usd: int = 0
    alike: tuple[Buckets, Buckets] | None = None

    @property
    def all(self) -> frozenset[str]:
        """Right or wrong."""
        return self.right | self.wrong


async def asked_alone(asking: Asking, model: str) -> Passed:
    """Nobody has to agree."""
    return _passed(await _run(asking, model), {model}, model)


async def asked_of_two(asking: Asking, model: str, second: str) -> Passed:
    """The second must agree. Only the first's own answers count: one that the other gave says nothing of it."""
    run = await _run(asking, model, second)
    found = _passed(run, {model}, model)
    (asked,) = run.material.sets
    return Passed(found.right, found.wrong, found.micro_usd, _alike(asked, run.roads, model))


async def asked_of_three(asking: Asking, model: str, second: str, third: str) -> Passed:
    """What the third settles of what two differ on, by taking the answer of either."""
    strongest = asking.lane.tiers[-1][-1]
    found = _passed(await _run(asking, model, second, third, strongest), {model, second}, model, looks=2)
    return Passed(found.right, found.wrong)


async def _run(asking: Asking, *models: str) -> Run:
    portfolio = asked_in_turn(asking.document.portfolio, asking.task, *models)
    document = Document(asking.document.path, portfolio)
    return await decided(document, {asking.task: asking.questions}, asking.folder, asking.tell)


def _passed(run: Run, own: set[str], model: str, looks: int | None = None) -> Passed:
    """Accepted answers of these models; with ``looks``, only where others were asked so often what they think of it."""
    (asked,) = run.material.sets
    roads = {id_: run.roads[str(id_)] for id_ in asked.asked}
    ends = [(q.id, roads[id_], accepted_of(asked.ladder, q, roads[id_])) for id_, q in asked.asked.items()]
    mine = [(name, road, end) for name, road, end in ends if end is not None and end.rung.model in own]
    passed = [(name, end.right) for name, road, end in mine if looks is None or _looks(road) == looks]
    spent = sum(step.cost_micro_usd for road in roads.values() for step in road.steps if step.model == model)
    right = frozenset(name for name, is_right in passed if is_right)
    return Passed(right, frozenset(name for name, is_right in passed if not is_right), spent)


def _looks(road: Road) -> int:
    return sum(step.role == Role.AGREEMENT for step in road.steps)


def _alike(asked: QuestionSet, roads: Mapping[str, Road], model: str) -> tuple[Buckets, Buckets]:
    recorded = next(rung.recorded for rung in asked.ladder if rung.model == model)
    right, wrong = Counter[int](), Counter[int]()
    for request_id, question in asked.asked.items():
        looks = [step.checks for step in roads[str(request_id)].steps if step.role == Role.AGREEMENT]
        for check in (check for checks in looks for check in checks if check.name == CheckName.AGREEMENT):
            of_its_kind = right if question.answers[recorded].right else wrong
            of_its_kind[bucket_of(1.0 if check.score is None else check.score)] += 1
    return _in_order(right), _in_order(wrong)


def _in_order(counts: Counter[int]) -> Buckets:
    return tuple(counts[number] for number in range(BUCKETS))


def asked_in_turn(portfolio: Portfolio, task: str, *models: str) -> Portfolio:
    """The portfolio whose lane of this task asks these alone: two must agree, and a third settles where they differ.

    After a third comes one who answers where all differ.
    """
    name = portfolio.lane_of_task(task)
    lane = portfolio.lanes[name]
    checks = tuple(check for check in lane.checks if not _is_agreement(check))
    agreeing: dict[str, Any] = {"threshold": fixed_threshold(lane.checks)}
    if len(models) > MOST_OPINIONS:
        agreeing["opinions"] = MOST_OPINIONS
    changes: dict[str, Any] = {
        "tiers": tuple((model,) for model in models),
        "checks": checks if len(models) == 1 else (*checks, {CheckName.AGREEMENT.value: agreeing}),
        "max_attempts": len(models),
        "repairs": 0,
        "learns": False,
        "reviews": None,
    }
    return portfolio.model_copy(update={"lanes": {**portfolio.lanes, name: lane.model_copy(update=changes)}})


def _is_agreement(check: object) -> bool:
    return check == CheckName.AGREEMENT or (isinstance(check, Mapping) and CheckName.AGREEMENT in check)


def second_of(lane: Lane, model: str) -> str | None:
    """Who must agree with this one: another of its tier, or above; nobody where nobody must, or with the strongest."""
    if CheckName.AGREEMENT not in lane.check_names:
        return None
    tiers = lane.tiers[tier_of(lane, model) :]
    return next((other for names in tiers for other in names if other != model), None)


def third_of(lane: Lane, model: str, second: str) -> str | None:
    """Who settles their difference: another of the same tier, or above, below the highest."""
    tiers = lane.tiers[tier_of(lane, model) : -1]
    return next((other for names in tiers for other in names if other not in (model, second)), None)


def tier_of(lane: Lane, model: str) -> int:
    """From 0."""
    return next(number for number, names in enumerate(lane.tiers) if model in names)
