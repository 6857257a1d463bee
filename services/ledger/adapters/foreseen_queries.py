"""Selecting what plans expected, and what came of the requests that they were made for."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.attempt import EXPECTED_SUCCESS
from services.ledger.domain.foreseen import BUCKETS, MOST_REQUESTS, Foreseen

# Words that name an attempt count where it is of the model whose answer was given.
FORESEEN = text("""
WITH newest AS MATERIALIZED (
    SELECT n.request_id, f.lane, f.state, f.status, f.tenant, f.model,
        substring(a.why FROM :expected)::float8 / 100 AS expected
    FROM (
        SELECT request_id FROM ledger.requests WHERE admitted_at >= :since
        ORDER BY admitted_at DESC, request_id DESC LIMIT :most
    ) n
    JOIN ledger.found f USING (request_id)
    JOIN ledger.attempts a ON a.request_id = n.request_id AND a.number = 1
    WHERE f.state IN ('completed', 'failed')
), ended AS (
    SELECT n.lane, n.expected, said.score,
        n.state = 'completed' AND n.status <> 'human' AND COALESCE(said.score, 1) >= 0.5 AND (
            n.status = 'verified'
            OR EXISTS (SELECT 1 FROM ledger.judgements j WHERE j.request_id = n.request_id AND j.accepted)
        ) AS is_right
    FROM newest n
    LEFT JOIN LATERAL (
        SELECT avg(w.score) AS score FROM ledger.feedback w
        WHERE w.request_id = n.request_id AND (w.tenant IS NULL OR w.tenant = n.tenant)
            AND (w.attempt IS NULL OR EXISTS (
                SELECT 1 FROM ledger.attempts m
                WHERE m.request_id = w.request_id AND m.number = w.attempt AND m.model = n.model
            ))
    ) said ON n.state = 'completed' AND n.status <> 'human'
    WHERE n.expected IS NOT NULL
)
SELECT lane, avg(expected) AS expected, count(*) AS requests, count(*) FILTER (WHERE is_right) AS "right",
    count(score) AS spoken_of, count(*) FILTER (WHERE score >= 0.5) AS called_right
FROM ended
GROUP BY lane, least(floor(expected * :buckets), :buckets - 1)
ORDER BY lane, expected DESC
""")


async def foreseen(connection: AsyncConnection, since: datetime) -> list[Foreseen]:
    """By lane and expected success, of the newest requests admitted since then that have ended and were planned."""
    told = {"since": since, "most": MOST_REQUESTS, "buckets": BUCKETS, "expected": EXPECTED_SUCCESS}
    rows = (await connection.execute(FORESEEN, told)).mappings()
    return [Foreseen(**row) for row in rows]
