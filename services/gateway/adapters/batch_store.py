"""Batches in PostgreSQL, from their beginning until they are forgotten. No content."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from infra.store.database import Database
from services.gateway.adapters.batch_leases import LIVE_ONES, BatchLeases, Leased, LeaseLost, batch_of, held
from services.gateway.adapters.batch_lines import BatchLines
from services.gateway.adapters.batch_statements import (
    BEGIN,
    CANCEL,
    CREATE,
    END,
    FINALIZE,
    FIND,
    FORGET,
    LIST,
    SIZE,
    STANDS,
)
from services.gateway.adapters.database_in_time import AskedInTime, in_time
from services.gateway.adapters.file_store import NewFile, insert_file
from services.gateway.domain.batch import (
    WINDOW_S,
    Batch,
    BatchStatus,
    LineError,
    NewBatch,
    begun_perhaps,
    checked_repeat,
    keyed_id,
    no_such_batch,
)
from services.gateway.domain.files import Page, batches_away, checked_after, no_such_file

if TYPE_CHECKING:
    import asyncpg

FORGET_AT_ONCE = 10
"""Each with all its lines."""


class BatchStore(AskedInTime):
    """What a client waits for raises ``Refused`` when the database does not answer in time; a driver waits for it.

    ``leases``: who drives them; ``lines``: what has become of their lines.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database, batches_away)
        self.leases = BatchLeases(database)
        self.lines = BatchLines(database)

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
        return checked_repeat(batch_of(row), asked, input_file_id)

    async def begun(self, tenant: str, asked: NewBatch, input_file_id: UUID, key: str | None) -> Batch | None:
        """The batch that began under this key before, as it stands, whatever became of its input since.

        Raises ``Refused`` where the key began another one.
        """
        if key is None:
            return None
        row = await self._soon(lambda c: c.fetchrow(FIND, tenant, keyed_id(tenant, key)))
        return checked_repeat(batch_of(row), asked, input_file_id) if row else None

    async def find(self, tenant: str, batch_id: UUID) -> Batch:
        """A batch of this tenant's. Raises ``Refused`` where there is none."""
        row = await self._soon(lambda c: c.fetchrow(FIND, tenant, batch_id))
        if row is None:
            raise no_such_batch()
        return batch_of(row)

    async def page(self, tenant: str, page: Page) -> tuple[list[Batch], bool]:
        """The batches of a tenant, the newest first, and whether there are more."""
        rows = await self._soon(lambda c: c.fetch(LIST, tenant, page.after, page.limit + 1))
        if page.after is not None and not rows:
            checked_after(await self._soon(lambda c: c.fetchval(STANDS, tenant, page.after)))
        return [batch_of(row) for row in rows[: page.limit]], len(rows) > page.limit

    async def cancel(self, tenant: str, batch_id: UUID) -> Batch | None:
        """The batch, of which no further line is asked; ``None`` when it is too late, or was done before."""
        row = await self._soon(lambda c: c.fetchrow(CANCEL, tenant, batch_id))
        return batch_of(row) if row else None

    async def begin(self, leased: Leased, total: int) -> None:
        """It is checked, and its lines are asked from now on. Raises ``LeaseLost``."""
        await self._go_on(BEGIN, leased, total)

    async def finalize(self, leased: Leased) -> None:
        """All its lines have ended. Raises ``LeaseLost``."""
        await self._go_on(FINALIZE, leased)

    async def end(
        self, leased: Leased, status: BatchStatus, files: Sequence[NewFile], errors: Sequence[LineError] = ()
    ) -> None:
        """It is over; of these two files, output and errors, those that hold something are there from now on.

        Raises ``LeaseLost``.
        """

        async def write(connection: "asyncpg.Connection") -> None:
            async with connection.transaction():
                is_cancelled = await held(connection, leased) == BatchStatus.CANCELLING
                how = BatchStatus.CANCELLED if is_cancelled else status
                made = [await self._made(connection, file) for file in files]
                told = json.dumps([list(error) for error in errors])
                await connection.execute(END, leased.batch.id, str(how), told, *made)

        await self._database.patiently(write)

    async def forget(self, connection: "asyncpg.Connection", days: int) -> int:
        """Delete batches that are older than this and over, a bounded number at once; how many went."""
        gone: int | None = await connection.fetchval(FORGET, days, LIVE_ONES, FORGET_AT_ONCE)
        return gone or 0

    async def _go_on(self, statement: str, leased: Leased, *told: object) -> None:
        mine = leased.batch.id, leased.fence
        if not await self._database.patiently(lambda c: c.fetchval(statement, *mine, *told)):
            raise LeaseLost

    @staticmethod
    async def _made(connection: "asyncpg.Connection", file: NewFile) -> UUID | None:
        size = await connection.fetchval(SIZE, file.id)
        if size is None:
            return None
        return (await insert_file(connection, file._replace(size=int(size)))).id
