"""The read API of a ledger over a real PostgreSQL, and a way to fill it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from unit.ledger.ledger_story import Heard, Log, Story
from unit.ledger.usual_stories import moved_up

from infra.bus.rows import Rows
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.engine import engine_of
from infra.store.migrate import migrate
from schemas.topics import BY_EVENT
from services.ledger.adapters.commuting_table import CommutingTable
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.ledger_reader import LedgerReader
from services.ledger.adapters.tables import LEDGER
from services.ledger.handlers import Handlers
from services.ledger.routes import build_api


@dataclass
class Api:
    """The API of a ledger, and a way to fill it."""

    client: httpx.AsyncClient
    database: Database

    async def hear(self, heard: Sequence[Heard]) -> None:
        await self.write(heard)
        await self.database.patiently(lambda connection: Digest().some(connection, 1_000))

    async def write(self, heard: Sequence[Heard]) -> None:
        """Write the rows, and work nothing out."""
        handlers = Handlers()
        rows = Rows(self.database, {table.name: CommutingTable(table) for table in LEDGER.tables.values()})
        names = (BY_EVENT[type(one.event)].name.replace(".", "_") for one in heard)
        reactions = [
            getattr(handlers, f"on_{name}")(one.event, one.received) for name, one in zip(names, heard, strict=True)
        ]
        await rows.write([reaction.writes for reaction in reactions])

    async def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = await self.client.get(path, params=params or None)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
async def api(store_config: StoreConfig) -> AsyncIterator[Api]:
    await migrate(store_config.dsn, "ledger")
    database = Database(store_config, "test")
    await database.open()
    engine = engine_of(store_config.dsn)
    transport = httpx.ASGITransport(build_api(LedgerReader(engine), lambda: True))
    async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
        yield Api(client, database)
    await engine.dispose()
    await database.close()


def escalated_once(story: Story) -> Log:
    """Moved up once, and judged by its user."""
    log = moved_up(story)
    log.say(story.feedback())
    return log
