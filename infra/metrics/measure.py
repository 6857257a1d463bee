"""Figures kept as plain numbers while events are handled, and described so that a scrape can read them."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Labels = tuple[str, ...]
Kind = Literal["counter", "gauge", "histogram"]


class Buckets:
    """A histogram. ``bounds`` are the upper ones, ascending; what is above the last is counted too."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """The same value, this many times."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


Reading = float | Buckets | Mapping[str, float] | Mapping[Labels, float]
"""A number, a histogram, or a number for each value of the labels."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of a service. ``read`` is called at a scrape; ``labels`` name the parts of its reading's keys."""

    name: str
    kind: Kind
    tells: str
    read: Callable[[], Reading]
    labels: Labels = ()


def counter(name: str, tells: str, read: Callable[[], Reading], *labels: str) -> Measure:
    """A number that only rises; its name ends in ``_total``."""
    return Measure(name, "counter", tells, read, labels)


def gauge(name: str, tells: str, read: Callable[[], Reading], *labels: str) -> Measure:
    """A number as it is now."""
    return Measure(name, "gauge", tells, read, labels)
