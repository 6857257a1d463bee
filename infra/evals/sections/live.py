"""The live router's planning, on recorded answers: a model silently gets worse halfway, and the router learns of it.

The prompts of the section on IFEval, several times over in an order from a fixed seed, through the router's handlers.
From the middle on, the cheapest model gives the recorded answers of a weaker one under its own name and price. A right
verdict is the product's own check of the demands; scores are worked out as the ledger does, after every few requests.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from infra.evals.ladders import Case
from infra.evals.sections.ifeval import STRONGEST, cases_of, given
from infra.evals.served import Router, Served, named, portfolio_of
from infra.evals.study import SEED, Folders, Tell, figure
from infra.local.recorded.ifeval import read_rows

SICK, WEAKER = "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4", "mistralai/Mistral-7B-Instruct-v0.3"
TIERS = (
    (SICK, "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4"),
    ("gpt-4o-mini-2024-07-18", "claude-3-haiku-20240307"),
    (STRONGEST,),
)
PASSES, RUNS = 4, 20


@dataclass(frozen=True, slots=True)
class Run:
    """One order: what the learning router did, what tiers in order do, and the strongest alone."""

    learned: Sequence[Served]
    in_order: Sequence[Served]
    strongest: Sequence[Served]


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``live``: success and cost of the learning router, beside tiers in order; 95 % over orders.

    Learning while serving needs no part to learn from: the folder to report on is used alone.
    """
    tell("checking every demand of every answer")
    cases = cases_of(read_rows(folders.test or folders.train), given)
    runs: list[Run] = []
    for number in range(RUNS):
        tell(f"routing in order {number + 1} of {RUNS}")
        runs.append(_run(cases, SEED + number))
    figures = {
        "success": figure(runs, lambda part: _mean([one.right for run in part for one in run.learned])),
        "success_in_order": figure(runs, lambda part: _mean([one.right for run in part for one in run.in_order])),
        "success_of_strongest": figure(runs, lambda part: _mean([one.right for run in part for one in run.strongest])),
        "cost_share": figure(runs, lambda part: _cost(part, "learned") / _cost(part, "strongest")),
        "cost_share_in_order": figure(runs, lambda part: _cost(part, "in_order") / _cost(part, "strongest")),
        "sick_share_before": figure(runs, lambda part: _sick(part, 0.25, 0.5)),
        "sick_share_after": figure(runs, lambda part: _sick(part, 0.75, 1.0)),
    }
    return {"live": {**{name: each.told() for name, each in figures.items()}, "n": len(cases) * PASSES}}


def _run(cases: Sequence[Case], seed: int) -> Run:
    draw = random.Random(seed)  # noqa: S311 an order, no secret
    served = [case for _ in range(PASSES) for case in draw.sample(cases, len(cases))]
    middle = len(served) // 2
    asked = [*served[:middle], *(worse(case) for case in served[middle:])]
    ids = [UUID(int=draw.getrandbits(128)) for _ in asked]
    learning, in_order = _router(learns=True), _router(learns=False)
    alone = [Served(STRONGEST, case.answers[STRONGEST].right, case.answers[STRONGEST].cost_micro_usd) for case in asked]
    return Run(
        learned=[learning.serve(case, one) for case, one in zip(asked, ids, strict=True)],
        in_order=[in_order.serve(case, one) for case, one in zip(asked, ids, strict=True)],
        strongest=alone,
    )


def _router(*, learns: bool) -> Router[Case]:
    found = portfolio_of(TIERS, checks=["demands"], learns=learns)
    return Router(found, named(TIERS), lambda case, model: model in case.passed)


def worse(case: Case) -> Case:
    """The same prompt once the cheapest model gives the weaker one's answer, at its own price."""
    sick = replace(case.answers[WEAKER], cost_micro_usd=case.answers[SICK].cost_micro_usd)
    passed = (case.passed - {SICK}) | ({SICK} if WEAKER in case.passed else frozenset())
    return replace(case, answers={**case.answers, SICK: sick}, passed=passed)


def _mean(rights: Sequence[bool]) -> float:
    return sum(rights) / len(rights)


def _cost(runs: Sequence[Run], which: str) -> int:
    return sum(one.cost_micro_usd for run in runs for one in getattr(run, which))


def _sick(runs: Sequence[Run], since: float, until: float) -> float:
    """How many requests of this part of the order began with the model that gets worse."""
    parts = [run.learned[int(since * len(run.learned)) : int(until * len(run.learned))] for run in runs]
    return _mean([one.first == SICK for part in parts for one in part])
