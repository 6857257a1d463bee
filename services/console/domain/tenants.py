"""What each tenant's requests cost and achieved this week, against the week before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from schemas.content import JsonRead
from services.console.domain.bars import Change, Share, change, tier_shares

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
    tiers: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, lane: JsonRead) -> None:
        """Add a lane of the ledger's."""
        for name in NAMES:
            setattr(self, name, getattr(self, name) + lane[name])
        for counts, more in ((self.because, lane["because"]), (self.tiers, lane.get("tiers", {}))):
            for name, times in more.items():
                counts[name] = counts.get(name, 0) + times

    @property
    def cost_usd(self) -> Decimal:
        """Dollars of all its attempts."""
        return Decimal(self.cost_micro_usd) / 1_000_000

    @property
    def usd_per_success(self) -> float | None:
        """Dollars for a completed request, with what the failed ones cost; ``None`` without any."""
        return self.cost_micro_usd / 1_000_000 / self.completed if self.completed else None

    @property
    def success(self) -> float | None:
        """The share of the ended requests that were completed; ``None`` before any has ended."""
        ended = self.completed + self.failed
        return self.completed / ended if ended else None

    @property
    def moved_share(self) -> float | None:
        """The share of the requests that escalated; ``None`` without requests."""
        return self.moved / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Line:
    """A tenant, or a lane of it: this week, and how it changed. ``tiers``: which tiers answered, and how often."""

    name: str
    now: Sum
    changes: Sequence[Change]
    tiers: Sequence[Share]


@dataclass(frozen=True, slots=True)
class Week:
    """What the ledger tells of a week by one key: sums, and the latencies, which cannot be added up."""

    sums: Mapping[str, Sum]
    latencies: Mapping[str, JsonRead]

    def of(self, name: str) -> tuple[Sum, JsonRead]:
        """The sums and the latencies under a key; zeros where the ledger told none."""
        return self.sums.get(name, Sum()), self.latencies.get(name, {})


def by_tenant(now: JsonRead, before: JsonRead) -> list[Line]:
    """All tenants, the dearest first."""
    return _lines(_week(now), _week(before))


def lanes_of(tenant: str, now: JsonRead, before: JsonRead) -> list[Line]:
    """The lanes of one tenant, the dearest first."""
    own = ([lane for lane in week["lanes"] if lane["tenant"] == tenant] for week in (now, before))
    return _lines(*(Week(_sums(lanes, "lane"), _latencies(lanes, "lane")) for lanes in own))


def _week(told: JsonRead) -> Week:
    """Of all tenants. An older ledger tells no latencies."""
    return Week(_sums(told["lanes"], "tenant"), _latencies(told.get("tenants", ()), "tenant"))


def _lines(now: Week, before: Week) -> list[Line]:
    names = sorted({*now.sums, *before.sums}, key=lambda name: (-now.of(name)[0].cost_micro_usd, name))
    return [_line(name, *now.of(name), *before.of(name)) for name in names]


def _line(name: str, now: Sum, latency: JsonRead, before: Sum, was: JsonRead) -> Line:
    """More may be spent for more requests, so that of cost alone nothing is better."""
    changes = (
        replace(change("cost", float(now.cost_usd), float(before.cost_usd), "$"), better=None),
        change("cost per success", now.usd_per_success, before.usd_per_success, "$"),
        change("success", now.success, before.success, "%", less_is_better=False),
        change("P50 latency", latency.get("p50"), was.get("p50"), "ms"),
        change("P95 latency", latency.get("p95"), was.get("p95"), "ms"),
        change("escalated", now.moved_share, before.moved_share, "%"),
    )
    return Line(name, now, changes, tier_shares(now.tiers, before.tiers))


def _latencies(told: Iterable[JsonRead], key: str) -> dict[str, JsonRead]:
    return {each[key]: each.get("latency_ms", {}) for each in told}


def _sums(lanes: Iterable[JsonRead], key: str) -> dict[str, Sum]:
    found: dict[str, Sum] = {}
    for lane in lanes:
        found.setdefault(lane[key], Sum()).add(lane)
    return found
