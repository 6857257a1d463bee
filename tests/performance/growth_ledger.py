"""What one request costs the ledger as its tables grow: Python and PostgreSQL together, by their CPU.

Requests of two attempts each are written through the ledger's own handlers and tables; the rows that stand already are
copies of such a request, made by PostgreSQL itself.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from infra.bus.rows import Rows
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.topics import BY_EVENT
from services.ledger.adapters.commuting_table import CommutingTable
from services.ledger.adapters.tables import LEDGER
from services.ledger.handlers import Handlers
from tests.performance.growth_table import Point
from tests.performance.processes import cpu_seconds
from tests.unit.ledger.ledger_story import DAWN, Heard, Story
from tests.unit.ledger.usual_stories import moved_up

ATTEMPTS_A_REQUEST = 2
AT_ONCE = 100
BATCHES = 30
FILL_AT_ONCE = 50_000
COPIED = ("requests", "attempts", "checks", "escalations")


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's tables, over a PostgreSQL whose CPU is counted."""

    rows: Rows
    dsn: str
    pid: int

    async def write(self, heard: Sequence[Heard]) -> None:
        """Write what these events say, in one batch, as the bus would."""
        handlers = Handlers()
        named = (BY_EVENT[type(one.event)].name.replace(".", "_") for one in heard)
        reactions = [getattr(handlers, f"on_{n}")(o.event, o.received) for n, o in zip(named, heard, strict=True)]
        await self.rows.write([reaction.writes for reaction in reactions])

    async def fill(self, first: int, last: int, template: UUID) -> None:
        """Copy one request's rows, under ids of their own, for the numbers from ``first`` up to ``last``."""
        connection = await asyncpg.connect(self.dsn)
        try:
            for begin in range(first, last, FILL_AT_ONCE):
                for table in COPIED:
                    await connection.execute(copy_of(table), template, begin, min(last, begin + FILL_AT_ONCE) - 1)
            await connection.execute("VACUUM ANALYZE")  # so that it is not done while we measure
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()


def copy_of(table: str) -> str:
    """The statement that copies a request's rows of one table."""
    columns = [column.name for column in LEDGER.tables[f"ledger.{table}"].columns]
    told = ", ".join("md5(i::text)::uuid" if name == "request_id" else f'"{name}"' for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f"INSERT INTO ledger.{table} ({names}) SELECT {told} FROM ledger.{table}"  # noqa: S608 our own names
        " CROSS JOIN generate_series($2::int, $3::int) AS i WHERE request_id = $1"
    )


def stories(name: str, requests: int) -> list[Heard]:
    """What is heard of this many requests."""
    return [one for number in range(requests) for one in story(f"{name}-{number}", number)]


def story(name: str, number: int) -> Sequence[Heard]:
    """Of one request."""
    return moved_up(Story(name, admitted_at=DAWN + timedelta(milliseconds=number))).heard


async def with_ledgers(sizes: Sequence[int], tell: Any) -> list[Point]:
    """Write the same load into a ledger that holds more and more attempts; ``sizes`` from the smallest on."""
    with (
        tempfile.TemporaryDirectory(prefix="portfolio-growth-") as scratch,
        EmbeddedPostgres(Path(scratch) / "postgres", free_port()) as postgres,
    ):
        await migrate(postgres.address, "ledger")
        database = Database(StoreConfig(database_url=SecretStr(postgres.address)), "growth")
        await database.open()
        rows = Rows(database, {table.name: CommutingTable(table) for table in LEDGER.tables.values()})
        ledger = Ledger(rows, postgres.address, postgres.pid or 0)
        try:
            return await _grow(ledger, sizes, tell)
        finally:
            await database.close()


async def _grow(ledger: Ledger, sizes: Sequence[int], tell: Any) -> list[Point]:
    await ledger.write(stories("template", 1))
    for number in range(BATCHES):
        await ledger.write(stories(f"warm-{number}", AT_ONCE))
    points: list[Point] = []
    filled = 0
    for size in sizes:
        tell(f"ledger: {size:,} attempts ...")
        await ledger.fill(filled, size // ATTEMPTS_A_REQUEST, Story("template-0").request_id)
        filled = size // ATTEMPTS_A_REQUEST
        points += await _measured(ledger, size)
    return points


async def _measured(ledger: Ledger, size: int) -> list[Point]:
    told: list[tuple[float, float]] = []
    for number in range(BATCHES):
        heard = stories(f"at-{size}-{number}", AT_ONCE)
        own, theirs = time.process_time(), cpu_seconds(ledger.pid)
        await ledger.write(heard)
        told.append((time.process_time() - own, cpu_seconds(ledger.pid) - theirs))
    ours, its = (sum(each[part] for each in told) / BATCHES / AT_ONCE * 1e6 for part in (0, 1))
    stands = max(size, ATTEMPTS_A_REQUEST * AT_ONCE * BATCHES)  # what the warming wrote is there, too
    costs = {"its process": ours, "PostgreSQL": its}
    return [Point(f"ledger: {part}", "attempts", stands, cost) for part, cost in costs.items()]
