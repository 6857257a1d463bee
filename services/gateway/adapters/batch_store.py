"""Batches in PostgreSQL: how they stand, who drives them, and which requests their lines became. No content."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

from infra.store.database import Database
from services.gateway.adapters.database_in_batches import InBatches
from services.gateway.adapters.database_in_time import in_time
from services.gateway.adapters.file_store import NewFile, Part, insert_file
from services.gateway.domain.batch import (
    LIVE,
    WINDOW_S,
    Batch,
    BatchStatus,
    LineError,
    NewBatch,
    Tally,
    Times,
    begun_perhaps,
    checked_repeat,
    keyed_id,
    no_such_batch,
)
from services.gateway.domain.files import Page, batches_away, no_such_file

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")
LEASE_S = 10.0
FORGET_AT_ONCE = 100
# The file's row is held meanwhile, so that a batch begins before a deletion sees it, or not at all.
CREATE = """
WITH input AS (SELECT id FROM gateway.files WHERE id = $5 AND tenant = $2 AND expires_at > now() FOR SHARE)
INSERT INTO gateway.batches (id, tenant, key_id, status, endpoint, input_file_id, metadata, output_kept_s, expires_at)
SELECT $1::uuid, $2::text, $3::text, 'validating', $4::text, id, $6::text, $7::integer,
       now() + make_interval(secs => $8) FROM input
ON CONFLICT (id) DO NOTHING RETURNING *
"""
FIND = "SELECT * FROM gateway.batches WHERE tenant = $1 AND id = $2"
LIST = """
SELECT * FROM gateway.batches b
 WHERE tenant = $1 AND ($2::uuid IS NULL OR (b.created_at, b.id) <
       (SELECT a.created_at, a.id FROM gateway.batches a WHERE a.id = $2 AND a.tenant = $1))
 ORDER BY b.created_at DESC, b.id DESC LIMIT $3
"""
CANCEL = """
UPDATE gateway.batches SET status = 'cancelling', cancelling_at = now()
 WHERE tenant = $1 AND id = $2 AND status IN ('validating', 'in_progress') RETURNING *
"""
# Whoever drives one renews its lease; what is not renewed another takes, under a higher fence. Tenants take turns:
# those come first of whom the fewest are driven.
LEASE = """
WITH turns AS (
    SELECT id, row_number() OVER (PARTITION BY tenant ORDER BY leased_until < now(), created_at) AS turn
      FROM gateway.batches WHERE status = ANY($2))
UPDATE gateway.batches SET fence = fence + 1, leased_until = now() + make_interval(secs => $1)
 WHERE id IN (SELECT b.id FROM gateway.batches b JOIN turns t ON t.id = b.id
               WHERE b.status = ANY($2) AND b.leased_until < now() AND b.tenant <> ALL($4)
                 AND (NOT $5 OR b.expires_at <= now())
               ORDER BY t.turn, b.created_at LIMIT $3 FOR UPDATE OF b SKIP LOCKED)
RETURNING *
"""
RENEW = """
UPDATE gateway.batches SET leased_until = now() + make_interval(secs => $3)
 WHERE id = $1 AND fence = $2 RETURNING status, expires_at <= now() AS is_over
"""
RELEASE = "UPDATE gateway.batches SET leased_until = now() WHERE id = $1 AND fence = $2"
BEGIN = """
UPDATE gateway.batches SET in_progress_at = now(), total = $3,
       status = CASE status WHEN 'validating' THEN 'in_progress' ELSE status END
 WHERE id = $1 AND fence = $2
"""
FINALIZE = """
UPDATE gateway.batches SET finalizing_at = coalesce(finalizing_at, now()),
       status = CASE status WHEN 'in_progress' THEN 'finalizing' ELSE status END
 WHERE id = $1 AND fence = $2
