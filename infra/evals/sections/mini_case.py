"""The portfolio beside one strong model for everything, as one table, on the questions of the section on IFEval."""

from collections.abc import Mapping

from infra.evals.planner import Limits, p95
from infra.evals.road import Road, cost, cost_of, success, success_of, usd_per_1k_right
from infra.evals.sections.ifeval import STRONGEST, Case, follow, learned, seconds_of
from infra.evals.study import Folders, Tell, figure

LIMITS = Limits(cost=0.5, p95=0.6)
"""Of the strongest's cost and time, where it was learned: half, and a little under the two thirds to be kept to."""


def measure(folders: Folders, tell: Tell) -> Mapping[str, object]:
    """``mini_case``: changes of cost for a success and of P95 latency (modelled), of success, and the premium share."""
    road, _ = learned(folders, tell, LIMITS)
    told = {
        "cost_per_success_change": figure(road, _cost_change),
        "p95_change": figure(road, _p95_change),
        "success_change_points": figure(road, _points),
        "premium_share": figure(road, lambda part: sum(STRONGEST in one.asked for _, one in part) / len(part)),
    }
    sides = {"portfolio": _side(road), "strongest": _side([(case, follow((STRONGEST,), case)) for case, _ in road])}
    return {"mini_case": {**{name: each.told() for name, each in told.items()}, **sides, "n": len(road)}}


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
    return _p95(road) / p95([seconds_of(case, (STRONGEST,)) for case, _ in road]) - 1


def _points(road: Road[Case]) -> float:
    return 100 * (success(road) - success_of(road, STRONGEST))
