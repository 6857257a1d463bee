"""What the requests of tenants cost and achieved, lane by lane, from hourly sums."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import computed_field

from schemas.money import usd_from_micro
from services.ledger.domain.overview import middle_ms
from services.ledger.domain.story import Told
from services.ledger.domain.summary import Latency, usd_each

Row = Mapping[str, Any]
Place = tuple[str, str | None]
"""A tenant and its lane; without a lane, all its lanes together."""
NOT_MEASURED = Latency(p50=None, p95=None)


class TenantLane(Told):
    """A tenant's requests of one lane. ``moved``: those that escalated; ``because``: why, each time.

    ``tiers``: completed by the tier that answered.
    """

    tenant: str
    lane: str
    requests: int
    completed: int
    failed: int
    moved: int
    cost_micro_usd: int
    because: dict[str, int]
    latency_ms: Latency
    tiers: dict[int, int]

    @computed_field
    @property
    def cost_usd(self) -> str:
        return usd_from_micro(self.cost_micro_usd)

    @computed_field
    @property
    def cost_per_success_usd(self) -> str | None:
        """Everything that was spent, for each request that completed."""
        return usd_each(self.cost_micro_usd, self.completed)


class Tenant(Told):
    """All lanes of a tenant together: what cannot be added up from them."""

    tenant: str
    latency_ms: Latency


class Tenants(Told):
    """Requests admitted in whole hours from ``since`` until before ``until``."""

    since: datetime
    until: datetime
    tenants: list[Tenant]
    lanes: list[TenantLane]


@dataclass(frozen=True, slots=True)
class TenantSums:
    """Rows by tenant and lane: counts; why and how often they escalated; percentiles as buckets; completed by tier."""

    counted: Iterable[Row]
    reasons: Iterable[Row]
    percentiles: Iterable[Row]
    tiers: Iterable[Row]


def tenants(since: datetime, until: datetime, sums: TenantSums) -> Tenants:
    """Put the sums together, the commonest reason first."""
    latencies = {_place(each): _latency(each) for each in sums.percentiles}
    reasons = _by_place(sorted(sums.reasons, key=lambda each: (-each["times"], each["reason"])), "reason", "times")
    tiers = _by_place(sorted(sums.tiers, key=lambda each: each["tier"]), "tier", "requests")
    lanes = [
        TenantLane(
            **each,
            because=reasons.get(_place(each), {}),
            latency_ms=latencies.get(_place(each), NOT_MEASURED),
            tiers=tiers.get(_place(each), {}),
        )
        for each in sums.counted
    ]
    names = dict.fromkeys(lane.tenant for lane in lanes)
    told = [Tenant(tenant=name, latency_ms=latencies.get((name, None), NOT_MEASURED)) for name in names]
    return Tenants(since=since, until=until, tenants=told, lanes=lanes)


def _place(row: Row) -> Place:
    return row["tenant"], row["lane"]


def _latency(row: Row) -> Latency:
    return Latency(p50=middle_ms(row["p50"]), p95=middle_ms(row["p95"]))


def _by_place(rows: Iterable[Row], key: str, count: str) -> dict[Place, dict[Any, int]]:
    found: dict[Place, dict[Any, int]] = {}
    for each in rows:
        found.setdefault(_place(each), {})[each[key]] = each[count]
    return found
