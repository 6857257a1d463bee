"""Regret of learning while serving, beside the best fixed plan in hindsight, when a model silently gets worse halfway.

The questions of the section on GSM8K, three times over in an order from a fixed seed. From the middle on, one cheap
model gives the recorded answers of a much weaker one, at its own price and under its own name.

``priors``: the live router, with what one half of the questions taught, serves the other half six times over: the model
stays as it was recorded, gets worse halfway, or is worse from the first request on (``infra/evals/overruled``).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.evals.overruled import ROUTERS, Lost, Setting, serve
from infra.evals.plans import Case, Plan, Recorded, follow
from infra.evals.posterior import Exploration, Posterior, choose
from infra.evals.sections.gsm8k import STRONGEST, cases_of
from infra.evals.study import SEED, Figure, Folders, Split, Tell, figure, splits
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
TIERS = ((SICK,), (STRONGEST,))
BARS = (0.5, 0.7, 0.9)
RUNS_WITH_PRIORS = 8
HALVES = 2
WORSE_FROM: Mapping[str, float] = {"unchanged": 1.0, "halfway": 0.5, "from_the_start": 0.0}
"""From which part of the requests on the sick model is worse than it was recorded."""


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
            "priors": _with_priors(cases, tell),
        }
    }


def _with_priors(cases: Sequence[Case], tell: Tell) -> dict[str, object]:
    halves = [*splits(cases, None, lambda case: case.name, HALVES)]
    found = dict[str, object]()
    for when, worse_from in WORSE_FROM.items():
        for bar in BARS:
            tell(f"serving with priors, {when}, bar {bar:.0%}")
            setting, orders = Setting(TIERS, bar), range(RUNS_WITH_PRIORS)
            runs = [_served(setting, halves[number % HALVES], worse_from, SEED + number) for number in orders]
            found[f"{when}_bar_{bar:.0%}"] = {name: _more(runs, name).told() for name in ROUTERS}
    return found


def _served(setting: Setting, half: Split[Case], worse_from: float, seed: int) -> Lost:
    served = _order(half.test, PASSES * HALVES, seed)
    well = round(worse_from * len(served))
    asked = [*served[:well], *(worse(case) for case in served[well:])]
    return serve(setting, half.train, asked, _failure(half.test), seed)


def _more(runs: Sequence[Lost], name: str) -> Figure:
    return figure(runs, lambda part: sum(run.lost[name] for run in part) / sum(run.fixed for run in part) - 1)


def worse(case: Case) -> Case:
    """The same question once the sick model gives the weaker one's answer, at the price that its own had."""
    weaker, price = case.answers[WEAKER], case.answers[SICK].cost_micro_usd
    others = (model for model in case.answers if model not in (SICK, WEAKER))
    kept = {pair for pair in case.agree if SICK not in pair}
    agree = kept | {frozenset((SICK, model)) for model in others if case.same(WEAKER, model)}
    sick = Recorded(weaker.right, price, weaker.characters)
    return replace(case, answers={**case.answers, SICK: sick}, agree=frozenset(agree))


def _run(cases: Sequence[Case], seed: int) -> Run:
    served = _order(cases, PASSES, seed)
    middle = len(served) // 2
    losses, failure = _losses([*served[:middle], *(worse(case) for case in served[middle:])]), _failure(cases)
    fixed = {name: sum(_loss(one, failure) for one in each) for name, each in losses.items()}
    return Run(
        forgetting=_learned(losses, failure, KEEP),
        remembering=_learned(losses, failure, 1.0),
        fixed=min(fixed.values()),
        strongest=fixed[STRONGEST],
    )


def _order(cases: Sequence[Case], passes: int, seed: int) -> list[Case]:
    draw = random.Random(seed)  # noqa: S311 an order, no secret
    return [case for _ in range(passes) for case in draw.sample(cases, len(cases))]


def _failure(cases: Sequence[Case]) -> float:
    """What a wrong answer costs, in micro-dollars."""
    return FAILURE_OF_STRONGEST * sum(case.answers[STRONGEST].cost_micro_usd for case in cases) / len(cases)


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
