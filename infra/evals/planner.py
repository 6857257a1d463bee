"""The cheapest plan that clears the bar, by what was seen of all plans. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, comb, sqrt
from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Name = TypeVar("Name")
SURE, Z_95 = 0.95, 1.645
"""One-sided 95 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """How a plan did, question by question: rights, costs and (where they matter) seconds in the same order."""

    rights: NDArray[np.bool_]
    costs: NDArray[np.int64]
    seconds: NDArray[np.float64]

    @classmethod
    def of(cls, rights: Iterable[bool], costs: Iterable[int], seconds: Iterable[float] = ()) -> Self:
        """From what is told of one question after the other."""
        return cls(np.array([*rights], np.bool_), np.array([*costs], np.int64), np.array([*seconds], np.float64))


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a plan: success beside the bar (and the least that it is, with 95 % confidence), and cost."""

    gain: float
    least_gain: float
    cost_micro_usd: float


@dataclass(frozen=True, slots=True)
class Bar:
    """What a plan must reach beside the strongest: this gain in success, and this at the least (0.01 is a point).

    Of thousands of plans the cheapest that clears a bar has been lucky, so the bar on what is sure stands high:
    what is seen to be as good, and is with 95 % confidence at most six in a thousand worse.
    """

    gain: float = 0.0
    least_gain: float = -0.006


def expected_of(seen: Seen, strongest: Seen, within: Sequence[int]) -> Expected:
    """Of the questions ``within``: the difference is taken question by question, which makes it far surer."""
    gains = seen.rights[within].astype(np.int64) - strongest.rights[within]
    mean = float(gains.mean())
    return Expected(mean, mean - Z_95 * float(gains.std()) / sqrt(len(gains)), float(seen.costs[within].mean()))


def cheapest(
    plans: Mapping[Name, Seen], strongest: Seen, within: Sequence[int], bar: Bar
) -> tuple[Name | None, dict[Name, Expected]]:
    """The cheapest plan that clears the bar; ``None`` when none does for less than the strongest alone costs.

    With what is expected of every plan: a plan whose verification is too weak to pay for itself is in there, too.
    """
    expected = {name: expected_of(seen, strongest, within) for name, seen in plans.items()}
    alone = expected_of(strongest, strongest, within).cost_micro_usd
    clear = {
        name: each.cost_micro_usd
        for name, each in expected.items()
        if each.gain >= bar.gain and each.least_gain >= bar.least_gain and each.cost_micro_usd < alone
    }
    return min(clear, key=lambda name: clear[name], default=None), expected


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a plan may take, as shares of what the strongest takes: money, and time (95th percentile).

    The limit of time is kept to with 95 % confidence: a 95th percentile hangs on a few long answers, so that of
    thousands of plans the one that just keeps to it has been lucky.
    """

    cost: float
    p95: float | None = None


def best_within(plans: Mapping[Name, Seen], strongest: Seen, within: Sequence[int], limits: Limits) -> Name | None:
    """The plan with the most successes among those that keep to the limits; of equals, the cheapest."""
    most_cost = limits.cost * strongest.costs[within].sum()
    most_p95 = limits.p95 * p95(strongest.seconds[within]) if limits.p95 else None
    found: dict[Name, tuple[int, int]] = {}
    for name, seen in plans.items():
        cost = int(seen.costs[within].sum())
        is_slow = most_p95 is not None and most_p95_of(seen.seconds[within]) > most_p95
        if cost <= most_cost and not is_slow:
            found[name] = (int(seen.rights[within].sum()), -cost)
    return max(found, key=lambda name: found[name], default=None)


def p95(values: ArrayLike) -> float:
    """The 95th percentile of at least one value, by the nearest rank."""
    ordered = np.sort(np.asarray(values, np.float64))
    return float(ordered[max(0, ceil(0.95 * len(ordered)) - 1)])


def most_p95_of(values: ArrayLike) -> float:
    """What the 95th percentile of at least one value is at most, with 95 % confidence: one of the values, by its rank.

    That of the fewest values of which so many, or fewer, are below the percentile with that chance, whatever their
    distribution (H. David and H. Nagaraja, "Order Statistics", 2003, 7.1); of fewer than 59 values the longest.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    return float(ordered[_most_rank(len(ordered))])


@cache
def _most_rank(count: int) -> int:
    below = 0.0
    for rank in range(count):
        below += comb(count, rank) * 0.95**rank * 0.05 ** (count - rank)
        if below >= SURE:
            return rank
    return count - 1
