"""The neighbours of a model worker, around a provider that each module scripts; and the stack on these servers."""

from collections.abc import AsyncIterator

import pytest
from neighbours import Neighbours
from scripted_provider import ScriptedProvider

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.telemetry import Telemetry


@pytest.fixture
async def around(
    bus_config: BusConfig, store_config: StoreConfig, telemetry: Telemetry, provider: ScriptedProvider
) -> AsyncIterator[Neighbours]:
    neighbours = Neighbours(bus_config, store_config, telemetry, provider.url)
    await neighbours.start()
    yield neighbours
    await neighbours.stop()


@pytest.fixture
def small_stack(monkeypatch: pytest.MonkeyPatch, bus_config: BusConfig, store_config: StoreConfig) -> None:
    """The session's own servers in the place of embedded ones, and nobody to take spans."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", bus_config.kafka_bootstrap_servers)
    monkeypatch.setenv("TOPIC_PREFIX", bus_config.topic_prefix)
    monkeypatch.setenv("DATABASE_URL", store_config.dsn)
    monkeypatch.setattr("infra.local.parts.jaeger_binary", lambda: None)
