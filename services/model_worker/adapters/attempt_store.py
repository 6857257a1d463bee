"""The attempts of all providers in PostgreSQL: who may call, until when, and what came of it.

All times are the database's. An attempt is *waiting* (no lease), *leased* (``lease_until`` set), *finished* (its
outcome is stored), and *said*. A lease that ran out is taken over by the next claim, with a higher fence. The lease
covers saying as well: the sweeper takes a stored outcome only when nobody holds it any more.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from infra.store.database import Database
from schemas.reaction import Write
from schemas.topics import BY_EVENT
from services.model_worker.domain.claims import AttemptRow, Claim, Finished, Stored, is_surely_held

if TYPE_CHECKING:
    import asyncpg

# A worker with free hands takes what it hears as it writes it down ($9 its id, else null): one statement, not two. The
# answer to the first time may have been lost on the way, so its own rows of before are told again. What was cancelled
# before it came is finished and said, and nobody's: see cancelled_attempts.py.
INSERT = """
INSERT INTO model_worker.attempts AS a
    (attempt_id, provider, priority, deadline_at, event, traceparent, opened_at, request_id, owner, fence, lease_until,
     finished_at, said_at)
SELECT new.*, taker, (taker IS NOT NULL)::int,
    CASE WHEN taker IS NOT NULL THEN clock_timestamp() + make_interval(secs => $10) END, dropped_at, dropped_at
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::timestamptz[], $5::bytea[], $6::text[], $7::timestamptz[],
            $8::uuid[])
    AS new (attempt_id, provider, priority, deadline_at, event, traceparent, opened_at, request_id)
LEFT JOIN model_worker.cancellations AS c ON c.request_id = new.request_id,
LATERAL (SELECT CASE WHEN c.request_id IS NULL THEN $9::uuid END, CASE WHEN c.request_id IS NOT NULL THEN now() END)
    AS fate (taker, dropped_at)
ON CONFLICT (attempt_id) DO UPDATE SET lease_until = excluded.lease_until
    WHERE a.owner = excluded.owner AND a.fence = 1 AND a.finished_at IS NULL
RETURNING attempt_id, finished_at, extract(epoch FROM deadline_at - clock_timestamp())::float8 AS remaining_s
"""
CLAIM = """
WITH picked AS (
    SELECT attempt_id, lease_until IS NOT NULL AS taken_over
    FROM model_worker.attempts
    WHERE provider = $1 AND finished_at IS NULL AND (lease_until IS NULL OR lease_until < now())
    ORDER BY priority, deadline_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE model_worker.attempts AS a
SET owner = $3, fence = fence + 1, lease_until = clock_timestamp() + make_interval(secs => $4),
    lease_repeats = lease_repeats + taken_over::int
FROM picked WHERE a.attempt_id = picked.attempt_id
RETURNING a.attempt_id, fence, event, traceparent, taken_over,
    extract(epoch FROM deadline_at - clock_timestamp())::float8 AS remaining_s,
    extract(epoch FROM deadline_at - opened_at)::float8 AS given_s
"""
# Rows that another statement is finishing at this moment are left alone: no deadlock, and no need.
RENEW = """
WITH me AS (
    INSERT INTO model_worker.workers (worker, provider, alive_until)
    VALUES ($1, $2, now() + make_interval(secs => $3))
    ON CONFLICT (worker) DO UPDATE SET alive_until = excluded.alive_until
), held AS (
    SELECT a.attempt_id FROM model_worker.attempts AS a
    JOIN unnest($4::uuid[], $5::int[]) AS mine (attempt_id, fence) USING (attempt_id, fence)
    WHERE a.owner = $1
    FOR UPDATE OF a SKIP LOCKED
)
UPDATE model_worker.attempts AS a SET lease_until = now() + make_interval(secs => $6)
FROM held WHERE a.attempt_id = held.attempt_id
"""
WAITS = """
SELECT EXISTS (SELECT FROM model_worker.attempts
    WHERE provider = $1 AND finished_at IS NULL AND lease_until IS NULL
        AND opened_at <= clock_timestamp() - make_interval(secs => $2))
"""
# Only where nobody else has taken it over meanwhile.
HOLD = """
UPDATE model_worker.attempts SET lease_until = clock_timestamp() + make_interval(secs => $4)
WHERE attempt_id = $1 AND owner = $2 AND fence = $3 AND finished_at IS NULL
RETURNING attempt_id
"""
# Storing the same outcome again is no change: the answer to the first time may have been lost on the way.
FINISH = """
UPDATE model_worker.attempts AS a
SET outcome_type = r.outcome_type, outcome = r.outcome, outcome_traceparent = r.traceparent,
    finished_at = coalesce(a.finished_at, now())
FROM unnest($2::uuid[], $3::int[], $4::text[], $5::bytea[], $6::text[])
    AS r (attempt_id, fence, outcome_type, outcome, traceparent)
WHERE a.attempt_id = r.attempt_id AND a.owner = $1 AND a.fence = r.fence
RETURNING a.attempt_id
"""
SAID = "UPDATE model_worker.attempts SET said_at = now() WHERE attempt_id = ANY ($1::uuid[]) AND said_at IS NULL"
UNSAID = """
WITH picked AS (
    SELECT attempt_id FROM model_worker.attempts
    WHERE finished_at IS NOT NULL AND said_at IS NULL AND lease_until < now()
    ORDER BY finished_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE model_worker.attempts AS a SET lease_until = now() + make_interval(secs => $2)
FROM picked WHERE a.attempt_id = picked.attempt_id
RETURNING a.attempt_id, outcome_type, outcome, outcome_traceparent
"""
# A claim that was never begun goes back as if it had not been made; one that was begun is for somebody else to judge.
RELEASE = """
UPDATE model_worker.attempts AS a
SET owner = NULL, lease_until = CASE WHEN $4::bool THEN now() - interval '1 ms' END
FROM unnest($2::uuid[], $3::int[]) AS mine (attempt_id, fence)
WHERE a.attempt_id = mine.attempt_id AND a.fence = mine.fence AND a.owner = $1
"""
# What was never finished is past its deadline too, and escalation has said so.
FORGET = """
DELETE FROM model_worker.attempts WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM model_worker.attempts
    WHERE deadline_at < now() - make_interval(secs => $1)
        AND (said_at IS NOT NULL OR finished_at IS NULL)
        AND (lease_until IS NULL OR lease_until < now())
    LIMIT $2
    FOR UPDATE SKIP LOCKED))
