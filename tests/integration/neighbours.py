"""The services around a model worker, on real Kafka: one that dispatches, and one that hears what came of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiohttp import web
from dispatches import PER_TOKEN, portfolio
from scripted_provider import ScriptedProvider

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.standing import Standing
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.standing import BreakerChanged, PortfolioRevised, WorkerReady
from schemas.topics import names_to_create
from services.model_worker.app import ModelWorkerApp, build_app
from services.model_worker.config import ModelWorkerConfig

PATIENCE_S = 30
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
GOOD = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "content": "No."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3},
    }
)


async def until(holds: Callable[[], Any]) -> None:
    """Wait for a condition, with a deadline."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - of many kinds, and some are in other processes
            await asyncio.sleep(0.02)


class Neighbours:
    """The services around the workers: one that dispatches, and one that hears what came of it."""

    def __init__(self, bus: BusConfig, store: StoreConfig, telemetry: Telemetry, provider_url: str) -> None:
        self.bus, self.store = bus, store
        self.environ = {"ACME_URL": provider_url}
        self.ended: list[AttemptCompleted | AttemptFailed] = []
        self.traces: list[str | None] = []
        self.ready: list[WorkerReady] = []
        self.breakers: list[BreakerChanged] = []
        self.router = Bus(bus, "router", telemetry)
        self.validator = Bus(bus, "validator", telemetry)
        self.validator.hears(AttemptCompleted, self._on_ended)
        self.validator.hears(AttemptFailed, self._on_ended)
        self.standing = Standing(
            bus, {WorkerReady: self.ready.append, BreakerChanged: self.breakers.append}, asyncio.Event()
        )

    def _on_ended(self, event: AttemptCompleted | AttemptFailed, received: Received) -> Reaction:
        self.ended.append(event)
        self.traces.append(received.trace_id)
        return NOTHING

    async def start(self) -> None:
        await self.router.create_topics(names_to_create(("acme",)))
        await self.router.start()
        await self.validator.start()
        await self.standing.start()

    async def stop(self) -> None:
        await self.standing.stop()
        await self.validator.stop()
        await self.router.stop()

    async def apply(self, number: int = 1, **entries: Any) -> None:
        """Put a revision in force."""
        entries.setdefault("provider", {"base_url": "${ACME_URL}"})
        document = portfolio(price=PER_TOKEN, **entries)
        revised = PortfolioRevised(
            revision=f"r{number}",
            number=number,
            portfolio=document,
            revised_at=datetime.now(UTC),
            author="tests",
            current=True,
        )
        await self.router.say([Said(revised)])

    async def dispatch(self, *events: AttemptDispatched) -> None:
        await self.router.say([Said(event) for event in events], TRACEPARENT)

    def worker(self, **settings: Any) -> ModelWorkerApp:
        config = ModelWorkerConfig(provider="acme", **settings)
        return build_app(config, self.bus, self.store, TelemetryConfig(), self.environ)

    @asynccontextmanager
    async def working(self, **settings: Any) -> AsyncIterator[ModelWorkerApp]:
        """A worker that is started, and stopped in good order."""
        app = self.worker(**settings)
        try:
            await app.start()
            yield app
        finally:
            await app.stop()

    async def row(self, event: AttemptDispatched) -> asyncpg.Record:
        connection = await asyncpg.connect(self.store.dsn)
        try:
            query = "SELECT * FROM model_worker.attempts WHERE attempt_id = $1"
            return await connection.fetchrow(query, event.attempt.attempt_id)
        finally:
            await connection.close()

    async def row_that(self, event: AttemptDispatched, holds: Callable[[asyncpg.Record], Any]) -> asyncpg.Record:
        """The row, once it is there and as it should be."""
        async with asyncio.timeout(PATIENCE_S):
            while (row := await self.row(event)) is None or not holds(row):  # noqa: ASYNC110 - others write it
                await asyncio.sleep(0.05)
            return row


class Gate:
    """A provider's answer that waits until it is let go."""

    def __init__(self, provider: ScriptedProvider) -> None:
        self.open = asyncio.Event()
        provider.answer = self._answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        await self.open.wait()
        return web.Response(body=GOOD.encode())
