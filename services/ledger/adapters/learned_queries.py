"""Selecting what was learned, and how the router plans by it."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ledger.adapters.foreseen_queries import foreseen
from services.ledger.domain.calibration import Graded
from services.ledger.domain.learned import CheckErrors, PlanLine, Planned, ScoreLine
from services.ledger.domain.likeness import BucketLine, Learned, curves_of

SCORES = text("""
SELECT task, model, provider, scored_at, successes, failures, fresh_successes, fresh_failures, fresh_false_accepts,
    fresh_set_aside, mean_micro_usd, mean_latency_ms
FROM ledger.scores WHERE scored_at IS NOT NULL ORDER BY task, model, provider
""")
# The newest thousand of each path, by its index, as the scores of what was said on `model.scored` are.
ALIKE = text("""
SELECT s.task, s.model, s.provider, newest.by_model, newest.bucket, count(*) AS seen,
    count(*) FILTER (WHERE newest.good) AS good, count(*) FILTER (WHERE NOT newest.good) AS bad
FROM ledger.scores s
CROSS JOIN LATERAL (
    SELECT by_model, bucket, good FROM ledger.graded g
    WHERE (g.task, g.model, g.provider) = (s.task, s.model, s.provider)
    ORDER BY judged_at DESC, request_id DESC
    LIMIT 1000
) newest
GROUP BY s.task, s.model, s.provider, newest.by_model, newest.bucket
ORDER BY s.task, s.model, s.provider, newest.by_model, newest.bucket
""")
# What people said of answers. Words that name no attempt are of the answer that the request ended with; where a person
# answered, of no model's. An answer is an attempt with all that looked at it (agreement, judges). One that nobody
# confirmed may have been kept while better ones were asked for: then the last of the path that is told is the end's.
# Where a third model took the second's answer, the words are of none of those that were checked one by one; what is
# said of it from then on, by judges too, is of the second's.
# Requests and attempts are looked up by their ids (OFFSET 0), so that what is read grows with what was said alone; no
# words are a day older than their request.
LABELLED = """
WITH said AS MATERIALIZED (
    SELECT row_number() OVER () AS word, *
    FROM (
        SELECT f.request_id, q.task, f.attempt, f.score, COALESCE(q.status, '') AS status, q.model, q.provider
        FROM ledger.feedback f CROSS JOIN LATERAL (
            SELECT q.task, q.status, q.model, q.provider FROM ledger.requests q
            WHERE q.request_id = f.request_id AND q.admitted_at >= :since AND q.task IS NOT NULL
                AND (f.tenant IS NULL OR f.tenant = q.tenant)
            OFFSET 0
        ) q
        WHERE f.said_at >= CAST(:since AS timestamptz) - interval '1 day'
        UNION ALL
        SELECT request_id, task, confirms, 1, '', model, provider FROM ledger.requests
        WHERE admitted_at >= :since AND task IS NOT NULL AND confirms IS NOT NULL
    ) each
), turns AS MATERIALIZED (
    SELECT *, bool_or(given_by IS NOT NULL) OVER (PARTITION BY request_id, answer ORDER BY number)
        OR COALESCE(number = ANY (array_agg(given_by) OVER (PARTITION BY request_id)), false) AS is_seconds
    FROM (
        SELECT s.request_id, a.number, a.model, a.provider, a.role, a.outcome, a.given_by,
            count(*) FILTER (WHERE a.role NOT IN ('agreement', 'judge'))
                OVER (PARTITION BY s.request_id ORDER BY a.number) AS answer
        FROM (SELECT DISTINCT request_id FROM said) s CROSS JOIN LATERAL (
            SELECT number, model, provider, role, outcome, given_by FROM ledger.attempt_view
            WHERE request_id = s.request_id
            OFFSET 0
        ) a
    ) numbered
), labelled AS (
    SELECT request_id, task, answer, avg(score) AS score
    FROM (
        SELECT DISTINCT ON (s.word) s.request_id, s.task, t.answer, s.score
        FROM said s JOIN turns t USING (request_id)
        WHERE (t.number = s.attempt AND NOT t.is_seconds)
            OR (s.attempt IS NULL AND s.status NOT IN ('human', 'unverified') AND t.outcome = 'accepted'
                AND NOT t.is_seconds)
            OR (s.attempt IS NULL AND s.status = 'unverified' AND t.role NOT IN ('agreement', 'judge')
                AND (t.model, t.provider) = (s.model, s.provider))
        ORDER BY s.word, t.number DESC
    ) meant
    GROUP BY request_id, task, answer
)
"""
CHECKS = text(f"""
{LABELLED}
SELECT task, name AS check,
    count(*) FILTER (WHERE passed) AS judged,
    count(*) FILTER (WHERE passed AND score < 0.5) AS false_accepts,
    count(*) FILTER (WHERE NOT passed) AS rejected,
    count(*) FILTER (WHERE NOT passed AND score >= 0.5) AS false_rejects