"""
LINES = "SELECT number, tries, request_id, asked_at, ended_at IS NOT NULL FROM gateway.batch_lines WHERE batch_id = $1"
# The first to write a try's id has it: whoever else asks this line is told that one, and says no other.
ASK = """
INSERT INTO gateway.batch_lines AS l (batch_id, number, tries, request_id, asked_at)
SELECT n.batch_id, n.number, n.tries, n.request_id, now()
  FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::integer[], $5::uuid[])
       AS n (batch_id, fence, number, tries, request_id)
  JOIN gateway.batches b ON b.id = n.batch_id AND b.fence = n.fence
 ORDER BY n.batch_id, n.number
ON CONFLICT (batch_id, number) DO UPDATE
   SET request_id = CASE WHEN l.tries < EXCLUDED.tries THEN EXCLUDED.request_id ELSE l.request_id END,
       asked_at = CASE WHEN l.tries < EXCLUDED.tries THEN EXCLUDED.asked_at ELSE l.asked_at END,
       tries = greatest(l.tries, EXCLUDED.tries)
RETURNING batch_id, number, tries, request_id, asked_at
"""
MINE = "SELECT status FROM gateway.batches WHERE id = $1 AND fence = $2 FOR UPDATE"
# Of a statement that was lost on its way back nothing is done twice.
IS_NOTED = "SELECT 1 FROM gateway.batch_lines WHERE batch_id = $1 AND number = $2 AND ended_at IS NOT NULL"
END_LINES = """
INSERT INTO gateway.batch_lines (batch_id, number, ended_at)
SELECT $1, number, now() FROM unnest($2::integer[]) AS number
ON CONFLICT (batch_id, number) DO UPDATE SET ended_at = now()
"""
KEEP_PART = """
INSERT INTO gateway.file_parts (file_id, number, body, size)
SELECT $1, coalesce(max(number) + 1, 0), $2, $3 FROM gateway.file_parts WHERE file_id = $1
"""
COUNT = """
UPDATE gateway.batches SET completed = completed + $2, failed = failed + $3, input_tokens = input_tokens + $4,
       cached_tokens = cached_tokens + $5, output_tokens = output_tokens + $6, reasoning_tokens = reasoning_tokens + $7
 WHERE id = $1
"""
SIZE = "SELECT sum(size) FROM gateway.file_parts WHERE file_id = $1"
END = """
UPDATE gateway.batches SET status = $2, errors = $3, output_file_id = $4, error_file_id = $5, fence = fence + 1,
       completed_at = CASE WHEN $2 = 'completed' THEN now() END, failed_at = CASE WHEN $2 = 'failed' THEN now() END,
       expired_at = CASE WHEN $2 = 'expired' THEN now() END, cancelled_at = CASE WHEN $2 = 'cancelled' THEN now() END
 WHERE id = $1
"""
FORGET_LINES = "DELETE FROM gateway.batch_lines WHERE batch_id = $1"
FORGET = """
DELETE FROM gateway.batches WHERE id IN (
    SELECT id FROM gateway.batches WHERE created_at < now() - make_interval(days => $1) AND status <> ALL($2) LIMIT $3)
"""


class LeaseLost(Exception):
    """Another replica drives the batch now."""


class Leased(NamedTuple):
    """A batch that is driven here. ``fence``: what is written under a lower one counts no more."""

    batch: Batch
    fence: int


class AskedLine(NamedTuple):
    """The request that a line has become, ``tries`` others having been turned away before it."""

    number: int
    tries: int
    request_id: UUID
    asked_at: datetime


class Renewed(NamedTuple):
    """How a batch stands that is driven here. ``is_over``: its window is past."""

    status: BatchStatus
    is_over: bool


class Wanted(NamedTuple):
    """A line that is to become this request, unless it has become another by now."""

    batch_id: UUID
    fence: int
    number: int
    tries: int
    request_id: UUID


class Known(NamedTuple):
    """What is known of a batch's lines: the numbers of those that ended, and the requests of the others."""

    ended: frozenset[int]
    asked: Mapping[int, AskedLine]


class Flush(NamedTuple):
    """Lines that ended, what they add up to, and the parts that hold what is told of them, each of a file."""

    numbers: Sequence[int]
    tally: Tally
    parts: Sequence[tuple[UUID, Part]]


