"""What models achieve in each task class, and how the router plans by it, as a page tells it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from schemas.content import JsonRead


@dataclass(frozen=True, slots=True)
class Achieved:
    """A model path in a task class. ``low`` to ``high``: where its success lies, with 95 % confidence.

    ``recent``: so many answers the success rests upon, for older ones count less. ``known``: it is in the portfolio.
    """

    path: str
    success: float
    low: float
    high: float
    recent: float
    right: int
    wrong: int
    false_accepts: float
    usd_each: str
    latency_ms: int
    known: bool


@dataclass(frozen=True, slots=True)
class TaskClass:
    """A task class, the best path first."""

    task: str
    paths: tuple[Achieved, ...]


def by_class(scores: Sequence[JsonRead], paths: Collection[str]) -> list[TaskClass]:
    """The ledger's scores by task class; ``paths``: those of the portfolio in force."""
    judged = [each for each in scores if each["success"] is not None]
    classes = groupby(sorted(judged, key=lambda each: each["task"]), key=lambda each: each["task"])
    return [TaskClass(task, _best_first(_achieved(each, paths) for each in of_task)) for task, of_task in classes]


def _achieved(score: JsonRead, paths: Collection[str]) -> Achieved:
    path = f"{score['model']}@{score['provider']}"
    low, high = score["interval"]
    return Achieved(
        path=path,
        success=score["success"],
        low=low,
        high=high,
        recent=score["fresh_successes"] + score["fresh_failures"],
        right=score["successes"],
        wrong=score["failures"],
        false_accepts=score["fresh_false_accepts"],
        usd_each=f"{Decimal(score['mean_micro_usd']) / 1_000_000:f}",
        latency_ms=score["mean_latency_ms"],
        known=path in paths,
    )


def _best_first(found: Iterable[Achieved]) -> tuple[Achieved, ...]:
    return tuple(sorted(found, key=lambda each: (-each.success, each.path)))
