"""The neighbours of a model worker, around a provider that each module scripts."""

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
