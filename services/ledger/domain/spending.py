"""What tenants spent of their days and months, which are UTC's."""

from datetime import datetime

from schemas.money import usd_from_micro
from services.ledger.domain.story import Told


class TenantSpending(Told):
    """A tenant's requests of this month, and what they cost, as dollars: as far as it is known."""

    tenant: str
    requests: int
    day_usd: str
    month_usd: str


class Spending(Told):
    """All tenants with requests this month. ``day`` and ``month``: when each began."""

    day: datetime
    month: datetime
    tenants: list[TenantSpending]


def tenant_spending(tenant: str, requests: int, day_micro_usd: int, month_micro_usd: int) -> TenantSpending:
    """One tenant's line."""
    return TenantSpending(
        tenant=tenant,
        requests=requests,
        day_usd=usd_from_micro(day_micro_usd),
        month_usd=usd_from_micro(month_micro_usd),
    )
