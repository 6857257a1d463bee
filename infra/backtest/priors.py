"""What each model of a document achieves on recorded questions, as priors for the live planner.

Each model is asked alone, by the services' own decisions; where its lane has a second opinion, with the model that
would give it. What is learned is worth a bounded number of answers, so that the live scores soon speak louder.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.backtest.run import Document, Sets, Tell, decided
from infra.local.recorded.question import Question
from infra.local.recorded.scoring import accepted_of
from schemas.models import Model, Prior
from schemas.portfolio import CheckName, Lane, Portfolio

WORTH = 50.0
"""Recorded answers count at most as so many: live scores, which forget, count as at most a hundred."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """What a model did with the questions of a task."""

    task: str
    model: str
    asked: int
    right: int
    wrong: int
    micro_usd: int

    def prior(self, source: str) -> Prior:
        """``wrong``: accepted all the same."""
        return Prior(
            success=round(self.right / self.asked, DIGITS),
            answers=min(WORTH, self.asked),
            false_accepts=round(self.wrong / self.asked, DIGITS),
            micro_usd=round(self.micro_usd / self.asked),
            source=source,
        )


async def learned(document: Document, sets: Sets, folder: Path, tell: Tell) -> list[Learned]:
    """Every model of the lanes of these sets. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    return [
        await _alone(document, task, model, questions, folder, tell)
        for task, questions in sets.items()
        for tier in document.portfolio.lanes[document.portfolio.lane_of_task(task)].tiers
        for model in tier
    ]


async def _alone(
    document: Document, task: str, model: str, questions: Sequence[Question], folder: Path, tell: Tell
) -> Learned:
    asking = Document(document.path, alone(document.portfolio, task, model))
    run = await decided(asking, {task: questions}, folder, tell)
    (asked,) = run.material.sets
    roads = {request_id: run.roads[str(request_id)] for request_id in asked.asked}
    ends = [accepted_of(asked.ladder, question, roads[name]) for name, question in asked.asked.items()]
    return Learned(
        task=task,
        model=model,
        asked=len(ends),
        right=sum(end is not None and end.right for end in ends),
        wrong=sum(end is not None and not end.right for end in ends),
        micro_usd=sum(step.cost_micro_usd for road in roads.values() for step in road.steps if step.model == model),
    )


def alone(portfolio: Portfolio, task: str, model: str) -> Portfolio:
    """The portfolio whose lane of this task asks this model alone, or with who confirms its answers."""
    name = portfolio.lane_of_task(task)
    lane = portfolio.lanes[name]
    second = _second(lane, model) if asks_a_second(lane) else None
    changes: dict[str, Any] = {
        "tiers": ((model,),) if second is None else ((model,), (second,)),
        "checks": lane.checks if second else tuple(check for check in lane.checks if not _is_agreement(check)),
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


def _second(lane: Lane, model: str) -> str | None:
    """Who is asked after this one: another of its tier, or above; nobody confirms the strongest."""
    tier = next(number for number, names in enumerate(lane.tiers) if model in names)
    return next((other for names in lane.tiers[tier:] for other in names if other != model), None)


def source_of(found: Sequence[Learned], sets: Sets) -> str:
    """A name for these very counts on these very questions."""
    counts = [[each.task, each.model, each.asked, each.right, each.wrong, each.micro_usd] for each in found]
    asked = {task: sorted(question.id for question in questions) for task, questions in sets.items()}
    return f"backtest-{sha256(json.dumps([counts, asked], sort_keys=True).encode()).hexdigest()[:12]}"


def seeded(portfolio: Portfolio, found: Sequence[Learned], source: str) -> Portfolio:
    """The document with what was learned in it; the rest as it was."""
    models = {name: _with(name, model, found, source) for name, model in portfolio.models.items()}
    return portfolio.model_copy(update={"models": models})


def _with(name: str, model: Model, found: Sequence[Learned], source: str) -> Model:
    mine = {each.task: each.prior(source) for each in found if each.model == name}
    return model.model_copy(update={"priors": {**(model.priors or {}), **mine}}) if mine else model
