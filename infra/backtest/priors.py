"""What each model of a document achieves on recorded questions, as priors for the live planner.

Each model is asked alone, by the services' own decisions; where its lane has a second opinion, with the model that
would give it, and where the lane leaves anything of that to the plan, or has a third settle what two differ on, in each
way. What is learned is worth a bounded number of answers, so that the live scores soon speak louder.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.backtest.asking import (
    Asking,
    Buckets,
    Passed,
    asked_alone,
    asked_of_three,
    asked_of_two,
    second_of,
    third_of,
    tier_of,
)
from infra.backtest.run import Document, Sets, Tell
from schemas.check_settings import leaves_agreement, may_ask_a_third, plans_threshold
from schemas.models import Confirmed, Curve, Model, Prior, Settled, Shares
from schemas.portfolio import Portfolio

WORTH = 50.0
"""Recorded answers count at most as so many: live scores, which forget, count as at most a hundred."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Learned:
    """What a model did with the questions of a task. ``confirmed``: where another had to agree; ``by`` whom.

    ``alike``: its answers by how alike they were to the other's, the right ones and the wrong ones. ``third``: what
    another settled of the rest; ``after``: by model, how many of the rest it had right, and passed though wrong.
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
    third: "Learned | None" = None
    after: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def counts(self) -> list[Any]:
        """All of it, as its source is made of."""
        mine: list[Any] = [self.task, self.model, self.asked, self.right, self.wrong, self.micro_usd]
        more = [each for each in (self.alike, dict(self.after), self.third and self.third.counts) if each]
        return [*mine, self.by, *more, self.confirmed.counts] if self.confirmed else [*mine, *more]

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
            after=self._after(),
            third=self.third.as_settled() if self.third else None,
        )

    def as_settled(self) -> Settled:
        """Shares of all answers, of those of either that a third took."""
        mine = _shares_of((self.right, self.wrong), self.asked)
        return Settled(**mine.model_dump(), by=self.by or "", after=self._after())

    def _after(self) -> dict[str, Shares] | None:
        return {model: _shares_of(counts, self.asked) for model, counts in self.after.items()} or None

    def _shares(self, kind: int) -> tuple[float, ...]:
        return tuple(round(count / self.asked, DIGITS) for count in self.alike[kind]) if self.alike else ()


def _shares_of(counts: tuple[int, int], asked: int) -> Shares:
    right, wrong = (round(count / asked, DIGITS) for count in counts)
    return Shares(success=right, false_accepts=wrong)


async def learned(document: Document, sets: Sets, folder: Path, tell: Tell) -> list[Learned]:
    """Every model of the lanes of these sets. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    return [
        each
        for task, questions in sets.items()
        for each in await _of_task(Asking(document, task, questions, folder, tell))
    ]


async def _of_task(asking: Asking) -> list[Learned]:
    models, checks = list(dict.fromkeys(asking.lane.models)), asking.lane.checks
    if not (leaves_agreement(checks) or plans_threshold(checks) or may_ask_a_third(checks)):
        return [await _in_one_way(asking, model) for model in models]
    alone = {model: await asked_alone(asking, model) for model in models}
    return [await _in_each_way(asking, model, alone) for model in models]


async def _in_one_way(asking: Asking, model: str) -> Learned:
    second = second_of(asking.lane, model)
    passed = await (asked_of_two(asking, model, second) if second else asked_alone(asking, model))
    return _of(asking, model, passed, by=second)


async def _in_each_way(asking: Asking, model: str, alone: Mapping[str, Passed]) -> Learned:
    second = second_of(asking.lane, model)
    if second is None:
        return _of(asking, model, alone[model])
    both = await asked_of_two(asking, model, second)
    if may_ask_a_third(asking.lane.checks):
        rest = _after(asking, second, both.all, alone)
        settled = await _settled(asking, (model, second), both, alone)
        confirmed = _of(asking, model, both, by=second, alike=both.alike, third=settled, after=rest)
    else:
        alike = both.alike if plans_threshold(asking.lane.checks) else None
        confirmed = _of(asking, model, both, by=second, alike=alike)
    return replace(_of(asking, model, alone[model]), confirmed=confirmed)


async def _settled(asking: Asking, pair: tuple[str, str], both: Passed, alone: Mapping[str, Passed]) -> Learned | None:
    third = third_of(asking.lane, *pair)
    if third is None:
        return None
    passed = await asked_of_three(asking, *pair, third)
    return _of(asking, pair[0], passed, by=third, after=_after(asking, third, both.all | passed.all, alone))


def _after(
    asking: Asking, last: str, passed: Collection[str], alone: Mapping[str, Passed]
) -> dict[str, tuple[int, int]]:
    """Of what was left open by those who were asked before: what each model of a tier above has right, and wrong."""
    above = [model for names in asking.lane.tiers[tier_of(asking.lane, last) + 1 :] for model in names]
    return {model: (len(alone[model].right - set(passed)), len(alone[model].wrong - set(passed))) for model in above}


def _of(asking: Asking, model: str, passed: Passed, **more: Any) -> Learned:
    """How many of the questions, of those that passed in one way."""
    counts = {"right": len(passed.right), "wrong": len(passed.wrong), "micro_usd": passed.micro_usd}
    return Learned(task=asking.task, model=model, asked=len(asking.questions), **counts, **more)


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
