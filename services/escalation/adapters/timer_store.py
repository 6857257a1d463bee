"""Deadlines in PostgreSQL: rows whose time has come, taken under a short lease so that replicas do not collide."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from schemas.deadlines import TIMER_GRACE
from services.escalation.domain.catching_up import Early
from services.escalation.domain.held import Released
from services.escalation.domain.reviews import DEFERRED, OF_REVIEWS
from services.escalation.domain.timers import ENDED as ENDED_BY_TIMER
from services.escalation.domain.timers import Due

if TYPE_CHECKING:
    import asyncpg

# A row is looked at again after the lease, so what a crash left unsaid is said by another process.
TAKE = """
WITH due AS (
    SELECT request_id FROM escalation.requests WHERE next_at <= now()
    ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE escalation.requests r
       SET next_at = now() + interval '5 seconds',
           state = CASE WHEN r.state IN ('review', 'deferred')
                        THEN CASE WHEN r.review_ends_at > now() THEN 'deferred' ELSE 'unreviewed' END
                        WHEN r.deadline_at > now() THEN r.state
                        WHEN r.state = 'open' THEN 'expired' WHEN r.state = 'held' THEN 'unmoved' ELSE r.state END
      FROM due WHERE r.request_id = due.request_id
    RETURNING r.*
)
SELECT t.request_id, t.state, t.number, t.context, d.attempt, t.answer,
       coalesce(d.traceparent, t.traceparent) AS traceparent, t.deadline_at, now() AS now
FROM taken t LEFT JOIN escalation.dispatches d USING (request_id, number)
"""
ENDED = """
UPDATE escalation.requests
   SET state = 'closed', moved_by = state, next_at = NULL, context = NULL, traceparent = NULL, answer = NULL
WHERE request_id = ANY ($1::uuid[])
  AND state IN ('expired', 'unmoved', 'cancelled', 'answered', 'unreviewed', 'withdrawn')
"""
FIRED = """
UPDATE escalation.requests r SET next_at = r.deadline_at
FROM unnest($1::uuid[], $2::integer[]) AS f (request_id, number)
WHERE r.request_id = f.request_id AND r.number = f.number AND r.state = 'open'
"""
WAITS = """
UPDATE escalation.requests r SET next_at = least(w.until, r.deadline_at)
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[]) AS w (request_id, number, until)
WHERE r.request_id = w.request_id AND r.number = w.number AND r.state = 'open'
"""
DEFERRAL = """
UPDATE escalation.requests SET next_at = review_ends_at WHERE request_id = ANY ($1::uuid[]) AND state = 'deferred'
"""
RELEASED = """
UPDATE escalation.requests r SET state = 'open', next_at = least(f.timer_at, r.deadline_at), context = f.context
FROM unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::bytea[]) AS f (request_id, number, timer_at, context)
WHERE r.request_id = f.request_id AND r.number = f.number AND r.state = 'held'
"""
POSTPONED = """
UPDATE escalation.requests SET next_at = least(now() + interval '1 second', deadline_at)
WHERE request_id = ANY ($1::uuid[]) AND state = 'held'
"""
PUT_OFF = """
UPDATE escalation.requests
SET next_at = CASE WHEN deadline_at > now() THEN least(now() + interval '1 minute', deadline_at)
                   ELSE now() + interval '1 minute' END
WHERE request_id = ANY ($1::uuid[]) AND next_at IS NOT NULL
"""
GIVEN_UP = """
UPDATE escalation.requests r SET state = 'unmoved', next_at = now()
FROM unnest($1::uuid[], $2::integer[]) AS g (request_id, number)
WHERE r.request_id = g.request_id AND r.number = g.number AND r.state = 'held'
"""
FORGET = """
WITH old AS (
    DELETE FROM escalation.requests WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM escalation.requests
        WHERE deadline_at < now() - make_interval(days => $1) AND state = 'closed'
          AND coalesce(review_ends_at, deadline_at) < now() - make_interval(days => $1) LIMIT $2))
    RETURNING 1
), dispatches AS (
    DELETE FROM escalation.dispatches WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM escalation.dispatches WHERE dispatched_at < now() - make_interval(days => $1) LIMIT $2))
    RETURNING 1
)
SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM dispatches)
"""
FORGET_AT_ONCE = 5_000
HELD = "SELECT count(*) FROM escalation.requests WHERE state = 'held' AND next_at IS NOT NULL"


class TimerStore:
    """What the timers' loop asks of the database."""

    async def take(self, connection: "asyncpg.Connection", limit: int) -> list[Due]:
        """Rows whose time has come, now ours for five seconds."""
        return [_due(row) for row in await connection.fetch(TAKE, limit)]

    async def settle(self, connection: "asyncpg.Connection", said: Sequence[Due]) -> None:
        """What was said of these rows is safe in the log."""
        ended = [due.request_id for due in said if due.state in (*ENDED_BY_TIMER, *OF_REVIEWS)]
        deferred = [due.request_id for due in said if due.state == DEFERRED]
        settled = {*ended, *deferred}
        fired = [(due.request_id, due.number) for due in said if due.request_id not in settled]
        if ended:
            await connection.execute(ENDED, ended)
        if deferred:
            await connection.execute(DEFERRAL, deferred)
        if fired:
            await connection.execute(FIRED, *zip(*fired, strict=True))

    async def wait(self, connection: "asyncpg.Connection", early: Sequence[Early]) -> None:
        """The attempts of these have time still: looked at again when that is over."""
        rows = [(one.due.request_id, one.due.number, one.until) for one in early]
        await connection.execute(WAITS, *zip(*rows, strict=True))

    async def release(self, connection: "asyncpg.Connection", said: Sequence[Released]) -> None:
        """These were held, and are said: their next attempts are on their way."""
        rows = [
            (one.due.request_id, one.due.number, one.event.attempt_deadline_at + TIMER_GRACE, one.event.to_json())
            for one in said
        ]
        await connection.execute(RELEASED, *zip(*rows, strict=True))

    async def postpone(self, connection: "asyncpg.Connection", held: Sequence[Due]) -> None:
        """There is no room for these yet."""
        await connection.execute(POSTPONED, [due.request_id for due in held])

    async def put_off(self, connection: "asyncpg.Connection", unsaid: Sequence[Due]) -> None:
        """What there is to say of these cannot be said yet, or is not taken: tried again, and told of, in a minute."""
        await connection.execute(PUT_OFF, [due.request_id for due in unsaid])

    async def give_up(self, connection: "asyncpg.Connection", held: Sequence[Due]) -> None:
        """These wait no longer: their ends are due."""
        await connection.execute(GIVEN_UP, *zip(*((due.request_id, due.number) for due in held), strict=True))

    async def held(self, connection: "asyncpg.Connection") -> int:
        """How many requests wait, for room or for their path."""
        return int(await connection.fetchval(HELD) or 0)

    async def forget(self, connection: "asyncpg.Connection", days: int) -> int:
        """Delete ended requests older than this, a bounded number at once; how many rows went."""
        return int(await connection.fetchval(FORGET, days, FORGET_AT_ONCE) or 0)


def _due(row: "asyncpg.Record") -> Due:
    traceparent: str | None = row["traceparent"]
    request_id: UUID = row["request_id"]
    now: datetime = row["now"]
    return Due(
        request_id=request_id,
        state=row["state"],
        number=row["number"],
        context=row["context"],
        dispatched=row["attempt"],
        traceparent=traceparent,
        trace_id=traceparent.split("-")[1] if traceparent else None,
        now=now.astimezone(UTC),
        deadline_at=row["deadline_at"],
        answer=row["answer"],
    )
