"""A tenant's budget, held by profilers that run: two at once, one of them replaced under way, over real Kafka."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from gateway_at_work import NOON, answered
from one_month import stay_in_this_month

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.topics import names_to_create
from services.profiler.app import ProfilerApp, build_app
from services.profiler.config import ProfilerConfig

INTAKE = "request.submitted.shop"
PORTFOLIO = Portfolio.of(
    {
        "defaults": {"data_class": "internal", "lane": "simple"},
        "providers": {"acme": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:1"}},
        "models": {
            "small": {
                "kind": "api",
                "owner": "platform",
                "context_tokens": 1_000,
                "endpoints": [{"provider": "acme", "model": "small"}],
            }
        },
        "lanes": {"simple": {"tiers": [["small"]], "budget_usd": "0.01"}},
        "tenants": {"shop": {"budget_usd_per_month": "1"}},
    }
)
REVISED = PortfolioRevised(
    revision=PORTFOLIO.digest(), number=1, portfolio=PORTFOLIO, revised_at=NOON, author="test", current=True
)
ASK = {"role": "user", "content": "When do you open?"}


async def profiler(stack: AsyncExitStack, bus: BusConfig, store: StoreConfig) -> ProfilerApp:
    app = build_app(ProfilerConfig(), bus, store, TelemetryConfig())
    await app.start()
    stack.push_async_callback(app.stop)
    return app


class Log:
    """What clients publish, and what profilers say of it."""

    def __init__(self, config: BusConfig, stack: AsyncExitStack) -> None:
        self._config = config
        self._stack = stack

    async def open(self) -> None:
        where = {"bootstrap_servers": self._config.kafka_bootstrap_servers}
        self._producer = AIOKafkaProducer(**where)
        self._consumer = AIOKafkaConsumer(auto_offset_reset="earliest", **where)
        for client in (self._producer, self._consumer):
            await client.start()
            self._stack.push_async_callback(client.stop)
        topic = self._config.physical("request.profiled")
        self._consumer.assign([TopicPartition(topic, number) for number in range(self._config.topic_partitions)])

    async def submit(self, count: int) -> list[UUID]:
        ids = [uuid4() for _ in range(count)]
        topic = self._config.physical(INTAKE)
        for request_id in ids:
            value = RequestSubmitted(messages=(ASK,), request_id=request_id).to_json()
            await self._producer.send(topic, value, key=str(request_id).encode())
        await self._producer.flush()
        return ids

    async def profiled(self, count: int) -> dict[UUID, RequestProfiled]:
        """The next requests that are admitted, each once however often it is said."""
        found: dict[UUID, RequestProfiled] = {}
        async with asyncio.timeout(60):
            async for record in self._consumer:
                event = RequestProfiled.read(record.value or b"")
                found[event.request.request_id] = event
                if len(found) == count:
                    break
        return found

    async def end(self, request_id: UUID, cost_usd: str) -> None:
        asked = RequestSubmitted(messages=(ASK,), request_id=request_id, tenant="shop")
        value = answered(asked, tenant="shop", cost_usd=cost_usd).to_json()
        await self._producer.send_and_wait(self._config.physical("request.completed"), value)


async def test_two_profilers_and_a_restart_let_in_what_the_budget_allows(
    bus_config: BusConfig, store_config: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stay_in_this_month(monkeypatch)
    console = Bus(bus_config, "console", Telemetry(TelemetryConfig(), "console"))
    await console.create_topics([*names_to_create(()), INTAKE])
    await console.start()
    await console.say([Said(REVISED)])
    await console.stop()
    async with AsyncExitStack() as stack:
        log = Log(bus_config, stack)
        await log.open()
        first = await profiler(stack, bus_config, store_config)
        await profiler(stack, bus_config, store_config)
        ids = await log.submit(100)
        await first.stop()
        await profiler(stack, bus_config, store_config)
        ids += await log.submit(100)
        told = await log.profiled(200)
        assert set(told) == set(ids)
        refusals = Counter(event.refusal and str(event.refusal.reason) for event in told.values())
        assert refusals == {None: 100, "quota_spent": 100}
        let_in = [request_id for request_id, event in told.items() if event.refusal is None]
        for request_id in let_in[:10] * 2:
            await log.end(request_id, "0.002")
        database = Database(store_config, "test")
        await database.open()
        stack.push_async_callback(database.close)
        async with asyncio.timeout(30):
            while await spending(database) != (900_000, 20_000):  # noqa: ASYNC110 what is waited for is in a database
                await asyncio.sleep(0.05)
        await log.submit(9)
        freed = await log.profiled(9)
        refusals = Counter(event.refusal and str(event.refusal.reason) for event in freed.values())
        assert refusals == {None: 8, "quota_spent": 1}


async def spending(database: Database) -> tuple[int, int]:
    row = await database.pool.fetchrow("SELECT held_micro_usd, spent_micro_usd FROM profiler.spending")
    return (row["held_micro_usd"], row["spent_micro_usd"])
