"""A reader of the log that dies breaks its service: those who wait for what it searches would wait in vain."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import KafkaConnectionError

from infra.bus import lookback
from infra.bus.config import BusConfig
from infra.bus.lookback import Lookback
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.topics import BY_EVENT

ENDS = (RequestCompleted, RequestFailed)
WITHIN_S = 10.0


class Reader:
    """A client of Kafka's that fails as it is told."""

    def __init__(self, error: Exception, failed: asyncio.Event) -> None:
        self._error, self._failed = error, failed

    async def start(self) -> None:
        self._failed.set()
        raise self._error


@pytest.fixture
async def broken() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def found(broken: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lookback]:
    config = BusConfig()

    async def existing(_: BusConfig) -> dict[str, int]:
        return {config.physical(BY_EVENT[event].name): 1 for event in ENDS}

    monkeypatch.setattr(lookback, "existing", existing)
    searched = Lookback(config, ENDS, broken)
    await searched.start()
    yield searched
    await searched.stop()


async def failing_with(error: Exception, found: Lookback, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = asyncio.Event()

    def reader(**_: Any) -> Reader:
        return Reader(error, failed)

    monkeypatch.setattr(lookback, "AIOKafkaConsumer", reader)
    with found.place(uuid4(), datetime.now(UTC)):
        await asyncio.wait_for(failed.wait(), WITHIN_S)


async def test_a_reader_that_dies_breaks_its_service(
    found: Lookback, broken: asyncio.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await failing_with(RuntimeError("a fault of ours"), found, monkeypatch)
    await asyncio.wait_for(broken.wait(), WITHIN_S)
    assert "a loop of the search of the log broke" in caplog.text


async def test_a_kafka_that_is_away_breaks_nothing(
    found: Lookback, broken: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    await failing_with(KafkaConnectionError(), found, monkeypatch)
    assert not broken.is_set()
