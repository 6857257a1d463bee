"""What each model of a document achieves on recorded questions, as priors for the live planner.

Each model is asked alone, by the services' own decisions; where its lane has a second opinion, with the model that
would give it, and where the lane leaves anything of that to the plan, in both ways. What is learned is worth a bounded
number of answers, so that the live scores soon speak louder.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.backtest.run import Document, Sets, Tell, decided
from infra.local.recorded.material import QuestionSet
from infra.local.recorded.question import Question
from infra.local.recorded.scoring import accepted_of
from schemas.check_settings import fixed_threshold, leaves_agreement, plans_threshold
from schemas.models import BUCKETS, Confirmed, Curve, Model, Prior, bucket_of
from schemas.portfolio import CheckName, Lane, Portfolio
from schemas.vocabulary import Role
from services.console.domain.road import Road

WORTH = 50.0
"""Recorded answers count at most as so many: live scores, which forget, count as at most a hundred."""
DIGITS = 4
Buckets = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """What a model did with the questions of a task. ``confirmed``: where another had to agree; ``by`` whom.

    ``alike``: its answers by how alike they were to the other's, the right ones and the wrong ones.
    """

    task: str
    model: str
    asked: int
    right: int
    wrong: int
    micro_usd: int
    by: str | None = None
    confirmed: "Learned | None" = None
    alike: tuple[Buckets, Buckets] | None = None

    @property
    def counts(self) -> list[Any]:
        """All of it, as its source is made of."""
        mine = [self.task, self.model, self.asked, self.right, self.wrong, self.micro_usd]
        alike = [self.alike] if self.alike else []
        return [*mine, self.by, *alike, self.confirmed.counts] if self.confirmed else [*mine, *alike]

    def prior(self, source: str) -> Prior:
        """``wrong``: accepted all the same."""
        return Prior(
            success=round(self.right / self.asked, DIGITS),
            answers=min(WORTH, self.asked),
            false_accepts=round(self.wrong / self.asked, DIGITS),
            micro_usd=round(self.micro_usd / self.asked),
            source=source,
            confirmed=self.confirmed.as_confirmed() if self.confirmed else None,
        )

    def as_confirmed(self) -> Confirmed:
        """Shares of all answers, of those that the other agreed with."""
        return Confirmed(
            by=self.by or "",
            success=round(self.right / self.asked, DIGITS),
            false_accepts=round(self.wrong / self.asked, DIGITS),
            curve=Curve(right=self._shares(0), wrong=self._shares(1)) if self.alike else None,
        )

    def _shares(self, kind: int) -> tuple[float, ...]:
        return tuple(round(count / self.asked, DIGITS) for count in self.alike[kind]) if self.alike else ()


async def learned(document: Document, sets: Sets, folder: Path, tell: Tell) -> list[Learned]:
    """Every model of the lanes of these sets. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    return [
        await _of_model(Asking(document, task, model, questions, folder, tell))
        for task, questions in sets.items()
        for tier in document.portfolio.lanes[document.portfolio.lane_of_task(task)].tiers
        for model in tier
    ]


@dataclass(frozen=True, slots=True)
class Asking:
    """A model, the questions of a task that it is asked, and how."""

    document: Document
    task: str
    model: str
    questions: Sequence[Question]
    folder: Path
    tell: Tell

    @property
    def lane(self) -> Lane:
        portfolio = self.document.portfolio
        return portfolio.lanes[portfolio.lane_of_task(self.task)]


async def _of_model(asking: Asking) -> Learned:
    second = second_of(asking.lane, asking.model)
    checks = asking.lane.checks
    if second is None or not (leaves_agreement(checks) or plans_threshold(checks)):
        return await _asked(asking, second)
    return replace(await _asked(asking, None), confirmed=await _asked(asking, second))


