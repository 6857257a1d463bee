"""A ledger filled with requests of two weeks, in bounded statements: what an operator's pages are measured over."""

from collections.abc import Callable

import asyncpg

from infra.store.migrate import migrate
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.scoring import Scoring
from services.ledger.config import LedgerConfig

AT_ONCE = 10_000
DIGEST_AT_ONCE = 2_000
HEARD = ("requests", "attempts", "failures", "escalations", "checks", "feedback")
KEPT = (*HEARD, "found", "hours", "alike", "answered", "judgements", "scores")
SETTLED = tuple(f"VACUUM (ANALYZE) ledger.{table}" for table in KEPT)

# Of every hundred requests 25 escalate, three fail and one is open; a row's columns follow from its number alone.
TELL = """
CREATE TEMPORARY VIEW told AS SELECT
    n, md5('request ' || n)::uuid AS request_id,
    now() - interval '14 days' * (1 - n / $TOTAL.0) AS admitted_at,
    (ARRAY['simple', 'critical', 'extraction', 'chat'])[1 + n % 4] AS lane,
    (ARRAY['faq', 'underwriting', 'invoice', 'summary', 'translation'])[1 + n % 5] AS task,
    'tenant-' || n % 20 AS tenant, n % 4 = 1 AS escalates, n % 33 = 7 AS fails, n % 100 = 99 AS is_open,
    (ARRAY['check_failed', 'timeout', 'refused'])[1 + n % 3] AS why, 200 + (n * 7919) % 3000 AS ms
FROM generate_series($FIRST::bigint, $LAST::bigint) AS n
"""
REQUESTS = """
INSERT INTO ledger.requests (request_id, profiled_at, profiled_place, admitted_at, deadline_at, tenant, lane, task,
    confidence, profile_why, needs, context_tokens, features, data_class, risk, revision, budget_micro_usd,
    max_attempts, trace_id, completed_at, completed_place, status, model, provider, completed_cost_micro_usd,
    latency_ms, failed_at, failed_place, reason, detail, failed_cost_micro_usd)
SELECT request_id, admitted_at, 'request.profiled/0/' || n, admitted_at, admitted_at + interval '30 s', tenant, lane,
    task, 0.8, 'its words', '["chat"]', 600, '{"characters": 2400}', 'internal', 'low', '0123456789ab', 10000, 3,
    md5('trace ' || n), CASE WHEN ends THEN ended END, CASE WHEN ends THEN 'request.completed/0/' || n END,
    CASE WHEN ends THEN 'verified' END, CASE WHEN ends THEN model END, CASE WHEN ends THEN 'acme' END,
    CASE WHEN ends THEN 90 END, CASE WHEN ends THEN ms END, CASE WHEN fails THEN ended END,
    CASE WHEN fails THEN 'request.failed/0/' || n END, CASE WHEN fails THEN 'tiers_spent' END,
    CASE WHEN fails THEN 'no tier is left' END, CASE WHEN fails THEN 700 END
FROM (SELECT *, NOT fails AND NOT is_open AS ends, admitted_at + ms * interval '1 ms' AS ended,
    CASE WHEN escalates THEN 'large' ELSE 'small' END AS model FROM told) each
"""
ATTEMPTS = """
INSERT INTO ledger.attempts (request_id, number, admitted_at, dispatched_at, dispatched_place, role, tier, model,
    provider, why, expected_micro_usd, exclusions, completed_at, completed_place, input_tokens, output_tokens,
    cost_micro_usd, cost_kind, latency_ms, accepted_at, accepted_place, verified, rejected_at, rejected_place,
    rejected_reason)
SELECT request_id, number, admitted_at, admitted_at, 'attempt.dispatched/0/' || n, 'primary', number - 1, model, 'acme',
    'the cheapest of its tier', 40, '[]', CASE WHEN done THEN at END,
    CASE WHEN done THEN 'attempt.completed/0/' || n END, 600, 80, 40, 'known', ms / 2, CASE WHEN won THEN at END,
    CASE WHEN won THEN 'attempt.accepted/0/' || n END, won, CASE WHEN done AND NOT won THEN at END,
    CASE WHEN done AND NOT won THEN 'attempt.rejected/0/' || n END, CASE WHEN done AND NOT won THEN why END
FROM tried
"""
FAILURES = """
INSERT INTO ledger.failures (request_id, number, reason, said_at, said_place, said_by, role, tier, model, provider,
    detail, cost_micro_usd, cost_kind, latency_ms)
SELECT request_id, number, why, at, 'attempt.failed/0/' || n, 'model-worker', 'primary', number - 1, model, 'acme',
    'no answer in time', 40, 'bounded', ms / 2
FROM tried WHERE timed_out
"""
TRIED = """
CREATE TEMPORARY VIEW tried AS SELECT *, NOT is_open AND NOT timed_out AS done
FROM (
    SELECT told.*, number, NOT is_open AND NOT fails AND (number = 2 OR NOT escalates) AS won,
        NOT is_open AND why = 'timeout' AND (fails OR (number = 1 AND escalates)) AS timed_out,
        admitted_at + ms * interval '0.5 ms' * number AS at, (ARRAY['small', 'large'])[number] AS model
    FROM told, generate_series(1, CASE WHEN escalates THEN 2 ELSE 1 END) AS number
) each
"""
ESCALATIONS = """
INSERT INTO ledger.escalations (request_id, number, said_at, said_place, action, reason, tier)
SELECT request_id, 2, admitted_at, 'request.escalated/0/' || n, 'up', why, 1 FROM told WHERE escalates
"""
# Two checks look at every answer: the second fails what was not accepted.
CHECKS = """
INSERT INTO ledger.checks (request_id, number, told_by, position, said_at, said_place, name, verdict, reason)
SELECT request_id, number, told_by, position, at, 'attempt.' || told_by || '/0/' || n,
    (ARRAY['format', 'arithmetic'])[position], CASE WHEN won OR position = 1 THEN 'pass' ELSE 'fail' END,
    CASE WHEN NOT won AND position = 2 THEN why END
FROM (SELECT *, CASE WHEN won THEN 'accepted' ELSE 'rejected' END AS told_by FROM tried WHERE done) judged,
    generate_series(1, 2) AS position
"""
# People say of one answer in fifty whether it was right, and call one in eleven of those wrong.
FEEDBACK = """
INSERT INTO ledger.feedback (request_id, feedback_id, said_at, said_place, source, score, tenant, recorded_at)
SELECT request_id, md5('feedback ' || n)::uuid, admitted_at + interval '1 h', 'feedback.recorded/0/' || n, 'user',
    CASE WHEN n % 11 = 0 THEN 0 ELSE 1 END, tenant, admitted_at + interval '1 h'
FROM told WHERE n % 50 = 3 AND NOT fails AND NOT is_open
"""
ROWS = (REQUESTS, ATTEMPTS, FAILURES, ESCALATIONS, CHECKS, FEEDBACK)
TOUCHED = "INSERT INTO ledger.touched SELECT request_id FROM told"


async def fill(dsn: str, requests: int, tell: Callable[[int], None]) -> None:
    """Bring a ledger to so many requests, unless it holds them already. ``tell``: how far it is."""
    await migrate(dsn, "ledger")
    connection = await asyncpg.connect(dsn)
    try:
        held = await connection.fetchval("SELECT count(*) FROM ledger.requests")
        await _work_out(connection)
        for first in range(held + 1, requests + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, requests)
            await _add(connection, first, last, requests)
            await _work_out(connection)
            tell(last)
        settings = LedgerConfig()
        await Scoring(settings.scores_keep, settings.feedback_most_share).unsaid(connection)
        for statement in SETTLED:
            await connection.execute(statement)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _add(connection: "asyncpg.Connection", first: int, last: int, total: int) -> None:
    told = TELL.replace("$TOTAL", str(total)).replace("$FIRST", str(first)).replace("$LAST", str(last))
    async with connection.transaction():
        for statement in (told, TRIED, *ROWS, TOUCHED, "DROP VIEW tried, told"):
            await connection.execute(statement)


async def _work_out(connection: "asyncpg.Connection") -> None:
    """What the ledger itself does once a second, by its own code."""
    while await Digest().some(connection, DIGEST_AT_ONCE):
        pass
