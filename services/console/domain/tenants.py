"""What each tenant's requests cost and achieved this week, against the week before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from services.console.domain.bars import Change, change

Json = Mapping[str, Any]
NAMES = ("requests", "completed", "failed", "moved", "cost_micro_usd")


@dataclass(slots=True)
class Sum:
    """Requests of several lanes, added up. ``moved``: those that escalated."""

    requests: int = 0
    completed: int = 0
    failed: int = 0
    moved: int = 0
    cost_micro_usd: int = 0
    because: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, lane: Json) -> None:
        for name in NAMES:
            setattr(self, name, getattr(self, name) + lane[name])
        for reason, times in lane["because"].items():
            self.because[reason] = self.because.get(reason, 0) + times

    @property
    def cost_usd(self) -> Decimal:
        return Decimal(self.cost_micro_usd) / 1_000_000

    @property
    def usd_per_success(self) -> float | None:
        return self.cost_micro_usd / 1_000_000 / self.completed if self.completed else None

    @property
    def success(self) -> float | None:
        ended = self.completed + self.failed
        return self.completed / ended if ended else None

    @property
    def moved_share(self) -> float | None:
        return self.moved / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Line:
    """A tenant, or a lane of it: this week, and how it changed."""

    name: str
    now: Sum
    changes: Sequence[Change]


def by_tenant(now: Iterable[Json], before: Iterable[Json]) -> list[Line]:
    """All tenants, the dearest first."""
    return _lines(now, before, "tenant")


def lanes_of(tenant: str, now: Iterable[Json], before: Iterable[Json]) -> list[Line]:
    """The lanes of one tenant, the dearest first."""
    return _lines(_own(tenant, now), _own(tenant, before), "lane")


def _own(tenant: str, lanes: Iterable[Json]) -> list[Json]:
    return [lane for lane in lanes if lane["tenant"] == tenant]


def _lines(now: Iterable[Json], before: Iterable[Json], key: str) -> list[Line]:
    this, last = _sums(now, key), _sums(before, key)
    names = sorted({*this, *last}, key=lambda name: (-this.get(name, Sum()).cost_micro_usd, name))
    return [_line(name, this.get(name, Sum()), last.get(name, Sum())) for name in names]


def _line(name: str, now: Sum, before: Sum) -> Line:
    """More may be spent for more requests, so that of cost alone nothing is better."""
    changes = (
        replace(change("cost", float(now.cost_usd), float(before.cost_usd), "$"), better=None),
        change("cost per success", now.usd_per_success, before.usd_per_success, "$"),
        change("success", now.success, before.success, "%", less_is_better=False),
        change("escalated", now.moved_share, before.moved_share, "%"),
    )
    return Line(name, now, changes)


def _sums(lanes: Iterable[Json], key: str) -> dict[str, Sum]:
    found: dict[str, Sum] = {}
    for lane in lanes:
        found.setdefault(lane[key], Sum()).add(lane)
    return found