"""
PROVIDER_LOCK = "SELECT pg_advisory_xact_lock(hashtext('model_worker.workers'), hashtext($1))"
LEAVE = "DELETE FROM model_worker.workers WHERE worker = $1"
IS_EMPTY = "SELECT NOT EXISTS (SELECT FROM model_worker.workers WHERE provider = $1 AND alive_until >= now())"
ALIVE = "SELECT count(*) FROM model_worker.workers WHERE provider = $1 AND alive_until >= now()"
BURY = """
WITH dead AS (DELETE FROM model_worker.workers WHERE alive_until < now() RETURNING provider)
SELECT DISTINCT provider FROM dead WHERE NOT EXISTS (
    SELECT FROM model_worker.workers AS w WHERE w.provider = dead.provider AND w.alive_until >= now())
"""
FORGET_AT_ONCE = 500
COLUMNS = ("attempt_id", "provider", "priority", "deadline_at", "event", "traceparent", "opened_at", "request_id")


class AttemptStore:
    """All statements on attempts, for one process. Implements :class:`infra.store.table.Table` and ``Merging``.

    Every method but :meth:`write` waits while the database is away. ``worker`` is the owner of this process's leases,
    ``free`` says how many attempts it may claim at once.
    """

    def __init__(
        self,
        database: Database,
        worker: UUID,
        provider: str,
        lease_s: float,
        presence_s: float,
        free: Callable[[], int],
    ) -> None:
        self._database = database
        self._worker = worker
        self._provider = provider
        self._lease_s = lease_s
        self._presence_s = presence_s
        self._free = free
        self._fresh: dict[UUID, Claim] = {}
        self._left = False

    def merge(self, earlier: AttemptRow, later: AttemptRow) -> AttemptRow:
        """The first dispatch of an attempt counts."""
        return earlier

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """Insert attempts that are not there yet, and claim them when hands are free for all: see :meth:`fresh`.

        ``done`` in either case: the first insert owns the attempt.
        """
        rows: dict[UUID, AttemptRow] = {write.row.attempt_id: write.row for write in writes}
        columns = [[getattr(row, name) for row in rows.values()] for name in COLUMNS]
        claimed_before = self._forget_fresh(rows)
        taker = self._worker if claimed_before or len(rows) <= self._free() else None
        taken_at = lease_clock()
        told = await connection.fetch(INSERT, *columns, taker, self._lease_s)
        if taker is None:
            self._left = True
            return {}
        mine = [row for row in told if row["finished_at"] is None]
        claims = [_fresh_claim(rows[row["attempt_id"]], row["remaining_s"], taken_at) for row in mine]
        self._fresh |= {claim.attempt_id: claim for claim in claims}
        return {}

    def _forget_fresh(self, rows: Mapping[UUID, AttemptRow]) -> bool:
        """Forget claims of these that an earlier write made, in a transaction that may be undone; whether any were.

        They are then made again: nothing is called here that is another's to claim, nor left that is ours.
        """
        again = self._fresh.keys() & rows.keys()
        for attempt_id in again:
            del self._fresh[attempt_id]
        return bool(again)

    def fresh(self) -> tuple[list[Claim], bool]:
        """What was claimed as it was written, once; and whether anything was written that is still to be claimed."""
        found = list(self._fresh.values()), self._left
        self._fresh, self._left = {}, False
        return found

    async def claim(self, most: int) -> list[Claim]:
        """Lease up to ``most`` attempts of this provider, the most urgent first; those whose lease ran out, too."""

        async def take(connection: "asyncpg.Connection") -> list[Claim]:
            taken_at = lease_clock()
            rows = await connection.fetch(CLAIM, self._provider, most, self._worker, self._lease_s)
            return [Claim(**row, taken_at=taken_at) for row in rows]

        return await self._database.patiently(take)

    async def has_waited(self, least_s: float) -> bool:
        """Whether an attempt of this provider that nobody has claimed yet has waited so long."""
        return bool((await self._fetch(WAITS, self._provider, least_s))[0]["exists"])

    async def holds(self, claim: Claim, fence: int) -> bool:
        """Whether the lease is ours still. Where it may have run out the database is asked, and it begins anew."""
        if is_surely_held(claim, self._lease_s, lease_clock()):
            return True
        return bool(await self._fetch(HOLD, claim.attempt_id, self._worker, fence, self._lease_s))

    async def renew(self, leases: Mapping[UUID, int]) -> None:
        """Lengthen these leases (fences by attempt) and this worker's presence, in one statement."""
        ids, fences = list(leases), list(leases.values())
        await self._execute(RENEW, self._worker, self._provider, self._presence_s, ids, fences, self._lease_s)

    async def finish(self, finished: Sequence[Finished]) -> set[UUID]:
        """Store outcomes where the fence is still ours; the attempts for which it was."""
        columns = (
            [one.attempt_id for one in finished],
            [one.fence for one in finished],
            [BY_EVENT[type(one.event)].name for one in finished],
            [one.data for one in finished],
            [one.traceparent for one in finished],
        )
        return {row["attempt_id"] for row in await self._fetch(FINISH, self._worker, *columns)}

    async def said(self, attempt_ids: Sequence[UUID]) -> None:
        """Mark outcomes as said."""
        await self._execute(SAID, list(attempt_ids))

    async def unsaid(self, most: int) -> list[Stored]:
        """Lease stored outcomes of any provider that whoever stored them did not say, the oldest first."""
        rows = await self._fetch(UNSAID, most, self._lease_s)
        return [Stored(*row.values()) for row in rows]

    async def release(self, leases: Mapping[UUID, int], *, begun: bool) -> None:
        """Give leases back: as never taken, or (``begun``) as lost ones, whose outcome nobody knows."""
        if leases:
            await self._execute(RELEASE, self._worker, list(leases), list(leases.values()), begun)

    async def forget(self, retention_s: float) -> int:
        """Delete attempts this long past their deadlines and said, a bounded number at once; how many went."""
        return int((await self._execute(FORGET, retention_s, FORGET_AT_ONCE)).split()[-1])

    async def leave(self) -> bool:
        """Take this worker off the list; whether it was its provider's last."""

        async def work(connection: "asyncpg.Connection") -> bool:
            async with connection.transaction():
                await connection.execute(PROVIDER_LOCK, self._provider)
                await connection.execute(LEAVE, self._worker)
                return bool(await connection.fetchval(IS_EMPTY, self._provider))

        return await self._database.patiently(work)

    async def workers(self) -> int:
        """How many workers of this provider are alive; at least one, which is this."""
        rows = await self._fetch(ALIVE, self._provider)
        return max(1, rows[0]["count"])

    async def bury(self) -> list[str]:
        """Take workers off the list that showed no life for long; the providers that have none left."""
        return [row["provider"] for row in await self._fetch(BURY)]

    async def _fetch(self, statement: str, *arguments: Any) -> "list[asyncpg.Record]":
        return await self._database.patiently(lambda connection: connection.fetch(statement, *arguments))

    async def _execute(self, statement: str, *arguments: Any) -> str:
        return await self._database.patiently(lambda connection: connection.execute(statement, *arguments))


def lease_clock() -> float:
    """Seconds of a clock that goes on while the machine sleeps, where there is one: leases run out meanwhile."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _fresh_claim(row: AttemptRow, remaining_s: float, taken_at: float) -> Claim:
    return Claim(
        row.attempt_id,
        1,
        row.event,
        row.traceparent,
        remaining_s,
        taken_over=False,
        taken_at=taken_at,
        given_s=(row.deadline_at - row.opened_at).total_seconds(),
        read_before=row.dispatched,
    )