class BatchStore:
    """What a client waits for raises ``Refused`` when the database does not answer in time; a driver waits for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking = InBatches(database, _ask, batches_away)

    async def create(
        self, tenant: str, key_id: str | None, asked: NewBatch, input_file_id: UUID, key: str | None
    ) -> Batch:
        """A new batch, to be checked; under an Idempotency-Key that was used before, the batch that began then.

        Raises ``Refused``: where the file is gone, the key began another one, or it is not known whether this began.
        """
        batch_id = uuid4() if key is None else keyed_id(tenant, key)
        kept_s = asked.output_expires_after.seconds if asked.output_expires_after else None
        told = asked.endpoint, input_file_id, json.dumps(asked.metadata or {}), kept_s, WINDOW_S

        async def write(connection: "asyncpg.Connection") -> Mapping[str, Any] | None:
            made = await connection.fetchrow(CREATE, batch_id, tenant, key_id, *told)
            return made or await connection.fetchrow(FIND, tenant, batch_id)

        row = await in_time(self._database, write, begun_perhaps if key is None else batches_away)
        if row is None:
            raise no_such_file()
        return checked_repeat(_batch(row), asked, input_file_id)

    async def find(self, tenant: str, batch_id: UUID) -> Batch:
        """A batch of this tenant's. Raises ``Refused`` where there is none."""
        row = await self._soon(lambda c: c.fetchrow(FIND, tenant, batch_id))
        if row is None:
            raise no_such_batch()
        return _batch(row)

    async def page(self, tenant: str, page: Page) -> tuple[list[Batch], bool]:
        """The batches of a tenant, the newest first, and whether there are more."""
        rows = await self._soon(lambda c: c.fetch(LIST, tenant, page.after, page.limit + 1))
        return [_batch(row) for row in rows[: page.limit]], len(rows) > page.limit

    async def cancel(self, tenant: str, batch_id: UUID) -> Batch | None:
        """The batch, of which no further line is asked; ``None`` when it is too late, or was done before."""
        row = await self._soon(lambda c: c.fetchrow(CANCEL, tenant, batch_id))
        return _batch(row) if row else None

    async def lease(self, most: int, but: Sequence[str] = (), *, is_over: bool = False) -> list[Leased]:
        """Batches that nobody drives, now driven here: none of these tenants'; where ``is_over``, past their window."""
        live = [str(each) for each in LIVE]
        rows = await self._soon(lambda c: c.fetch(LEASE, LEASE_S, live, most, list(but), is_over))
        return [Leased(_batch(row), row["fence"]) for row in rows]

    async def renew(self, leased: Leased) -> Renewed:
        """Go on driving it. Raises :class:`LeaseLost`."""
        row = await self._database.patiently(lambda c: c.fetchrow(RENEW, leased.batch.id, leased.fence, LEASE_S))
        if row is None:
            raise LeaseLost
        return Renewed(BatchStatus(row["status"]), row["is_over"])

    async def release(self, leased: Leased) -> None:
        """Another may drive it at once."""
        await self._soon(lambda c: c.execute(RELEASE, leased.batch.id, leased.fence))

    async def begin(self, leased: Leased, total: int) -> None:
        """It is checked, and its lines are asked from now on."""
        await self._database.patiently(lambda c: c.execute(BEGIN, leased.batch.id, leased.fence, total))

    async def finalize(self, leased: Leased) -> None:
        """All its lines have ended."""
        await self._database.patiently(lambda c: c.execute(FINALIZE, leased.batch.id, leased.fence))

    async def known(self, leased: Leased) -> Known:
        """What became of its lines so far."""
        rows = await self._database.patiently(lambda c: c.fetch(LINES, leased.batch.id))
        lines = [(AskedLine(*row[:4]), row[4]) for row in rows]
        ended = frozenset(line.number for line, is_ended in lines if is_ended)
        return Known(ended, {line.number: line for line, is_ended in lines if not is_ended})

    async def ask(self, leased: Leased, number: int, tries: int, request_id: UUID) -> AskedLine:
        """The request that the line has become: this one for the first who asks.

        Raises :class:`LeaseLost`, and ``Refused`` when the database does not answer in time.
        """
        stands = await self._asking.ask(Wanted(leased.batch.id, leased.fence, number, tries, request_id))
        if stands is None:
            raise LeaseLost
        return stands

    async def flush(self, leased: Leased, flush: Flush) -> None:
        """Lines have ended, once and for all. Raises :class:`LeaseLost`."""

        async def write(connection: "asyncpg.Connection") -> None:
            async with connection.transaction():
                await self._hold(connection, leased)
                if await connection.fetchval(IS_NOTED, leased.batch.id, flush.numbers[0]):
                    return
                await connection.execute(END_LINES, leased.batch.id, flush.numbers)
                for file_id, part in flush.parts:
                    await connection.execute(KEEP_PART, file_id, part.body.to_json().decode(), part.size)
                await connection.execute(COUNT, leased.batch.id, *flush.tally)

        await self._database.patiently(write)

    async def end(
        self, leased: Leased, status: BatchStatus, files: Sequence[NewFile], errors: Sequence[LineError] = ()
    ) -> None:
        """It is over; of these two files, output and errors, those that hold something are there from now on.

        Raises :class:`LeaseLost`.
        """

        async def write(connection: "asyncpg.Connection") -> None:
            async with connection.transaction():
                is_cancelled = await self._hold(connection, leased) == BatchStatus.CANCELLING
                how = BatchStatus.CANCELLED if is_cancelled else status
                made = [await self._made(connection, file) for file in files]
                told = json.dumps([list(error) for error in errors])
                await connection.execute(END, leased.batch.id, str(how), told, *made)
                await connection.execute(FORGET_LINES, leased.batch.id)

        await self._database.patiently(write)

    async def forget(self, connection: "asyncpg.Connection", days: int) -> int:
        """Delete batches that are older than this and over, a bounded number at once; how many went."""
        live = [str(each) for each in LIVE]
        return int((await connection.execute(FORGET, days, live, FORGET_AT_ONCE)).split()[-1])

    @staticmethod
    async def _hold(connection: "asyncpg.Connection", leased: Leased) -> str:
        """How the batch stands, which nobody else changes until this is written. Raises :class:`LeaseLost`."""
        status = await connection.fetchval(MINE, leased.batch.id, leased.fence)
        if status is None:
            raise LeaseLost
        return str(status)

    @staticmethod
    async def _made(connection: "asyncpg.Connection", file: NewFile) -> UUID | None:
        size = await connection.fetchval(SIZE, file.id)
        if size is None:
            return None
        return (await insert_file(connection, file._replace(size=int(size)))).id

    async def _soon(self, work: Callable[[Any], Awaitable[T]]) -> T:
        return await in_time(self._database, work, batches_away)


async def _ask(connection: "asyncpg.Connection", asked: Sequence[Wanted]) -> list[AskedLine | None]:
    rows = await connection.fetch(ASK, *zip(*asked, strict=True))
    stands = {(row["batch_id"], row["number"]): AskedLine(*row[1:]) for row in rows}
    return [stands.get((each.batch_id, each.number)) for each in asked]


def _batch(row: Mapping[str, Any]) -> Batch:
    return Batch(
        id=row["id"],
        tenant=row["tenant"],
        key_id=row["key_id"],
        status=BatchStatus(row["status"]),
        endpoint=row["endpoint"],
        input_file_id=row["input_file_id"],
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        output_kept_s=row["output_kept_s"],
        total=row["total"],
        tally=Tally(*(row[name] for name in Tally._fields)),
        times=Times(*(row[name] for name in Times._fields)),
        errors=[LineError(*each) for each in json.loads(row["errors"])],
        output_file_id=row["output_file_id"],
        error_file_id=row["error_file_id"],
    )
