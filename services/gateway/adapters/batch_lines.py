"""What has become of a batch's lines: which requests they are, and which of them have ended. No content."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from infra.store.database import Database
from services.gateway.adapters.batch_leases import Leased, LeaseLost, held
from services.gateway.adapters.batch_statements import ASK, COUNT, END_LINES, ERASED, IS_NOTED, KEEP_PART, LINES
from services.gateway.adapters.database_in_batches import InBatches
from services.gateway.adapters.file_store import Part
from services.gateway.domain.batch import Tally
from services.gateway.domain.files import batches_away

if TYPE_CHECKING:
    import asyncpg


class LineErased(Exception):
    """An operator erased the line: it is asked no more."""


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


class BatchLines:
    """A driver waits for the database, but for :meth:`ask`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asking = InBatches(database, _ask, batches_away)

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
                await held(connection, leased)
                if await connection.fetchval(IS_NOTED, leased.batch.id, flush.numbers[0]):
                    return
                await connection.execute(END_LINES, leased.batch.id, flush.numbers)
                for file_id, part in flush.parts:
                    await connection.execute(KEEP_PART, file_id, part.body.to_json().decode(), part.size)
                await connection.execute(COUNT, leased.batch.id, *flush.tally)

        await self._database.patiently(write)


async def _ask(connection: "asyncpg.Connection", asked: Sequence[Wanted]) -> list[Stands | None]:
    rows = await connection.fetch(ASK, *zip(*asked, strict=True))
    stands = {(row["batch_id"], row["number"]): Stands(AskedLine(*row[1:5]), row[5]) for row in rows}
    return [stands.get((each.batch_id, each.number)) for each in asked]
