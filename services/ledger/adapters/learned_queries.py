"""Selecting what was learned."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.domain.learned import CheckErrors, Learned, ScoreLine

SCORES = text("""
SELECT task, model, provider, scored_at, successes, failures, fresh_successes, fresh_failures, fresh_false_accepts,
    fresh_set_aside, mean_micro_usd, mean_latency_ms
FROM ledger.scores WHERE scored_at IS NOT NULL ORDER BY task, model, provider
""")
CHECKS = text("""
SELECT r.task, c.name AS check, count(*) AS judged, count(*) FILTER (WHERE said.score < 0.5) AS false_accepts
FROM (
    SELECT f.request_id, avg(f.score) AS score
    FROM ledger.feedback f JOIN ledger.requests q USING (request_id)
    WHERE q.admitted_at >= :since AND q.task IS NOT NULL AND (f.tenant IS NULL OR f.tenant = q.tenant)
    GROUP BY f.request_id
) said
JOIN ledger.requests r USING (request_id)
JOIN (SELECT DISTINCT request_id, name FROM ledger.checks WHERE told_by = 'accepted' AND verdict = 'pass') c
    USING (request_id)
GROUP BY r.task, c.name ORDER BY r.task, c.name
""")


async def learned(connection: AsyncConnection, since: datetime) -> Learned:
    """All scores, and the errors of checks on requests admitted since then."""
    scores = (await connection.execute(SCORES)).mappings()
    checks = (await connection.execute(CHECKS, {"since": since})).mappings()
    return Learned(
        since=since, scores=[ScoreLine(**row) for row in scores], checks=[CheckErrors(**row) for row in checks]
    )
