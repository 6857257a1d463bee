"""A provider that hangs, or that may be asked little, holds up nobody but those who wait for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from confluent_kafka.admin import AdminClient
from dispatches import PER_TOKEN, dispatched, portfolio
from neighbours import GOOD, Neighbours, until
from scripted_provider import ScriptedProvider, serving

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from schemas.attempt import AttemptCompleted
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.standing import PortfolioRevised
from services.model_worker.app import ModelWorkerApp, build_app
from services.model_worker.config import ModelWorkerConfig

CLAIMED = "SELECT provider, count(*), count(owner) AS claimed FROM model_worker.attempts GROUP BY 1"


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    """Both providers: ``/hangs`` never answers, and ``/well`` does."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/hangs"):
            await asyncio.Event().wait()
        return web.Response(body=GOOD.encode())

    scripted = ScriptedProvider()
    scripted.answer = answer
    async with serving(scripted, handler_cancellation=True):
        yield scripted


def two_providers(url: str) -> Portfolio:
    document: Any = portfolio(price=PER_TOKEN).model_dump(mode="json", exclude_none=True)
    entry = {"adapter": "openai_compatible", "concurrency": 1}
    document["providers"] = {name: {**entry, "base_url": f"{url}/{name}/v1"} for name in ("hangs", "well")}
    endpoints = [{"provider": name, "model": "m", "price": PER_TOKEN} for name in ("hangs", "well")]
    document["models"]["small"]["endpoints"] = endpoints
    return Portfolio.of(document)


@asynccontextmanager
async def working(around: Neighbours, provider: str) -> AsyncIterator[ModelWorkerApp]:
    config = ModelWorkerConfig(provider=provider, stop_grace_s=0)
    app = build_app(config, around.bus, around.store, TelemetryConfig(), {})
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


async def claimed(store: StoreConfig) -> dict[str, tuple[int, int]]:
    """Rows, and how many of them were ever claimed, by provider."""
    connection = await asyncpg.connect(store.dsn)
    try:
        return {row["provider"]: (row["count"], row["claimed"]) for row in await connection.fetch(CLAIMED)}
    finally:
        await connection.close()


async def rows_of(store: StoreConfig, provider: str, count: int) -> tuple[int, int]:
    """As :func:`claimed`, once there are so many rows."""
    async with asyncio.timeout(20):
        while (found := (await claimed(store)).get(provider, (0, 0)))[0] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return found


def members_of(bus: BusConfig, group: str) -> int:
    """How many consumers Kafka counts in a group."""
    admin = AdminClient({"bootstrap.servers": bus.kafka_bootstrap_servers, "log_level": 0})
    return len(admin.describe_consumer_groups([group])[group].result(20).members)


async def test_a_provider_that_hangs_delays_no_other_and_leaves_its_queue_in_the_store(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    document = two_providers(provider.url)
    revised = PortfolioRevised(
        revision="r1", number=1, portfolio=document, revised_at=datetime.now(UTC), author="tests", current=True
    )
    await around.router.say([Said(revised)])
    async with AsyncExitStack() as stack:
        for name in document.providers:
            await stack.enter_async_context(working(around, name))
        await around.dispatch(*(dispatched(provider="hangs") for _ in range(200)))
        await until(lambda: any(request.path.startswith("/hangs") for request in provider.requests))
        await around.dispatch(*(dispatched(provider="well") for _ in range(40)))
        await until(lambda: len(around.ended) == 40)
        assert {type(event) for event in around.ended} == {AttemptCompleted}
        assert {event.attempt.provider for event in around.ended} == {"well"}
        assert await rows_of(around.store, "hangs", 200) == (200, 1), "a full worker claims no more, and reads on"
        group = around.bus.physical("model_worker.hangs")
        assert await asyncio.to_thread(members_of, around.bus, group) == 1


async def test_what_the_rate_limit_has_no_room_for_waits_in_the_store(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply(provider={"base_url": "${ACME_URL}/well", "requests_per_minute": 1})
    async with around.working() as app:
        await around.dispatch(*(dispatched() for _ in range(5)))
        await until(lambda: len(around.ended) == 1)
        assert await rows_of(around.store, "acme", 5) == (5, 1)
        assert app.counts["claimed"] == 1
        await around.apply(number=2, provider={"base_url": "${ACME_URL}/well"})
        await until(lambda: len(around.ended) == 5)
    assert {type(event) for event in around.ended} == {AttemptCompleted}
    assert len(provider.requests) == 5
