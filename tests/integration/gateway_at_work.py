"""A gateway on real Kafka, and a scripted responder that stands for the rest of the pipeline."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from openai import AsyncOpenAI

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.topics import GATEWAY_INTAKE, names_to_create
from services.gateway.app import GatewayApp, build_app
from services.gateway.config import GatewayConfig

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
TOOLS: Any = [{"type": "function", "function": {"name": "where", "parameters": {"type": "object"}}}]
WITHIN_S = 20
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
        "lanes": {"simple": {"tiers": [["small"]], "deadline_s": 20}},
    }
)
REVISED = PortfolioRevised(
    revision=PORTFOLIO.digest(), number=1, portfolio=PORTFOLIO, revised_at=NOON, author="test", current=True
)
End = RequestCompleted | RequestFailed


def answered(asked: RequestSubmitted, **told: Any) -> RequestCompleted:
    """What the pipeline says when all is well."""
    message = {"role": "assistant", "content": f"You asked: {asked.messages[-1]['content']}"}
    facts = {
        "request_id": asked.request_id,
        "status": "verified",
        "answer": {"message": message, "finish_reason": "stop"},
        "task": "faq",
        "lane": "simple",
        "tenant": asked.tenant,
        "model": "small",
        "provider": "acme",
        "attempts": 1,
        "usage": {"input_tokens": 5, "output_tokens": 7},
        "cost_usd": "0.00002",
        "latency_ms": 40,
        "revision": REVISED.revision,
        "admitted_at": NOON,
        "completed_at": NOON,
        "deadline_at": NOON,
    }
    return RequestCompleted.of(facts | told)


def given_up(asked: RequestSubmitted, reason: str, detail: str) -> RequestFailed:
    """What the pipeline says when it gave up."""
    facts = {
        "request_id": asked.request_id,
        "reason": reason,
        "detail": detail,
        "task": "faq",
        "lane": "simple",
        "tenant": asked.tenant,
        "attempts": 0,
        "cost_usd": "0",
        "revision": REVISED.revision,
        "admitted_at": NOON,
        "failed_at": NOON,
        "deadline_at": NOON,
    }
    return RequestFailed.of(facts)


def script(asked: RequestSubmitted) -> End:
    """One pipeline for all tests: what is asked says how it ends."""
    if asked.model == "gpt-9":
        return given_up(asked, "unknown_model", "unknown model 'gpt-9': the portfolio has: small")
    if asked.tools:
        call = {"id": "call_1", "type": "function", "function": {"name": "where", "arguments": '{"of": "Louvre"}'}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return answered(asked, answer={"message": message, "finish_reason": "tool_calls"})
    if asked.response_format:
        message = {"role": "assistant", "content": '{"city": "Paris"}'}
        return answered(asked, answer={"message": message, "finish_reason": "stop"})
    return answered(asked)


@dataclass
class Responder:
    """Reads the gateway's intake topic and answers on the result topics, with a Kafka client of its own."""

    config: BusConfig
    records: list["ConsumerRecord[Any, Any]"] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        topic = self.config.physical(GATEWAY_INTAKE)
        where = {"bootstrap_servers": self.config.kafka_bootstrap_servers}
        self._producer = AIOKafkaProducer(**where)
        self._consumer = AIOKafkaConsumer(auto_offset_reset="earliest", **where)
        await self._producer.start()
        await self._consumer.start()
        self._consumer.assign([TopicPartition(topic, number) for number in range(self.config.topic_partitions)])
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._consumer.stop()
        await self._producer.stop()

    async def _run(self) -> None:
        async for record in self._consumer:
            self.records.append(record)
            await self.say(script(RequestSubmitted.read(record.value)), record.key)

    async def say(self, end: End, key: bytes | None) -> int:
        """Publish an end; the partition where it stands."""
        name = "request.completed" if isinstance(end, RequestCompleted) else "request.failed"
        return await self.say_raw(name, end.to_json(), key)

    async def say_raw(self, name: str, value: bytes, key: bytes | None) -> int:
        found = await self._producer.send_and_wait(self.config.physical(name), value, key=key)
        return found.partition


@asynccontextmanager
async def responding(config: BusConfig) -> AsyncIterator[Responder]:
    """Topics, a portfolio in force, and somebody who answers."""
    console = Bus(config, "console", Telemetry(TelemetryConfig(), "console"))
    await console.create_topics(names_to_create(()))
    await console.start()
    await console.say([Said(REVISED)])
    await console.stop()
    responder = Responder(config)
    await responder.start()
    yield responder
    await responder.stop()


@dataclass
class Replicas:
    """Two gateways over one database, and what they published."""

    apps: tuple[GatewayApp, GatewayApp]
    responder: Responder

    @property
    def asked(self) -> list[RequestSubmitted]:
        return [RequestSubmitted.read(record.value) for record in self.responder.records]


@asynccontextmanager
async def replicas(config: BusConfig, store: StoreConfig, **settings: Any) -> AsyncIterator[Replicas]:
    """Both running, a portfolio in force, and somebody who answers."""
    told: dict[str, Any] = {"replica_count": 2, "store": store, **settings}
    async with (
        responding(config) as responder,
        gateway(config, replica_index=0, **told) as first,
        gateway(config, replica_index=1, **told) as second,
    ):
        yield Replicas((first, second), responder)


@asynccontextmanager
async def gateway(config: BusConfig, store: StoreConfig | None = None, **settings: Any) -> AsyncIterator[GatewayApp]:
    """A gateway that runs, on a free port."""
    app = build_app(GatewayConfig(port=0, **settings), config, TelemetryConfig(), store=store)
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def client_of(app: GatewayApp, **settings: Any) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{app.url}/v1", api_key="any", **settings)


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail when it never does."""
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110 what is waited for has no event of its own
            await asyncio.sleep(0.01)


async def ready(app: GatewayApp, status: int) -> str:
    """Wait until ``/ready`` answers with this status; what it says."""
    async with httpx.AsyncClient() as client, asyncio.timeout(WITHIN_S):
        while (told := await client.get(f"{app.url}/ready")).status_code != status:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return told.text
