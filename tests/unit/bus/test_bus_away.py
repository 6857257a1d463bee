"""A service that starts before its Kafka, or its database, waits for it, and says meanwhile what it stumbles over."""

import asyncio
import gc
import logging
import warnings
from datetime import UTC, datetime

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from log_records import record

from infra.bus import bus as bus_module
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.delivery import Delivery
from infra.bus.meters import BusMeters
from infra.bus.publisher import Publisher
from infra.metrics.health import Health
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import Received

NOBODY = BusConfig(kafka_bootstrap_servers="127.0.0.1:1")


@pytest.mark.parametrize("creates", [True, False])
async def test_a_start_waits_for_brokers_and_ready_says_why(creates: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    is_up, tried = asyncio.Event(), asyncio.Event()

    async def asked(*_: object) -> list[str]:
        tried.set()
        if not is_up.is_set():
            raise KafkaConnectionError
        return []

    monkeypatch.setattr(bus_module, "create" if creates else "existing", asked)
    bus = Bus(NOBODY.model_copy(update={"topics_create": creates}), "router", Telemetry(TelemetryConfig(), "router"))
    health = Health("router", bus)
    start = asyncio.create_task(health.after("its topics", bus.create_topics(["request.submitted"])))
    await asyncio.wait_for(tried.wait(), 5)
    assert await health.unready() == ["its topics (KafkaConnectionError)"]
    is_up.set()
    await asyncio.wait_for(start, 5)
    assert await health.unready() == ["its topics"]


async def test_what_no_wait_mends_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(*_: object) -> list[str]:
        raise TopicAuthorizationFailedError

    monkeypatch.setattr(bus_module, "create", refuses)
    bus = Bus(NOBODY, "router", Telemetry(TelemetryConfig(), "router"))
    with pytest.raises(TopicAuthorizationFailedError):
        await asyncio.wait_for(bus.create_topics(["request.submitted"]), 5)


async def test_a_producer_that_finds_no_broker_is_closed() -> None:
    publisher = Publisher(NOBODY, "router", BusMeters())
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        with pytest.raises(KafkaConnectionError):
            await publisher.start()
        gc.collect()


async def test_a_database_that_is_away_is_told_by_its_error_and_in_the_same_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = StoreConfig.model_validate({"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    database = Database(store, "router")
    health = Health("router", database)
    with caplog.at_level(logging.WARNING, "infra.store.database"):
        start = asyncio.create_task(health.after("the database", database.open()))
        async with asyncio.timeout(5):
            while len(caplog.records) < 2:  # noqa: ASYNC110 a log has no event
                await asyncio.sleep(0.01)
    assert await health.unready() == ["the database (ConnectionRefusedError)"]
    assert len({each.getMessage() for each in caplog.records}) == 1, "so that it is said seldom"
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)


@pytest.mark.parametrize("key", [b"0189c0de-0000-7000-8000-000000000001", b"acme", b"\xff", None])
def test_a_line_about_an_event_names_its_request_and_its_trace(key: bytes | None) -> None:
    received = Received("request.profiled", 0, 0, datetime.now(UTC), key, trace_id="a1" * 16)
    ids = Delivery(record(b"{}"), None, received).ids
    named = {"request_id": key.decode()} if key and key.startswith(b"0189") else {}
    assert ids == {"trace_id": "a1" * 16, **named}
