"""Rows of requests' lives, and the store that keeps them, for the tests of both."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from infra.bus.rows import Rows
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.reaction import Write
from services.escalation.adapters.early_cancellations import EarlyCancellations
from services.escalation.adapters.request_store import Closings, Dispatches, Moves, Openings, PersonsAnswers
from services.escalation.adapters.timer_store import TimerStore
from services.escalation.domain.catching_up import Early
from services.escalation.domain.life import Cancellation, Closing, Dispatch, Move, Opening, PersonsAnswer
from services.escalation.domain.storm import Passage
from services.escalation.domain.timers import Due

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SOON, LONG_AGO = timedelta(hours=1), -timedelta(minutes=1)
KEPT_DAYS = 3
KEPT = timedelta(days=KEPT_DAYS)
TABLES = {
    "openings": Openings(KEPT),
    "dispatches": Dispatches(),
    "closings": Closings(KEPT),
    "moves": Moves(KEPT),
    "cancellations": EarlyCancellations(),
    "persons_answers": PersonsAnswers(),
}


class Store:
    """The tables and the timers of escalation, on a database of the test's own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._rows = Rows(database, TABLES)
        self._timers = TimerStore()

    async def write(self, *writes: Write) -> list[str]:
        """One batch, a delivery each."""
        return [outcome[0] for outcome in await self._rows.write([[write] for write in writes])]  # type: ignore[index]

    async def one(self, write: Write) -> str:
        (outcome,) = await self.write(write)
        return outcome

    async def take(self, limit: int = 100) -> list[Due]:
        return await self.database.patiently(lambda connection: self._timers.take(connection, limit))

    async def settle(self, due: list[Due]) -> None:
        await self.database.patiently(lambda connection: self._timers.settle(connection, due))

    async def wait(self, early: list[Early]) -> None:
        await self.database.patiently(lambda connection: self._timers.wait(connection, early))

    async def forget(self, days: int) -> int:
        return await self.database.patiently(lambda connection: self._timers.forget(connection, days))

    async def row(self, request_id: UUID) -> Any:
        return await self.database.pool.fetchrow("SELECT * FROM escalation.requests WHERE request_id = $1", request_id)

    async def the_lease_ends(self) -> None:
        """As after five seconds: what was taken and not settled is due again."""
        await self.database.pool.execute(
            "UPDATE escalation.requests SET next_at = now() WHERE next_at < now() + interval '6 seconds'"
        )


@pytest.fixture
async def store(store_config: StoreConfig) -> AsyncIterator[Store]:
    """The store, migrated and open."""
    await migrate(store_config.dsn, "escalation")
    database = Database(store_config, "test")
    await database.open()
    try:
        yield Store(database)
    finally:
        await database.close()


@pytest.fixture
def request_id() -> UUID:
    return uuid4()


def ends(after: timedelta) -> datetime:
    return datetime.now(UTC) + after


def opening(request_id: UUID, attempt: timedelta = SOON, request: timedelta = SOON) -> Write:
    row = Opening(request_id, ends(request), ends(attempt), b"profiled", TRACEPARENT)
    return Write("openings", request_id, row)


def with_context(opened: Write, context: bytes) -> Write:
    return replace(opened, row=replace(opened.row, context=context))


def dispatch(request_id: UUID, number: int, told: bytes = b"dispatched") -> Write:
    return Write("dispatches", (request_id, number), Dispatch(request_id, number, told, None))


def move(request_id: UUID, number: int, by: str, attempt: timedelta = SOON, request: timedelta = SOON) -> Write:
    row = Move(request_id, number, by, ends(request), ends(attempt), f"escalated by {by}".encode(), None)
    return Write("moves", request_id, row)


def move_up(request_id: UUID, number: int, by: str, passage: Passage, request: timedelta = SOON) -> Write:
    """A move that asks whether there is room, and was told this."""
    row = Move(request_id, number, by, ends(request), ends(SOON), f"escalated by {by}".encode(), None, passage)
    return Write("moves", request_id, row)


def ask(request_id: UUID, number: int, by: str = "asked", due: timedelta = SOON, request: timedelta = SOON) -> Write:
    """A person is asked after this attempt."""
    row = Move(request_id, number, by, ends(request), ends(due), b"asked", TRACEPARENT, Passage.ASK)
    return Write("moves", request_id, row)


def ask_beyond(request_id: UUID, number: int, beyond: timedelta, request: timedelta = LONG_AGO) -> Write:
    """A person is asked, who may answer later than the deadline."""
    asked = ask(request_id, number, due=beyond, request=request)
    return replace(asked, row=replace(asked.row, beyond=ends(beyond)))


def persons_answer(request_id: UUID, answer: bytes) -> Write:
    return Write("persons_answers", request_id, PersonsAnswer(request_id, answer))


def wait(request_id: UUID, number: int, by: str, until: timedelta, request: timedelta = SOON) -> Write:
    """A move that is made after so long, when its path may take it."""
    moved = move_up(request_id, number, by, Passage.WAIT, request)
    return replace(moved, row=replace(moved.row, not_before=ends(until)))


def acceptance(request_id: UUID, by: str = "accepted", request: timedelta = SOON) -> Write:
    return Write("closings", request_id, Closing(request_id, by, ends(request)))


def failure(request_id: UUID, number: int, by: str = "failed", request: timedelta = SOON) -> Write:
    return Write("closings", request_id, Closing(request_id, by, ends(request), only_attempt=number))


def cancellation(request_id: UUID, ago: timedelta = timedelta()) -> Write:
    return Write("cancellations", request_id, Cancellation(request_id, ends(-ago)))
