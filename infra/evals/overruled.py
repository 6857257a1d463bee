"""The live router where a model is worse than it was recorded by the time that it serves: what is lost until it knows.

One lane of two tiers, a cheap model and the strongest, and no check that finds a mistake: somebody says of each answer
whether it is right. Half of the questions were recorded, when the cheap model was well; the other half is served. Two
routers differ only in what they make of that: to one it counts in full for good, to the other until live answers
overrule it.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from uuid import UUID

from infra.evals.plans import Case
from infra.evals.served import Known, Router, Served, Tiers, named, portfolio_of
from schemas.models import Prior

RECORDED_ANSWERS = 50
"""A prior stands for at most so many, as ``portfolio priors`` writes it."""
FLAT = 1
"""What a router without a prior takes for seen of either kind: of what counts for good it is left out."""
ROUTERS = ("for_good", "overruled")
Priors = Mapping[str, Prior]


@dataclass(frozen=True, slots=True)
class Setting:
    """The lane: its tiers, from the cheap model up, and the least success that it asks for."""

    tiers: Tiers
    bar: float

    @property
    def models(self) -> tuple[str, ...]:
        """All of them, the cheap one first."""
        return tuple(model for tier in self.tiers for model in tier)


@dataclass(frozen=True, slots=True)
class Lost:
    """What serving all requests cost by each router, wrong answers included, in micro-dollars.

    ``fixed``: the same of the best single model in hindsight.
    """

    lost: Mapping[str, float]
    fixed: float


def serve(
    setting: Setting, recorded: Sequence[Case], served: Sequence[Case], failure_micro_usd: float, seed: int
) -> Lost:
    """All requests through each of the routers, in the same order and under the same ids."""
    draw = random.Random(seed)  # noqa: S311 ids, no secret
    ids = [UUID(int=draw.getrandbits(128)) for _ in served]
    priors = {model: _prior(model, recorded) for model in setting.models}
    ended = {
        name: [router.serve(case, one) for case, one in zip(served, ids, strict=True)]
        for name, router in _routers(setting, priors).items()
    }
    alone = ([_alone(model, case) for case in served] for model in setting.models)
    return Lost(
        lost={name: _lost(each, failure_micro_usd) for name, each in ended.items()},
        fixed=min(_lost(each, failure_micro_usd) for each in alone),
    )


def _routers(setting: Setting, priors: Priors) -> Mapping[str, Router[Case]]:
    for_good = {model: _counted(prior) for model, prior in priors.items()}
    each = _router(setting, for_good=for_good), _router(setting, priors)
    return dict(zip(ROUTERS, each, strict=True))


def _router(
    setting: Setting, priors: Priors | None = None, for_good: Mapping[str, Known] | None = None
) -> Router[Case]:
    found = portfolio_of(setting.tiers, priors, checks=["format"], bar={"success": setting.bar})
    return Router(found, named(setting.tiers), _passes, labelled=True, for_good=for_good or {})


def _passes(case: Case, model: str) -> bool:
    """Nothing here finds a mistake."""
    return True


def _prior(model: str, recorded: Sequence[Case]) -> Prior:
    answers = [case.answers[model] for case in recorded]
    right, cost = mean(each.right for each in answers), mean(each.cost_micro_usd for each in answers)
    worth = {"answers": RECORDED_ANSWERS, "micro_usd": round(cost), "source": "recorded"}
    return Prior.of({"success": right, "false_accepts": 1 - right, **worth})


def _counted(prior: Prior) -> Known:
    right = max(0.0, prior.success * prior.answers - FLAT)
    wrong = max(0.0, prior.answers * (1 - prior.success) - FLAT)
    return Known(right, wrong, prior.false_accepts * prior.answers, (prior.micro_usd or 0) * (right + wrong))


def _alone(model: str, case: Case) -> Served:
    return Served(model, case.answers[model].right, case.answers[model].cost_micro_usd)


def _lost(ended: Sequence[Served], failure_micro_usd: float) -> float:
    return sum(one.cost_micro_usd + (0 if one.right else failure_micro_usd) for one in ended)
