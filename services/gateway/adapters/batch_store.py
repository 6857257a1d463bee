"""Batches in PostgreSQL: how they stand, who drives them, and which requests their lines became. No content."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from infra.store.database import Database
from services.gateway.adapters.batch_statements import (
    ASK,
    BEGIN,
    CANCEL,
    COUNT,
    CREATE,
    END,
    END_LINES,
    ERASED,
    FINALIZE,
    FIND,
    FORGET,
    IS_NOTED,
    KEEP_PART,
    LEASE,
    LINES,
    LIST,
    MINE,
    RELEASE,
    RENEW,
    SIZE,
    STANDING,
    STANDS,
)
from services.gateway.adapters.database_in_batches import InBatches
from services.gateway.adapters.database_in_time import AskedInTime, in_time
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
from services.gateway.domain.files import Page, batches_away, checked_after, no_such_file
from services.gateway.domain.turns import Standing

if TYPE_CHECKING:
    import asyncpg

LEASE_S = 10.0
LIVE_ONES = [str(each) for each in LIVE]
FORGET_AT_ONCE = 10
"""Each with all its lines."""


class LeaseLost(Exception):
    """Another replica drives the batch now."""


class LineErased(Exception):
    """An operator erased the line: it is asked no more."""


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


class Stands(NamedTuple):
    """What a line has become."""

    line: AskedLine
    is_erased: bool


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


class BatchStore(AskedInTime):
    """What a client waits for raises ``Refused`` when the database does not answer in time; a driver waits for it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, batches_away)
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

    async def begun(self, tenant: str, asked: NewBatch, input_file_id: UUID, key: str | None) -> Batch | None:
        """The batch that began under this key before, as it stands, whatever became of its input since.

        Raises ``Refused`` where the key began another one.
        """
        if key is None:
            return None
        row = await self._soon(lambda c: c.fetchrow(FIND, tenant, keyed_id(tenant, key)))
        return checked_repeat(_batch(row), asked, input_file_id) if row else None

    async def find(self, tenant: str, batch_id: UUID) -> Batch:
        """A batch of this tenant's. Raises ``Refused`` where there is none."""
        row = await self._soon(lambda c: c.fetchrow(FIND, tenant, batch_id))
        if row is None:
            raise no_such_batch()
        return _batch(row)

    async def page(self, tenant: str, page: Page) -> tuple[list[Batch], bool]:
        """The batches of a tenant, the newest first, and whether there are more."""
        rows = await self._soon(lambda c: c.fetch(LIST, tenant, page.after, page.limit + 1))
        if page.after is not None and not rows:
            checked_after(await self._soon(lambda c: c.fetchval(STANDS, tenant, page.after)))
        return [_batch(row) for row in rows[: page.limit]], len(rows) > page.limit

    async def cancel(self, tenant: str, batch_id: UUID) -> Batch | None:
        """The batch, of which no further line is asked; ``None`` when it is too late, or was done before."""
        row = await self._soon(lambda c: c.fetchrow(CANCEL, tenant, batch_id))
        return _batch(row) if row else None

    async def standing(self) -> dict[str, Standing]:
        """The tenants that have batches to drive, and how many of these are driven."""
        rows = await self._soon(lambda c: c.fetch(STANDING, LIVE_ONES))
        return {row["tenant"]: Standing(row["driven"], row["waiting"], row["last_at"]) for row in rows}

    async def lease(self, most: int, tenant: str | None = None, *, is_over: bool = False) -> list[Leased]:
        """Batches that nobody drives, now driven here, the oldest first: of this tenant or any, within their window
        or past it.
        """
        rows = await self._soon(lambda c: c.fetch(LEASE, LEASE_S, LIVE_ONES, most, tenant, is_over))
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

        Raises :class:`LeaseLost`, :class:`LineErased`, and ``Refused`` when the database does not answer in time.
        """
        stands = await self._asking.ask(Wanted(leased.batch.id, leased.fence, number, tries, request_id))
        if stands is None:
            raise LeaseLost
        if stands.is_erased and stands.line.request_id != request_id:
            raise LineErased
        return stands.line

    async def erased(self, leased: Leased) -> frozenset[int]:
        """The numbers of its lines that an operator erased."""
        rows = await self._database.patiently(lambda c: c.fetch(ERASED, leased.batch.id))
        return frozenset(row["number"] for row in rows)

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

        await self._database.patiently(write)

    async def forget(self, connection: "asyncpg.Connection", days: int) -> int:
        """Delete batches that are older than this and over, a bounded number at once; how many went."""
        gone: int | None = await connection.fetchval(FORGET, days, LIVE_ONES, FORGET_AT_ONCE)
        return gone or 0

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


async def _ask(connection: "asyncpg.Connection", asked: Sequence[Wanted]) -> list[Stands | None]:
    rows = await connection.fetch(ASK, *zip(*asked, strict=True))
    stands = {(row["batch_id"], row["number"]): Stands(AskedLine(*row[1:5]), row[5]) for row in rows}
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
