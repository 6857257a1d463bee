"""Adding up the hours of tenants."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.tenants import Tenants, tenants

COUNTED = text("""
SELECT tenant, lane,
    sum(requests)::bigint AS requests,
    COALESCE(sum(requests) FILTER (WHERE state = 'completed'), 0)::bigint AS completed,
    COALESCE(sum(requests) FILTER (WHERE state = 'failed'), 0)::bigint AS failed,
    COALESCE(sum(requests) FILTER (WHERE escalated <> '{}'), 0)::bigint AS moved,
    sum(cost_micro_usd)::bigint AS cost_micro_usd
FROM ledger.alike
WHERE hour >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC') AND hour < :until
GROUP BY tenant, lane ORDER BY tenant, lane
""")
REASONS = text("""
SELECT tenant, lane, reason, sum(requests)::bigint AS times
FROM (SELECT tenant, lane, unnest(escalated) AS reason, requests, hour FROM ledger.alike) each
WHERE hour >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC') AND hour < :until
GROUP BY tenant, lane, reason
""")


async def of_tenants(connection: AsyncConnection, since: datetime, until: datetime) -> Tenants:
    """What each tenant's requests of these hours came to, lane by lane."""
    span = {"since": since, "until": until}
    counted, reasons = [(await connection.execute(query, span)).mappings().all() for query in (COUNTED, REASONS)]
    return tenants(since, until, [{**row} for row in counted], [{**row} for row in reasons])
