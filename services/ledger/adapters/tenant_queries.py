"""Adding up the hours of tenants."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.overview import DailySum, HourlySum
from services.ledger.domain.tenants import Tenants, TenantSums, tenants

SPAN = "hour >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC') AND hour < :until"

COUNTED = text(f"""
SELECT tenant, lane,
    sum(requests)::bigint AS requests,
    COALESCE(sum(requests) FILTER (WHERE state = 'completed'), 0)::bigint AS completed,
    COALESCE(sum(requests) FILTER (WHERE state = 'failed'), 0)::bigint AS failed,
    COALESCE(sum(requests) FILTER (WHERE escalated <> '{{}}'), 0)::bigint AS moved,
    sum(cost_micro_usd)::bigint AS cost_micro_usd
FROM ledger.alike WHERE {SPAN}
GROUP BY tenant, lane ORDER BY tenant, lane
""")  # noqa: S608 the words are ours
REASONS = text(f"""
SELECT tenant, lane, reason, sum(requests)::bigint AS times
FROM (SELECT tenant, lane, unnest(escalated) AS reason, requests, hour FROM ledger.alike) each WHERE {SPAN}
GROUP BY tenant, lane, reason
""")  # noqa: S608 the words are ours

# Percentiles of lanes cannot be added up: without a lane, they are of all lanes of a tenant together. Both kinds of
# rows come from one look at the table, the largest of those that are kept ready.
ANSWERS = text(f"""
WITH answers AS MATERIALIZED (
    SELECT tenant, lane, tier, bucket, sum(requests) AS requests
    FROM ledger.answered WHERE {SPAN}
    GROUP BY tenant, lane, tier, bucket
)
SELECT tenant, lane, NULL::smallint AS tier, NULL::bigint AS requests,
    min(bucket) FILTER (WHERE upto >= 0.5 * whole) AS p50, min(bucket) FILTER (WHERE upto >= 0.95 * whole) AS p95
FROM (
    SELECT tenant, lane, bucket, sum(sum(requests)) OVER (PARTITION BY tenant, lane ORDER BY bucket) AS upto,
        sum(sum(requests)) OVER (PARTITION BY tenant, lane) AS whole
    FROM answers GROUP BY GROUPING SETS ((tenant, lane, bucket), (tenant, bucket))
) each
GROUP BY tenant, lane
UNION ALL
SELECT tenant, lane, tier, sum(requests)::bigint, NULL, NULL
FROM answers WHERE tier IS NOT NULL GROUP BY tenant, lane, tier
""")  # noqa: S608 the words are ours

MEASURES = {
    ("status", "verified"): "verified",
    ("status", "unverified"): "unverified",
    ("recalled", ""): "recalled",
    ("bounded", ""): "bounded",
    ("cost", ""): "cost_micro_usd",
    ("tokens", ""): "tokens",
    ("attempts", ""): "attempts",
}
ADDED_UP = "\n".join(
    f"UNION ALL SELECT lane, '{measure}', '{key}', sum({column}) FROM alike GROUP BY lane"  # noqa: S608 ours
    for (measure, key), column in MEASURES.items()
)
OF_ONE = text(f"""
WITH alike AS (SELECT * FROM ledger.alike WHERE tenant = :tenant AND {SPAN}),
    answered AS (SELECT * FROM ledger.answered WHERE tenant = :tenant AND {SPAN})
SELECT lane, measure, key, value::bigint FROM (
    SELECT lane, 'state' AS measure, state AS key, sum(requests) AS value FROM alike GROUP BY lane, state
    UNION ALL SELECT lane, 'failed', reason, sum(requests) FROM alike
        WHERE state = 'failed' AND reason IS NOT NULL GROUP BY lane, reason
    UNION ALL SELECT lane, 'escalated', why, sum(requests) FROM alike, unnest(escalated) AS why GROUP BY lane, why
    UNION ALL SELECT lane, 'tier', tier::text, sum(requests) FROM answered WHERE tier IS NOT NULL GROUP BY lane, tier
    UNION ALL SELECT lane, 'ms', bucket::text, sum(requests) FROM answered GROUP BY lane, bucket
    UNION ALL SELECT lane, 'undecided', '', count(*) FROM ledger.undecided
        WHERE tenant = :tenant AND {SPAN} GROUP BY lane
    {ADDED_UP}
) each
""")  # noqa: S608 the words are ours
DAYS_OF_ONE = text(f"""
WITH alike AS (
    SELECT date_trunc('day', hour, 'UTC') AS day, * FROM ledger.alike WHERE tenant = :tenant AND {SPAN}
)
SELECT day, 'state' AS measure, state AS key, sum(requests)::bigint AS value FROM alike GROUP BY day, state
UNION ALL SELECT day, 'cost', '', sum(cost_micro_usd)::bigint FROM alike GROUP BY day
""")  # noqa: S608 the words are ours


async def of_tenants(connection: AsyncConnection, since: datetime, until: datetime) -> Tenants:
    """What each tenant's requests of these hours came to, lane by lane."""
    span = {"since": since, "until": until}
    lanes, reasons, answers = [await _rows(connection, query, span) for query in (COUNTED, REASONS, ANSWERS)]
    percentiles = [row for row in answers if row["tier"] is None]
    tiers = [row for row in answers if row["tier"] is not None]
    return tenants(since, until, TenantSums(lanes, reasons, percentiles, tiers))


async def summed_of(
    connection: AsyncConnection, tenant: str, since: datetime, until: datetime
) -> tuple[list[HourlySum], list[DailySum]]:
    """The sums of one tenant's lanes over these hours, and of all its lanes on each day."""
    asked = {"tenant": tenant, "since": since, "until": until}
    rows, days = await _rows(connection, OF_ONE, asked), await _rows(connection, DAYS_OF_ONE, asked)
    return [HourlySum(**row) for row in rows], [DailySum(**row) for row in days]


async def _rows(connection: AsyncConnection, query: TextClause, asked: Mapping[str, object]) -> list[dict[str, Any]]:
    return [{**row} for row in (await connection.execute(query, asked)).mappings()]