async def _asked(asking: Asking, second: str | None) -> Learned:
    """Only its own answers count: one that the other gave in its place says nothing of it."""
    model = asking.model
    portfolio = alone(asking.document.portfolio, asking.task, model, second)
    document = Document(asking.document.path, portfolio)
    run = await decided(document, {asking.task: asking.questions}, asking.folder, asking.tell)
    (asked,) = run.material.sets
    roads = {name: run.roads[str(name)] for name in asked.asked}
    ends = [accepted_of(asked.ladder, question, roads[name]) for name, question in asked.asked.items()]
    own = [end for end in ends if end is not None and end.rung.model == model]
    return Learned(
        task=asking.task,
        model=model,
        asked=len(ends),
        right=sum(end.right for end in own),
        wrong=sum(not end.right for end in own),
        micro_usd=sum(step.cost_micro_usd for road in roads.values() for step in road.steps if step.model == model),
        by=second,
        alike=_alike(asked, roads, model) if second and plans_threshold(asking.lane.checks) else None,
    )


def _alike(asked: QuestionSet, roads: Mapping[UUID, Road], model: str) -> tuple[Buckets, Buckets]:
    """One that the other gave nothing to compare with passes at every threshold, so that it stands at the top."""
    recorded = next(rung.recorded for rung in asked.ladder if rung.model == model)
    right, wrong = Counter[int](), Counter[int]()
    for request_id, question in asked.asked.items():
        looks = [step.checks for step in roads[request_id].steps if step.role == Role.AGREEMENT]
        for check in (check for checks in looks for check in checks if check.name == CheckName.AGREEMENT):
            of_its_kind = right if question.answers[recorded].right else wrong
            of_its_kind[bucket_of(1.0 if check.score is None else check.score)] += 1
    return _in_order(right), _in_order(wrong)


def _in_order(counts: Counter[int]) -> Buckets:
    return tuple(counts[number] for number in range(BUCKETS))


def alone(portfolio: Portfolio, task: str, model: str, second: str | None = None) -> Portfolio:
    """The portfolio whose lane of this task asks this model alone, or with a second one that must agree."""
    name = portfolio.lane_of_task(task)
    lane = portfolio.lanes[name]
    checks = tuple(check for check in lane.checks if not _is_agreement(check))
    agreeing = {"threshold": fixed_threshold(lane.checks)}
    changes: dict[str, Any] = {
        "tiers": ((model,),) if second is None else ((model,), (second,)),
        "checks": checks if second is None else (*checks, {CheckName.AGREEMENT.value: agreeing}),
        "max_attempts": 1 if second is None else 2,
        "repairs": 0,
        "learns": False,
        "reviews": None,
    }
    return portfolio.model_copy(update={"lanes": {**portfolio.lanes, name: lane.model_copy(update=changes)}})


def asks_a_second(lane: Lane) -> bool:
    """Whether its answers are confirmed by another model."""
    return any(_is_agreement(check) for check in lane.checks)


def _is_agreement(check: object) -> bool:
    return check == CheckName.AGREEMENT or (isinstance(check, Mapping) and CheckName.AGREEMENT in check)


def second_of(lane: Lane, model: str) -> str | None:
    """Who must agree with this one: another of its tier, or above; nobody where nobody must, or with the strongest."""
    if not asks_a_second(lane):
        return None
    tier = next(number for number, names in enumerate(lane.tiers) if model in names)
    return next((other for names in lane.tiers[tier:] for other in names if other != model), None)


def source_of(found: Sequence[Learned], sets: Sets) -> str:
    """A name for these very counts on these very questions."""
    counts = [each.counts for each in found]
    asked = {task: sorted(question.id for question in questions) for task, questions in sets.items()}
    return f"backtest-{sha256(json.dumps([counts, asked], sort_keys=True).encode()).hexdigest()[:12]}"


def seeded(portfolio: Portfolio, found: Sequence[Learned], source: str) -> Portfolio:
    """The document with what was learned in it; the rest as it was."""
    models = {name: _with(name, model, found, source) for name, model in portfolio.models.items()}
    return portfolio.model_copy(update={"models": models})


def _with(name: str, model: Model, found: Sequence[Learned], source: str) -> Model:
    mine = {each.task: each.prior(source) for each in found if each.model == name}
    return model.model_copy(update={"priors": {**(model.priors or {}), **mine}}) if mine else model
