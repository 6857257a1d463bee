"""The portfolio beside one strong model for everything, as one table, on the questions of the section on IFEval."""

from collections.abc import Mapping

from infra.evals.ladders import Case, follow, seconds_of
from infra.evals.planner import Limits, p95
from infra.evals.road import Road, cost, cost_of, success, success_of, usd_per_1k_right
from infra.evals.sections.ifeval import (
    ALONE,
    PATIENCES_S,
    STRONGEST,
    described,
    learned,
)
from infra.evals.study import Folders, Tell, figure

LIMITS = Limits(cost=0.5, p95=0.66)
"""Of the strongest's cost and time, where it was learned: half, and the two thirds that are to be kept to."""
LONGEST = 4
"""Of so many cheap models is an order at the most: it is one of thousands, each with every patience."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``mini_case``: changes of cost for a success and of P95 latency (modelled), of success, and the premium share."""
    road, chosen = learned(folders, tell, LIMITS, patiences=(None, *PATIENCES_S), longest=LONGEST)
    told = {
        "cost_per_success_change": figure(road, _cost_change),
        "p95_change": figure(road, _p95_change),
        "success_change_points": figure(road, _points),
        "success_change_points_of_passed": figure(road, _points_of_passed),
        "premium_share": figure(road, lambda part: sum(STRONGEST in one.asked for _, one in part) / len(part)),
    }
    sides = {"portfolio": _side(road), "strongest": _side([(case, follow(ALONE, case)) for case, _ in road])}
    figures = {name: each.told() for name, each in told.items()}
    return {"mini_case": {**figures, **sides, "n": len(road), "plans": [described(ladder) for ladder in chosen]}}


def _side(road: Road[Case]) -> dict[str, dict[str, float]]:
    """One column of the table."""
    of = {"usd_per_1k_right": usd_per_1k_right, "p95_s": _p95, "success": success}
    return {name: figure(road, each).told() for name, each in of.items()}


def _p95(road: Road[Case]) -> float:
    return p95([seconds_of(case, one.asked) for case, one in road])


def _cost_change(road: Road[Case]) -> float:
    theirs = cost_of(road, STRONGEST) / max(1, sum(case.answers[STRONGEST].right for case, _ in road))
    return cost(road) / max(1, sum(one.right for _, one in road)) / theirs - 1


def _p95_change(road: Road[Case]) -> float:
    return _p95(road) / p95([seconds_of(case, ALONE.models) for case, _ in road]) - 1


def _points(road: Road[Case]) -> float:
    return 100 * (success(road) - success_of(road, STRONGEST))


def _points_of_passed(road: Road[Case]) -> float:
    """The same, where only an answer that met all demands is given to the client."""
    passed = sum(one.right and one.model in case.passed for case, one in road) / len(road)
    return 100 * (passed - success_of(road, STRONGEST))
