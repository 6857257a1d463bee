"""The attempt store as tests see it: rows put in as the bus does, and times moved in the rows instead of waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from dispatches import TRACEPARENT, received
from dispatches import portfolio as portfolio_of_tests

from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.attempt import AttemptDispatched, Cost, Usage
from schemas.content import Answer
from schemas.portfolio import Portfolio
from services.model_worker.adapters.attempt_store import AttemptStore
from services.model_worker.adapters.settlements import Settlements
from services.model_worker.domain.calls import Answered
from services.model_worker.domain.claims import Claim, Finished
from services.model_worker.domain.outcomes import completed
from services.model_worker.handlers import Handlers


class Revisions:
    """Every revision is the tests' portfolio."""

    def revision(self, name: str) -> Portfolio:
        return portfolio_of_tests()


@dataclass(slots=True)
class Shelf:
    """The store as several workers see it. Times are moved in the rows, so that no test waits for a lease to end."""

    database: Database

    def worker(self, provider: str = "acme", free: int = 0, owner: UUID | None = None) -> AttemptStore:
        """A store of another process, which may claim so many attempts as it writes them."""
        return AttemptStore(self.database, owner or uuid4(), provider, lease_s=60.0, presence_s=60.0, free=lambda: free)

    def settlements(self, owner: UUID) -> Settlements:
        """What late calls came to, as the process of this id sees it."""
        return Settlements(self.database, owner, lease_s=60.0)

    async def put(
        self, *events: AttemptDispatched, by: AttemptStore | None = None, undone_by: Exception | None = None
    ) -> None:
        """Insert attempts as the bus does: what the handler says, sorted by key, in one transaction, perhaps undone."""
        async with self.database.pool.acquire() as connection, connection.transaction():
            await self.put_within(connection, *events, by=by)
            if undone_by is not None:
                raise undone_by

    async def put_within(self, connection: Any, *events: AttemptDispatched, by: AttemptStore | None = None) -> None:
        """Insert attempts in a transaction of the test's own."""
        reactions = [Handlers(Revisions()).on_attempt_dispatched(event, received(event)) for event in events]
        writes = sorted(
            (write for reaction in reactions for write in reaction.writes), key=lambda write: str(write.key)
        )
        await (by or self.worker()).write(connection, writes)

    async def rows(self) -> dict[UUID, asyncpg.Record]:
        """All attempts, by id."""
        rows = await self.database.pool.fetch("SELECT * FROM model_worker.attempts")
        return {row["attempt_id"]: row for row in rows}

    async def until(self, holds: Callable[[dict[UUID, asyncpg.Record]], bool]) -> None:
        """Wait until the rows are as they should be, with a deadline."""
        async with asyncio.timeout(20):
            while not holds(await self.rows()):  # noqa: ASYNC110 - it waits for other connections
                await asyncio.sleep(0.02)

    async def run_out(self, *attempt_ids: UUID) -> None:
        """These leases have just run out."""
        await self.database.pool.execute(
            "UPDATE model_worker.attempts SET lease_until = now() - interval '1 ms' "
            "WHERE attempt_id = ANY ($1::uuid[])",
            list(attempt_ids),
        )

    async def age(self, seconds: float) -> None:
        """All deadlines and leases lie this much further back."""
        await self.database.pool.execute(
            "UPDATE model_worker.attempts SET deadline_at = deadline_at - make_interval(secs => $1), "
            "lease_until = lease_until - make_interval(secs => $1)",
            seconds,
        )


@asynccontextmanager
async def shelf_in(store_config: StoreConfig) -> AsyncIterator[Shelf]:
    """A migrated store with connections for several workers."""
    await migrate(store_config.dsn, "model_worker")
    database = Database(store_config.model_copy(update={"database_pool_size": 12}), "test")
    await database.open()
    yield Shelf(database)
    await database.close()


@pytest.fixture
async def shelf(store_config: StoreConfig) -> AsyncIterator[Shelf]:
    """Of a test's own database."""
    async with shelf_in(store_config) as opened:
        yield opened


def answer_to(claim: Claim, text: str = "Yes.") -> Finished:
    """What a call came to."""
    event = AttemptDispatched.read(claim.event)
    said = Answer(message={"role": "assistant", "content": text}, finish_reason="stop")
    ending = completed(event, Answered(said, Usage(output_tokens=1), "m"), Cost(micro_usd=5), 30)
    return Finished(claim.attempt_id, claim.fence, ending, ending.to_json(), TRACEPARENT)
