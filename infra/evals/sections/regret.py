"""Regret of learning while serving, beside the best fixed plan in hindsight, when a model silently gets worse halfway.

The questions of the section on GSM8K, three times over in an order from a fixed seed. From the middle on, one cheap
model gives the recorded answers of a much weaker one, at its own price and under its own name.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.evals.plans import Case, Plan, Recorded, follow
from infra.evals.posterior import Exploration, Posterior, choose
from infra.evals.sections.gsm8k import STRONGEST, cases_of
from infra.evals.study import SEED, Folders, Tell, figure
from infra.local.recorded.reading import read_set

SICK, WEAKER = "gpt-4o-mini-2024-07-18", "gemma-2-2b-it"
PAIRS = (("gemini-1.5-flash", SICK), ("gemini-1.5-flash", "gemma-2-9b-it"), (SICK, "gemma-2-9b-it"))
PASSES = 3
RUNS = 20
FAILURE_OF_STRONGEST = 10
"""What a wrong answer costs its user, in answers of the strongest."""
KEEP = 0.99
"""A plan's last hundred answers are what counts."""
EXPLORATION = Exploration(every=20)
Losses = Mapping[str, Sequence[tuple[bool, int]]]


@dataclass(frozen=True, slots=True)
class Run:
    """What a learner lost a question, in micro-dollars, and what the best fixed plan did."""

    forgetting: float
    remembering: float
    fixed: float
    strongest: float


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``regret``: what the learner loses beyond the best fixed plan, as a share of that plan's loss; 95 % over orders.

    Learning while serving needs no part to learn from: the folder to report on is used alone.
    """
    tell("reading and comparing answers")
    cases = cases_of(read_set("gsm8k", Path(folders.test or folders.train)))
    runs: list[Run] = []
    for number in range(RUNS):
        tell(f"serving in order {number + 1} of {RUNS}")
        runs.append(_run(cases, SEED + number))
    return {
        "regret": {
            "forgetting": figure(runs, lambda part: _beyond(part, [run.forgetting for run in part])).told(),
            "remembering": figure(runs, lambda part: _beyond(part, [run.remembering for run in part])).told(),
            "strongest": figure(runs, lambda part: _beyond(part, [run.strongest for run in part])).told(),
            "n": len(cases) * PASSES,
        }
    }


def worse(case: Case) -> Case:
    """The same question once the sick model gives the weaker one's answer, at the price that its own had."""
    weaker, price = case.answers[WEAKER], case.answers[SICK].cost_micro_usd
    others = (model for model in case.answers if model not in (SICK, WEAKER))
    kept = {pair for pair in case.agree if SICK not in pair}
    agree = kept | {frozenset((SICK, model)) for model in others if case.same(WEAKER, model)}
    sick = Recorded(weaker.right, price, weaker.characters)
    return replace(case, answers={**case.answers, SICK: sick}, agree=frozenset(agree))


def _run(cases: Sequence[Case], seed: int) -> Run:
    draw = random.Random(seed)  # noqa: S311 an order, no secret
    served = [case for _ in range(PASSES) for case in draw.sample(cases, len(cases))]
    middle = len(served) // 2
    losses = _losses([*served[:middle], *(worse(case) for case in served[middle:])])
    failure = FAILURE_OF_STRONGEST * sum(case.answers[STRONGEST].cost_micro_usd for case in cases) / len(cases)
    fixed = {name: sum(_loss(one, failure) for one in each) for name, each in losses.items()}
    return Run(
        forgetting=_learned(losses, failure, KEEP),
        remembering=_learned(losses, failure, 1.0),
        fixed=min(fixed.values()),
        strongest=fixed[STRONGEST],
    )


def _losses(served: Sequence[Case]) -> Losses:
    singles = (STRONGEST, "gemini-1.5-flash", SICK)
    alone = {m: [(case.answers[m].right, case.answers[m].cost_micro_usd) for case in served] for m in singles}
    plans = {" + ".join(pair): Plan(pair, None, STRONGEST) for pair in PAIRS}
    followed = {name: [follow(plan, case) for case in served] for name, plan in plans.items()}
    return {**alone, **{name: [(one.right, one.cost_micro_usd) for one in each] for name, each in followed.items()}}


def _learned(losses: Losses, failure: float, keep: float) -> float:
    known = {name: Posterior() for name in losses}
    lost = 0.0
    for number in range(1, len(losses[STRONGEST]) + 1):
        name = choose(known, number, failure, EXPLORATION)
        right, cost = losses[name][number - 1]
        known[name] = known[name].after(success=right, micro_usd=cost, keep=keep)
        lost += _loss((right, cost), failure)
    return lost


def _loss(one: tuple[bool, int], failure: float) -> float:
    right, cost = one
    return cost + (0 if right else failure)


def _beyond(runs: Sequence[Run], lost: Sequence[float]) -> float:
    fixed = sum(run.fixed for run in runs)
    return sum(lost) / fixed - 1
