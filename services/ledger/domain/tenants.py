"""What the requests of tenants cost and achieved, lane by lane, from hourly sums."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import computed_field

from schemas.money import usd_from_micro
from services.ledger.domain.story import Told
from services.ledger.domain.summary import usd_each


class TenantLane(Told):
    """A tenant's requests of one lane. ``moved``: those that escalated; ``because``: why, each time."""

    tenant: str
    lane: str
    requests: int
    completed: int
    failed: int
    moved: int
    cost_micro_usd: int
    because: dict[str, int]

    @computed_field
    @property
    def cost_usd(self) -> str:
        return usd_from_micro(self.cost_micro_usd)

    @computed_field
    @property
    def cost_per_success_usd(self) -> str | None:
        """Everything that was spent, for each request that completed."""
        return usd_each(self.cost_micro_usd, self.completed)


class Tenants(Told):
    """Requests admitted in whole hours from ``since`` until before ``until``."""

    since: datetime
    until: datetime
    lanes: list[TenantLane]


def tenants(
    since: datetime, until: datetime, counted: Iterable[Mapping[str, Any]], reasons: Iterable[Mapping[str, Any]]
) -> Tenants:
    """Put the sums together, the commonest reason first."""
    because: dict[tuple[str, str], dict[str, int]] = {}
    for each in sorted(reasons, key=lambda each: (-each["times"], each["reason"])):
        because.setdefault((each["tenant"], each["lane"]), {})[each["reason"]] = each["times"]
    lanes = [TenantLane(**each, because=because.get((each["tenant"], each["lane"]), {})) for each in counted]
    return Tenants(since=since, until=until, lanes=lanes)
