"""A stack that is slow to answer on a busy machine is waited for, and told of by what would help."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from infra.bus.config import BusConfig
from infra.local import bus, services
from infra.local.own_kafka import PATIENCE_S, TooBusy, told_as_ours
from infra.local.parts import Addresses
from infra.metrics.config import HealthConfig
from infra.telemetry.config import MetricPushConfig
from schemas.portfolio import Portfolio
from services.console.config import ConsoleConfig

PORTFOLIO = Portfolio.of(
    {
        "defaults": {"data_class": "internal", "lane": "simple"},
        "providers": {"local": {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:9"}},
        "models": {
            "small": {
                "kind": "api",
                "owner": "tests",
                "context_tokens": 4096,
                "endpoints": [{"provider": "local", "model": "m"}],
            }
        },
        "lanes": {"simple": {"tiers": [["small"]]}},
    }
)


@asynccontextmanager
async def kafka_that_says_nothing() -> AsyncIterator[Addresses]:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Addresses(f"127.0.0.1:{port}", "", "", None, None)


async def test_a_kafka_of_our_own_that_is_too_slow_is_told_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "PATIENCE_S", 0.2)
    async with kafka_that_says_nothing() as addresses:
        config = BusConfig(kafka_bootstrap_servers=addresses.kafka)
        with pytest.raises(TooBusy, match="Kafka, started here, did not answer") as raised:
            async with told_as_ours():
                await services.apply_portfolio(PORTFOLIO, addresses, config)
    assert "make up" not in str(raised.value)
    assert "run the command again" in str(raised.value)


def test_our_own_kafka_has_more_time_than_anothers() -> None:
    addresses = Addresses("127.0.0.1:1", "", "", None, None)
    assert bus.console_config(addresses).timeout_s == PATIENCE_S > ConsoleConfig(kafka="127.0.0.1:1").timeout_s


async def test_workers_that_are_not_ready_in_time_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "READY_S", 0.2)
    async with kafka_that_says_nothing() as addresses:
        config = BusConfig(kafka_bootstrap_servers=addresses.kafka)
        waiting = services.AllServices(
            [], [], [], config, ["local"], HealthConfig(port=0), MetricPushConfig(), unset={}
        )
        try:
            with pytest.raises(TooBusy, match=r"the workers of local were not ready within 0\.2 s"):
                await waiting.start()
        finally:
            await waiting.stop()
