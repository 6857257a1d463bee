"""How a figure is made honest: learn on one part, report on another, and say how sure it is."""

import random
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

from infra.local.recorded.reading import DataUnreadable
from services.ledger.domain.learned import wilson

Case = TypeVar("Case")
FOLDS = 10
RESAMPLES = 1_000
SEED = 20_241_101
"""Of the bootstrap (B. Efron, "Bootstrap Methods", 1979), so that a run gives the same intervals again."""

Tell = Callable[[str], None]
"""Says what is being done now."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where to learn, and where to report. Without ``test``: in turn, on each part of ``train`` not learned from."""

    train: Path
    test: Path | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    def told(self) -> dict[str, float]:
        """For the report's file."""
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


@dataclass(frozen=True, slots=True)
class Split(Generic[Case]):
    """What is learned from, and what is reported on."""

    train: Sequence[Case]
    test: Sequence[Case]


def splits(
    train: Sequence[Case], test: Sequence[Case] | None, name: Callable[[Case], str], count: int = FOLDS
) -> Iterator[Split[Case]]:
    """One split when there is a part of its own to report on; else folds, by a hash of the cases' names."""
    if test is not None:
        yield Split(train, test)
        return
    folds = [int.from_bytes(sha256(name(case).encode()).digest()[:4]) % count for case in train]
    for number in range(count):
        learned = [case for case, fold in zip(train, folds, strict=True) if fold != number]
        yield Split(learned, [case for case, fold in zip(train, folds, strict=True) if fold == number])


def some(cases: Sequence[Case], who: Sequence[str]) -> Sequence[Case]:
    """The same cases. Raises ``DataUnreadable`` where there is none: then nothing is learned, and nothing told."""
    if not cases:
        raise DataUnreadable(f"no question has an answer with a verdict of each of: {', '.join(who)}")
    return cases


def figure(cases: Sequence[Case], of: Callable[[Sequence[Case]], float]) -> Figure:
    """A statistic of all cases, with the middle 95 % of it over resamples of the cases."""
    drawn = sorted(of([cases[place] for place in places]) for places in _resamples(len(cases)))
    return Figure(of(cases), drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES)])


@lru_cache(maxsize=1)
def _resamples(count: int) -> Sequence[Sequence[int]]:
    """Places of cases: the same for every statistic of as many cases, so that they are drawn once."""
    draw = random.Random(SEED)  # noqa: S311 a resample, no secret
    return [array("I", draw.choices(range(count), k=count)) for _ in range(RESAMPLES)]


def share(told: Sequence[bool]) -> Figure:
    """How many of these hold, with E. B. Wilson's interval (1927): resamples of nothing but misses are all misses.

    Of no case nothing is known.
    """
    if not told:
        return Figure(0.0, 0.0, 1.0)
    value, (low, high) = sum(told) / len(told), wilson(sum(told), len(told))
    return Figure(value, min(low, value), max(high, value))


def share_by_question(told: Sequence[tuple[str, bool]]) -> Figure:
    """How many of these hold, each with the question that it belongs to: what is told of one question is not
    independent, so whole questions are resampled.

    Where all hold or none does, or no question has two, it is Wilson's interval, of as many cases as questions.
    """
    groups: dict[str, list[bool]] = {}
    for question, holds in told:
        groups.setdefault(question, []).append(holds)
    if len(groups) == len(told) or len({holds for _, holds in told}) == 1:
        return share([each[0] for each in groups.values()])
    counts = [(sum(group), len(group)) for group in groups.values()]
    return figure(counts, lambda part: sum(hits for hits, _ in part) / sum(count for _, count in part))
