"""A server that goes between two steps of a start is waited for, as one that was not there at the first."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from gateway_at_work import REVISED

from infra.bus import bus, lookback, standing
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.reading import PatientConsumer
from infra.metrics.health import Health
from infra.store import migrate as migrating
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import Said
from schemas.topics import names_to_create
from services.gateway.app import GatewayApp
from services.gateway.app import build_app as gateway
from services.gateway.config import GatewayConfig
from services.router.app import RouterApp
from services.router.app import build_app as router

QUIET = TelemetryConfig()
WITHIN_S = 30


class Away:
    """A step of ours, or of a client's, which finds nobody until :meth:`back`."""

    def __init__(self, patch: pytest.MonkeyPatch, owner: Any, name: str, first: int = 0) -> None:
        inner, self._left, self._is_back = getattr(owner, name), first, False
        self.asked = asyncio.Event()

        async def step(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._is_back or self._left >= 0:
                return await inner(*arguments, **named)
            self.asked.set()
            raise KafkaConnectionError("it went")

        patch.setattr(owner, name, step)

    def back(self) -> None:
        self._is_back = True


async def waits_and_goes_on(app: RouterApp | GatewayApp, away: Away, step: str) -> None:
    starting = asyncio.create_task(app.start())
    try:
        await asyncio.wait_for(away.asked.wait(), WITHIN_S)
        async with asyncio.timeout(WITHIN_S):
            while await app.health.unready() != [f"{step} (KafkaConnectionError)"]:
                assert not starting.done(), "the start goes on"
                await asyncio.sleep(0.01)
        away.back()
        await asyncio.wait_for(starting, WITHIN_S)
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await app.stop()


@pytest.fixture
async def in_force(bus_config: BusConfig, telemetry: Telemetry) -> None:
    """A portfolio, said before anything goes."""
    said = Bus(bus_config, "console", telemetry)
    await said.create_topics(names_to_create(("acme",)))
    await said.start()
    await said.say([Said(REVISED)])
    await said.stop()


ROUTERS = {
    "the consumer of what stands": (AIOKafkaConsumer, "start", "the compacted topics"),
    "which topics stand": (standing, "existing", "the compacted topics"),
    "where they end": (AIOKafkaConsumer, "end_offsets", "the compacted topics"),
    "what they hold": (AIOKafkaConsumer, "getmany", "the compacted topics"),
    "the producer": (AIOKafkaProducer, "start", "its partitions"),
    "the reader": (PatientConsumer, "start", "its partitions"),
}


@pytest.mark.parametrize("at", ROUTERS)
async def test_kafka_may_go_at_any_step_of_a_routers_start(
    at: str, bus_config: BusConfig, in_force: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, step = ROUTERS[at]
    await waits_and_goes_on(router(bus_config, QUIET), Away(monkeypatch, owner, name), step)


GATEWAYS = {
    "its partitions": (bus, "existing", 0, "its partitions"),
    "its share": (bus, "existing", 1, "its share of the ids"),
    "the log of results": (lookback, "existing", 0, "the log to look back in"),
    "the log of roads": (lookback, "existing", 1, "the log of all roads"),
    "what is said of answers": (AIOKafkaProducer, "start", 1, "what is said of answers"),
}


@pytest.mark.parametrize("at", GATEWAYS)
async def test_kafka_may_go_at_any_step_of_a_gateways_start(
    at: str, bus_config: BusConfig, store_config: StoreConfig, in_force: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, first, step = GATEWAYS[at]
    app = gateway(GatewayConfig(port=0), bus_config, QUIET, store=store_config)
    await waits_and_goes_on(app, Away(monkeypatch, owner, name, first), step)


async def test_what_no_wait_mends_ends_the_start_at_any_step(
    bus_config: BusConfig, in_force: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> dict[str, int]:
        raise TopicAuthorizationFailedError

    monkeypatch.setattr(standing, "existing", refused)
    app = router(bus_config, QUIET)
    with pytest.raises(TopicAuthorizationFailedError):
        await asyncio.wait_for(app.start(), WITHIN_S)
    await app.stop()


async def test_a_start_that_waits_for_kafka_can_be_ended(
    bus_config: BusConfig, in_force: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    away, app = Away(monkeypatch, PatientConsumer, "start"), router(bus_config, QUIET)
    starting = asyncio.create_task(app.start())
    await asyncio.wait_for(away.asked.wait(), WITHIN_S)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await asyncio.wait_for(app.stop(), WITHIN_S)


def _cut(connection: Any, service: str, then: Callable[[Any, str], None], cut: list[str]) -> None:
    """Ends the connection as a server does that is shut down, once."""
    if not cut:
        cut.append(service)
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
    then(connection, service)


async def test_a_database_that_goes_while_a_schema_is_brought_up_to_date_is_waited_for(
    store_config: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[str] = []
    monkeypatch.setattr(migrating, "_upgrade", partial(_cut, then=migrating._upgrade, cut=cut))
    database = Database(store_config, "router")
    health = Health("router", database)
    await database.open()
    try:
        step = database.migrate("profiler")
        await asyncio.wait_for(health.after("its schema", step), WITHIN_S)
        assert cut == ["profiler"]
        there = "SELECT to_regclass('profiler.admissions') IS NOT NULL"
        assert await database.patiently(lambda connection: connection.fetchval(there))
    finally:
        await database.close()


async def test_a_migration_that_is_wrong_ends_the_start(
    store_config: StoreConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(connection: Any, service: str) -> None:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")

    monkeypatch.setattr(migrating, "_upgrade", wrong)
    database = Database(store_config, "router")
    with pytest.raises(Exception, match="nowhere"):
        await asyncio.wait_for(database.migrate("profiler"), WITHIN_S)
