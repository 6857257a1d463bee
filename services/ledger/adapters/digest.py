"""Working out again what is kept ready of requests that changed: rows to search, hourly sums, judgements."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from services.ledger.adapters.derived import FOUND, GRADED

if TYPE_CHECKING:
    from asyncpg import Connection

ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('ledger.digest'))"
# Waited for, not tried: there is always a digest when there is work.
NOT_WHILE_DIGESTING = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"
TAKE = """
DELETE FROM ledger.touched WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM ledger.touched WHERE ended OR touched_at <= now() - make_interval(secs => $2) LIMIT $1
)) RETURNING request_id
"""
# Looked at now, so there is nothing to look at later for what was written before.
TAKE_THE_REST = "DELETE FROM ledger.touched WHERE request_id = ANY($1::uuid[])"
# Nothing can be worked out of rows whose request was not heard of, or is no longer there: such ids are noted.
KEPT = """
WITH told AS (
    SELECT request_id, r.admitted_at FROM unnest($1::uuid[]) AS told (request_id)
    LEFT JOIN ledger.requests r USING (request_id)
), strays AS (
    INSERT INTO ledger.strays (request_id) SELECT request_id FROM told WHERE admitted_at IS NULL
    ON CONFLICT DO NOTHING
)
SELECT request_id FROM told WHERE admitted_at > COALESCE((SELECT through FROM ledger.pruned), '-infinity')
"""
_NAMES = tuple(column.name for column in FOUND.columns)
_COLUMNS = ", ".join(_NAMES)
_SET = ", ".join(f"{name} = EXCLUDED.{name}" for name in _NAMES if name != "request_id")

# What a request adds to its hour is taken away as it was, and added as it is: the sums never drift.
DIGEST = f"""
WITH was AS (
    SELECT {_COLUMNS} FROM ledger.found WHERE request_id = ANY($1::uuid[])
), is_now AS MATERIALIZED (
    SELECT {_COLUMNS} FROM unnest($1::uuid[]) AS told (request_id) JOIN ledger.finding USING (request_id)
), counted AS (
    INSERT INTO ledger.hours AS kept (hour, lane, measure, key, value)
    SELECT date_trunc('hour', each.admitted_at, 'UTC'), each.lane, m.measure, m.key, sum(each.sign * m.value)
    FROM (
        SELECT -1 AS sign, admitted_at, lane, was::ledger.found AS row FROM was
        UNION ALL SELECT 1, admitted_at, lane, is_now::ledger.found FROM is_now
    ) each, ledger.measures(each.row) m
    GROUP BY 1, 2, 3, 4
    HAVING sum(each.sign * m.value) <> 0
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (hour, lane, measure, key) DO UPDATE SET value = kept.value + EXCLUDED.value
)
INSERT INTO ledger.found ({_COLUMNS}) SELECT {_COLUMNS} FROM is_now
ON CONFLICT (request_id) DO UPDATE SET {_SET}
"""  # noqa: S608 the names are ours

JUDGED = """
WITH is_now AS MATERIALIZED (
    SELECT request_id, model, provider, task, judged_at, accepted, success, cost_micro_usd, latency_ms, tenant
    FROM unnest($1::uuid[]) AS told (request_id) JOIN ledger.judging USING (request_id)
), gone AS (
    DELETE FROM ledger.judgements AS kept WHERE request_id = ANY($1::uuid[]) AND NOT EXISTS (
        SELECT FROM is_now
        WHERE (is_now.request_id, is_now.model, is_now.provider) = (kept.request_id, kept.model, kept.provider)
    )
    RETURNING task, model, provider
), judged AS (
    INSERT INTO ledger.judgements AS kept
        (request_id, model, provider, task, judged_at, accepted, success, cost_micro_usd, latency_ms, tenant)
    SELECT * FROM is_now
    ON CONFLICT (request_id, model, provider) DO UPDATE SET
        task = EXCLUDED.task, judged_at = EXCLUDED.judged_at, accepted = EXCLUDED.accepted,
        success = EXCLUDED.success, cost_micro_usd = EXCLUDED.cost_micro_usd, latency_ms = EXCLUDED.latency_ms,
        tenant = EXCLUDED.tenant
    WHERE (kept.task, kept.judged_at, kept.accepted, kept.success, kept.cost_micro_usd, kept.latency_ms, kept.tenant)
        IS DISTINCT FROM (EXCLUDED.task, EXCLUDED.judged_at, EXCLUDED.accepted, EXCLUDED.success,
            EXCLUDED.cost_micro_usd, EXCLUDED.latency_ms, EXCLUDED.tenant)
    RETURNING task, model, provider
)
INSERT INTO ledger.scores AS kept
SELECT task, model, provider, true, false, 0, NULL::timestamptz, 0, 0, 0, 0, 0, 0, 0, 0
FROM (SELECT * FROM gone UNION SELECT * FROM judged) changed
ORDER BY task, model, provider
ON CONFLICT (task, model, provider) DO UPDATE SET stale = true WHERE NOT kept.stale
"""
"""Judgements that changed make their scores stale; another process works those out, less often."""

_GRADES = ", ".join(column.name for column in GRADED.columns)
_GRADE = ", ".join(column.name for column in GRADED.columns if column.name != "request_id")
_NEW_GRADE = ", ".join(f"EXCLUDED.{name}" for name in _GRADE.split(", "))
_OLD_GRADE = ", ".join(f"kept.{name}" for name in _GRADE.split(", "))

ALIKE = f"""
WITH is_now AS MATERIALIZED (
    SELECT {_GRADES} FROM unnest($1::uuid[]) AS told (request_id) JOIN ledger.grading USING (request_id)
), gone AS (
    DELETE FROM ledger.graded AS kept
    WHERE request_id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM is_now WHERE is_now.request_id = kept.request_id)
    RETURNING task, model, provider
), graded AS (
    INSERT INTO ledger.graded AS kept ({_GRADES}) SELECT {_GRADES} FROM is_now
    ON CONFLICT (request_id) DO UPDATE SET ({_GRADE}) = ROW({_NEW_GRADE})
    WHERE ({_OLD_GRADE}) IS DISTINCT FROM ({_NEW_GRADE})
    RETURNING task, model, provider
)
UPDATE ledger.scores AS kept SET stale = true
FROM (SELECT * FROM gone UNION SELECT * FROM graded) changed
WHERE (kept.task, kept.model, kept.provider) = (changed.task, changed.model, changed.provider) AND NOT kept.stale
"""  # noqa: S608 the names are ours
"""Which answers were compared with another model's; what is said of them makes their scores stale, too."""


class Digest:
    """Keeps what is worked out of the ledger's rows up to them. Two processes never do it at once."""

    async def some(self, connection: "Connection", at_once: int, settle_s: float = 0.0) -> int:
        """Work out at most so many changes; how many were taken. None when another process is at it.

        A request that ended is worked out at once, one under way ``settle_s`` after it changed: most end before that,
        and are worked out once.
        """
        async with connection.transaction():
            if not await connection.fetchval(ONE_AT_A_TIME):
                return 0
            taken = [row["request_id"] for row in await connection.fetch(TAKE, at_once, settle_s)]
            if taken:
                changed = sorted(set(taken))
                if len(taken) < at_once:
                    await connection.execute(TAKE_THE_REST, changed)
                await work_out(connection, changed)
            return len(taken)


async def work_out(connection: "Connection", changed: Sequence[UUID]) -> None:
    """Bring what is kept ready of these requests up to their rows; the caller holds the digest's lock.

    What was let go of is not worked out again, for its hour has it already (ADR 74).
    """
    # Statements of their own: they see whatever was written before these ids were left.
    kept = [row["request_id"] for row in await connection.fetch(KEPT, changed)]
    for statement in (DIGEST, JUDGED, ALIKE):
        await connection.execute(statement, kept)
