"""The profiler's and escalation's schemas brought back as they were a while ago, beside the log of now.

What docs/how-to/restore.md says of them, tried on real Kafka and PostgreSQL.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from neighbours import until
from test_waits_survive import DOCUMENT

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import AttemptAccepted, AttemptDispatched, Cost, Usage
from schemas.content import body_of
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.topics import names_to_create
from services.escalation.app import build_app as escalation
from services.escalation.config import EscalationConfig
from services.profiler.app import build_app as profiler
from services.profiler.config import ProfilerConfig
from services.router.app import build_app as router

QUIET = TelemetryConfig()
SCHEMAS = ("profiler", "escalation")
TABLES = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = ANY($1)"
QUESTION = ({"role": "user", "content": "Is anybody there?"},)


class Client:
    """Who asks, answers in the workers' and the validator's place, and hears every end."""

    def __init__(self, config: BusConfig, telemetry: Telemetry) -> None:
        self.dispatched: dict[UUID, AttemptDispatched] = {}
        self.profiled: list[UUID] = []
        self.ends: list[tuple[UUID, str]] = []
        self.bus = Bus(config, "client", telemetry)
        self.bus.hears(AttemptDispatched, self._on_dispatched, suffix="busy")
        self.bus.hears(RequestProfiled, self._on_profiled)
        self.bus.hears(RequestCompleted, self._on_end)
        self.bus.hears(RequestFailed, self._on_end)

    def _on_dispatched(self, event: AttemptDispatched, received: Received) -> Reaction:
        self.dispatched[event.request.request_id] = event
        return NOTHING

    def _on_profiled(self, event: RequestProfiled, received: Received) -> Reaction:
        self.profiled.append(event.request.request_id)
        return NOTHING

    def _on_end(self, event: RequestCompleted | RequestFailed, received: Received) -> Reaction:
        self.ends.append((event.request_id, type(event).__name__))
        return NOTHING

    async def asks(self, request_id: UUID | None = None) -> UUID:
        """A request that a worker has before it."""
        request_id = request_id or uuid4()
        await self.bus.say([Said(RequestSubmitted(request_id=request_id, messages=QUESTION))])
        await until(lambda: request_id in self.dispatched)
        return request_id

    async def answers(self, request_id: UUID) -> None:
        """Its attempt is accepted, and it ends well."""
        sent, spent = self.dispatched[request_id], {"usage": Usage(), "cost": Cost(), "latency_ms": 1}
        told = {"request": sent.request, "attempt": sent.attempt, "answer": body_of(b"{}"), "checks": ()}
        await self.bus.say([Said(AttemptAccepted(**told, **spent, verified=True))])
        await until(lambda: (request_id, "RequestCompleted") in self.ends)


@pytest.fixture
async def client(bus_config: BusConfig, telemetry: Telemetry) -> AsyncIterator[Client]:
    client, portfolio = Client(bus_config, telemetry), Portfolio.of(DOCUMENT)
    await client.bus.create_topics(names_to_create(("busy",)))
    await client.bus.start()
    revised = {"revision": portfolio.digest(), "number": 1, "portfolio": portfolio, "author": "tests", "current": True}
    await client.bus.say([Said(PortfolioRevised(**revised, revised_at=datetime.now(UTC)))])
    yield client
    await client.bus.stop()


class Deciders:
    """Who admits, routes and ends: stopped and started as a restore wants it."""

    def __init__(self, bus: BusConfig, store: StoreConfig) -> None:
        self._bus, self._store = bus, store
        self._apps: tuple[object, ...] = ()

    async def start(self) -> None:
        bus, store = self._bus, self._store
        self._apps = (
            profiler(ProfilerConfig(), bus, store, QUIET),
            router(bus, QUIET),
            escalation(EscalationConfig(), bus, store, QUIET),
        )
        await asyncio.gather(*(app.start() for app in self._apps))  # type: ignore[attr-defined]

    async def stop(self) -> None:
        await asyncio.gather(*(app.stop() for app in self._apps))  # type: ignore[attr-defined]


@pytest.fixture
async def deciders(client: Client, bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Deciders]:
    deciders = Deciders(bus_config, store_config)
    await deciders.start()
    yield deciders
    await deciders.stop()


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(store_config.dsn)
    yield connection
    await connection.close()


async def backed_up(database: asyncpg.Connection) -> None:
    await database.execute("CREATE SCHEMA backup")
    for schema, table in await database.fetch(TABLES, SCHEMAS):
        await database.execute(f'CREATE TABLE backup."{schema}.{table}" AS TABLE {schema}.{table}')


async def restored(database: asyncpg.Connection) -> None:
    async with database.transaction():
        for schema, table in await database.fetch(TABLES, SCHEMAS):
            await database.execute(f"TRUNCATE {schema}.{table}")
            await database.execute(f'INSERT INTO {schema}.{table} TABLE backup."{schema}.{table}"')


async def test_what_was_said_of_a_restored_database_is_so(
    client: Client, deciders: Deciders, database: asyncpg.Connection
) -> None:
    ended_since = await client.asks()
    rows = "SELECT count(*) FROM escalation.dispatches"
    await until_is(database, rows, 1)
    await backed_up(database)
    await client.answers(ended_since)
    begun_since, forgotten = await client.asks(), await client.asks()
    await until_is(database, rows, 3)
    await deciders.stop()
    await restored(database)
    await deciders.start()

    await client.answers(begun_since)
    assert await client.asks() in client.dispatched, "what comes now goes its way"
    known = "SELECT state FROM escalation.requests WHERE request_id = $1"
    assert await database.fetchval(known, forgotten) is None, "nothing ends it at its deadline"
    assert await database.fetchval(known, ended_since) == "open", "it is under way again"

    await database.execute("UPDATE escalation.requests SET next_at = now(), deadline_at = now()")
    await until(lambda: (ended_since, "RequestFailed") in client.ends)
    assert [kind for about, kind in client.ends if about == ended_since] == ["RequestCompleted", "RequestFailed"]


async def test_what_was_admitted_since_is_admitted_again(
    client: Client, deciders: Deciders, database: asyncpg.Connection
) -> None:
    await client.asks()
    await backed_up(database)
    twice = await client.asks()
    await client.bus.say([Said(RequestSubmitted(request_id=twice, messages=QUESTION))])
    other = await client.asks()
    assert client.profiled.count(twice) == 1
    await deciders.stop()
    await restored(database)
    await deciders.start()
    await client.bus.say([Said(RequestSubmitted(request_id=twice, messages=QUESTION))])
    await until(lambda: client.profiled.count(twice) == 2)
    assert client.profiled.count(other) == 1


async def until_is(database: asyncpg.Connection, statement: str, count: int) -> None:
    async with asyncio.timeout(30):
        while await database.fetchval(statement) != count:  # noqa: ASYNC110 only the database knows
            await asyncio.sleep(0.02)