FROM (
    SELECT l.task, c.name, l.score, bool_and(c.verdict = 'pass') AS passed
    FROM labelled l
    JOIN turns t USING (request_id, answer)
    JOIN ledger.checks c USING (request_id, number)
    WHERE c.verdict IN ('pass', 'fail') AND NOT t.is_seconds
    GROUP BY l.task, c.name, l.request_id, l.answer, l.score
) told
GROUP BY task, name ORDER BY task, name
""")  # noqa: S608 the text is ours
GRADES = text(f"""
{LABELLED}
SELECT l.task, min(t.model) AS judge, array_agg(c.grade ORDER BY t.number) AS grades, l.score >= 0.5 AS good
FROM labelled l
JOIN turns t USING (request_id, answer)
JOIN ledger.checks c USING (request_id, number)
WHERE t.role = 'judge' AND c.name = 'judge' AND c.grade IS NOT NULL AND NOT t.is_seconds
GROUP BY l.task, l.request_id, l.answer, l.score
HAVING count(*) >= 2 AND min(t.model) = max(t.model)
""")  # noqa: S608 the text is ours

# The newest of each kind in the last hour of a lane and class; one that was explored stands behind the other kinds.
PLANS = text("""
WITH latest AS (
    SELECT lane, task, max(hour) AS hour FROM ledger.alike
    WHERE hour >= date_trunc('hour', CAST(:since AS timestamptz), 'UTC') AND models <> '{}' GROUP BY lane, task
)
SELECT DISTINCT ON (k.lane, k.task)
    k.lane, k.task, f.request_id, f.admitted_at, r.revision, a.model, a.provider, a.why
FROM latest JOIN ledger.alike k USING (lane, task, hour)
CROSS JOIN LATERAL (
    SELECT request_id, admitted_at FROM ledger.found
    WHERE ledger.kind(lane, task, tenant, state, reason, models, tiers, escalated) = k.kind
        AND admitted_at >= k.hour AND admitted_at < k.hour + interval '1 hour'
    ORDER BY admitted_at DESC, request_id DESC LIMIT 1
) f
JOIN ledger.requests r ON r.request_id = f.request_id
JOIN ledger.attempts a ON a.request_id = f.request_id AND a.number = 1
WHERE k.models <> '{}' AND a.why IS NOT NULL
ORDER BY k.lane, k.task, a.why LIKE 'explored:%', f.admitted_at DESC
""")


async def learned(connection: AsyncConnection, since: datetime) -> Learned:
    """All scores, the errors of checks and what plans came to on requests since then, and agreement by threshold."""
    scores = (await connection.execute(SCORES)).mappings()
    checks = (await connection.execute(CHECKS, {"since": since})).mappings()
    alike = (await connection.execute(ALIKE)).mappings()
    return Learned(
        since=since,
        scores=[ScoreLine(**row) for row in scores],
        checks=[CheckErrors(**row) for row in checks],
        curves=curves_of([BucketLine(**row) for row in alike]),
        foreseen=await foreseen(connection, since),
    )


async def graded(connection: AsyncConnection, since: datetime) -> list[Graded]:
    """The pairs of grades of answers that people judged, of requests admitted since then."""
    rows = (await connection.execute(GRADES, {"since": since})).mappings()
    return [Graded(row["task"], row["judge"], (row["grades"][-2], row["grades"][-1]), row["good"]) for row in rows]


async def planned(connection: AsyncConnection, since: datetime) -> Planned:
    """The plan of each lane and task class that had a request since then."""
    plans = (await connection.execute(PLANS, {"since": since})).mappings()
    return Planned(since=since, plans=[PlanLine(**row) for row in plans])
