"""``portfolio tail`` as a process of its own, on real Kafka: it follows, looks back in order, and ends well."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from infra.bus.config import BusConfig
from schemas.outcome import RequestCancelled, RequestFailed
from schemas.topics import names_to_create
from services.console.app import build_app
from services.console.commands import portfolios
from services.console.config import ConsoleConfig
from services.console.domain.portfolio_file import read
from services.console.domain.revisions import Signature

AT = datetime.now(UTC) - timedelta(minutes=5)
WAIT_S = 30
PORTFOLIO = """\
defaults: {data_class: internal, lane: simple}
providers:
  local: {adapter: openai_compatible, base_url: "http://127.0.0.1:1"}
models:
  small: {kind: api, owner: me, context_tokens: 4096, endpoints: [{provider: local, model: m}]}
lanes:
  simple: {tiers: [[small]]}
"""


def failed(request_id: UUID, tenant: str = "default") -> RequestFailed:
    return RequestFailed(
        request_id=request_id,
        reason="tiers_spent",
        detail="no path is left",
        task="faq",
        lane="simple",
        tenant=tenant,
        attempts=2,
        cost_usd="0.00003",
        revision="abc",
        admitted_at=AT,
        failed_at=AT + timedelta(milliseconds=700),
        deadline_at=AT + timedelta(seconds=30),
    )


@pytest.fixture
async def producer(bus_config: BusConfig) -> AsyncIterator[AIOKafkaProducer]:
    """Speaks on topics that are there."""
    app = build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)
    await app.create_topics(names_to_create(()))
    producer = AIOKafkaProducer(**bus_config.connection())
    await producer.start()
    yield producer
    await producer.stop()


async def say(producer: AIOKafkaProducer, bus: BusConfig, event: RequestFailed | RequestCancelled) -> None:
    topic = "request.failed" if isinstance(event, RequestFailed) else "request.cancelled"
    await producer.send_and_wait(bus.physical(topic), event.to_json(), key=str(event.subject).encode())


@asynccontextmanager
async def tailing(bus: BusConfig, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, killed at the end if it is still there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.console", "tail", *arguments),
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": bus.kafka_bootstrap_servers, "TOPIC_PREFIX": bus.topic_prefix},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), WAIT_S)).decode()


async def complaint(process: asyncio.subprocess.Process) -> str:
    """What it said on standard error until its end."""
    assert process.stderr is not None
    return (await asyncio.wait_for(process.stderr.read(), WAIT_S)).decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_past_comes_in_its_order_and_a_signal_ends_it_well(
    bus_config: BusConfig, producer: AIOKafkaProducer, number: signal.Signals
) -> None:
    ids = [uuid4() for _ in range(12)]
    for place, request_id in enumerate(ids):
        left = RequestCancelled(request_id=request_id, tenant="default", by="client", cancelled_at=AT)
        await say(producer, bus_config, left if place % 2 else failed(request_id))

    async with tailing(bus_config, "--json", "--since", AT.isoformat()) as process:
        entries = [json.loads(await line(process)) for _ in ids]
        process.send_signal(number)
        assert await complaint(process) == ""
        assert await process.wait() == 0

    assert {entry["request_id"] for entry in entries} == set(map(str, ids))
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert {entry["state"] for entry in entries} == {"failed", "cancelled"}


async def test_what_happens_is_followed_filtered_and_a_closed_pipe_ends_it_well(
    bus_config: BusConfig, producer: AIOKafkaProducer
) -> None:
    async with tailing(bus_config, "--since", "1m", "--tenant", "acme", "--state", "failed") as process:
        first, second = uuid4(), uuid4()
        await say(producer, bus_config, failed(uuid4(), "other"))
        await say(producer, bus_config, failed(first, "acme"))
        assert f"{first}  simple  failed: tiers_spent: no path is left" in await line(process)

        transport = process._transport  # type: ignore[attr-defined] nothing else closes one pipe
        transport.get_pipe_transport(1).close()
        await say(producer, bus_config, failed(second, "acme"))
        assert await complaint(process) == ""
        assert await asyncio.wait_for(process.wait(), WAIT_S) == 0


async def test_a_lane_that_is_not_there_is_warned_of_and_followed_all_the_same(
    bus_config: BusConfig, producer: AIOKafkaProducer
) -> None:
    app = build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)
    await portfolios.put_in_force(app, read(PORTFOLIO), None, Signature("tester", AT))

    async with tailing(bus_config, "--lane", "simpel", "--lane", "simple", "--since", "1m") as process:
        await say(producer, bus_config, failed(uuid4()))
        assert "simple  failed: tiers_spent" in await line(process)
        process.send_signal(signal.SIGINT)
        assert 'no lane "simpel"; did you mean' in await complaint(process)
