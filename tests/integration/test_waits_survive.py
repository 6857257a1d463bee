"""A request that waits for its path goes on when its time has come, though escalation is killed while it is held."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import AttemptDispatched, AttemptFailed
from schemas.portfolio import Portfolio
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.topics import names_to_create
from schemas.vocabulary import Reason
from services.escalation.app import build_app as build_escalation
from services.escalation.config import EscalationConfig
from services.profiler.app import build_app as build_profiler
from services.profiler.config import ProfilerConfig
from services.router.app import build_app as build_router

WAIT_MS = 600_000
"""Longer than any machine needs to start and to kill a process. The test has its end come sooner."""
QUIET = TelemetryConfig()
DOCUMENT: Any = {
    "defaults": {"data_class": "internal", "lane": "simple"},
    "providers": {"busy": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:9"}},
    "models": {
        "only": {
            "kind": "api",
            "owner": "tests",
            "context_tokens": 4096,
            "endpoints": [{"provider": "busy", "model": "m"}],
        }
    },
    "lanes": {"simple": {"tiers": [["only"]], "deadline_s": 3_600}},
}


class BusyWorker:
    """The provider's worker: it turns each first attempt away, and keeps what it was sent."""

    def __init__(self, config: BusConfig, telemetry: Telemetry) -> None:
        self.dispatched: list[AttemptDispatched] = []
        self.bus = Bus(config, "busy", telemetry)
        self.bus.hears(AttemptDispatched, self._on_dispatched, suffix="busy")

    def _on_dispatched(self, event: AttemptDispatched, received: Received) -> Reaction:
        self.dispatched.append(event)
        if event.attempt.number > 1:
            return NOTHING
        told = {"reason": Reason.RATE_LIMITED, "detail": "it is at its limit", "retry_after_ms": WAIT_MS}
        failed = AttemptFailed(request=event.request, attempt=event.attempt, body=event.body, **told)
        return Reaction(says=(Said(failed),))

    async def ask(self) -> None:
        portfolio, now = Portfolio.of(DOCUMENT), datetime.now(UTC)
        revised = PortfolioRevised(
            revision=portfolio.digest(), number=1, portfolio=portfolio, revised_at=now, author="tests", current=True
        )
        question = ({"role": "user", "content": "Is anybody there?"},)
        await self.bus.say([Said(revised), Said(RequestSubmitted(request_id=uuid4(), messages=question))])


@pytest.fixture
async def worker(bus_config: BusConfig, store_config: StoreConfig, telemetry: Telemetry) -> AsyncIterator[BusyWorker]:
    """The worker, and who admits and routes: all but escalation."""
    worker = BusyWorker(bus_config, telemetry)
    await worker.bus.create_topics(names_to_create(("busy",)))
    await worker.bus.start()
    await worker.ask()
    apps = [build_profiler(ProfilerConfig(), bus_config, store_config, QUIET), build_router(bus_config, QUIET)]
    await asyncio.gather(*(app.start() for app in apps))
    yield worker
    await asyncio.gather(*(app.stop() for app in apps))
    await worker.bus.stop()


@asynccontextmanager
async def alone(bus: BusConfig, store: StoreConfig) -> AsyncIterator[asyncio.subprocess.Process]:
    """Escalation as a process of its own, killed at the end."""
    told = {
        "KAFKA_BOOTSTRAP_SERVERS": bus.kafka_bootstrap_servers,
        "TOPIC_PREFIX": bus.topic_prefix,
        "TOPIC_PARTITIONS": str(bus.topic_partitions),
        "DATABASE_URL": store.dsn,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.escalation", env={**os.environ, **told}
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def held(store: StoreConfig) -> int:
    connection = await asyncpg.connect(store.dsn)
    try:
        if await connection.fetchval("SELECT to_regclass('escalation.requests')") is None:
            return 0
        return await connection.fetchval("SELECT count(*) FROM escalation.requests WHERE state = 'held'")
    finally:
        await connection.close()


async def the_wait_is_over(store: StoreConfig) -> None:
    connection = await asyncpg.connect(store.dsn)
    try:
        await connection.execute("UPDATE escalation.requests SET next_at = now() WHERE state = 'held'")
    finally:
        await connection.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, however long the machine takes: the test as a whole has its time."""
    while not await holds():  # noqa: ASYNC110 - it is in another process
        await asyncio.sleep(0.05)


async def test_a_request_that_is_held_outlives_escalation_and_is_sent_to_the_same_path_again(
    worker: BusyWorker, bus_config: BusConfig, store_config: StoreConfig
) -> None:
    async def is_held() -> bool:
        assert escalation.returncode is None
        return await held(store_config) == 1

    async def is_sent_and_settled() -> bool:  # it is said first, and settled then
        return len(worker.dispatched) > 1 and await held(store_config) == 0

    async with alone(bus_config, store_config) as escalation:
        await until(is_held)
    assert [event.attempt.number for event in worker.dispatched] == [1], "it was killed while the request was held"
    await the_wait_is_over(store_config)
    again = build_escalation(EscalationConfig(), bus_config, store_config, QUIET)
    await again.start()
    await until(is_sent_and_settled)
    await again.stop()

    said = {event.attempt.number: event for event in worker.dispatched}  # some may be said twice
    first, second = said[1], said[2]
    assert (second.attempt.number, second.attempt.model, second.attempt.provider) == (2, "only", "busy")
    assert [tried.reason for tried in second.tried] == [Reason.RATE_LIMITED]
    assert first.request == second.request
