"""How long a batch waits for what is on its way here: all of its events share one wait."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import pytest
from log_records import record

from infra.bus.bus import NOT_YET_TRIES, Bus
from infra.bus.config import BusConfig
from infra.bus.publisher import Message
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import NOTHING, NotYet, Reaction, Received
from schemas.review import FeedbackRecorded

SIZE = 128
AT = datetime(2026, 3, 2, tzinfo=UTC)


class Log:
    """In the place of Kafka: hands over a batch, and keeps what is published and committed."""

    published: ClassVar[list[Message]] = []
    committed: ClassVar[list[int]] = []
    process: ClassVar[Callable[[Sequence[Any]], Awaitable[None]]]

    def __init__(self, *told: Any) -> None:
        if len(told) == 5:
            Log.process = told[3]

    async def start(self) -> None: ...

    async def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        self.published.extend(messages)
        return {}

    async def commit(self, records: Sequence[Any]) -> None:
        self.committed.extend(each.offset for each in records)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time, without waiting."""
    found: list[float] = []
    Log.published, Log.committed = [], []
    for name in ("Reader", "Publisher"):
        monkeypatch.setattr(f"infra.bus.bus.{name}", Log)

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return found


async def processed(handler: Callable[[FeedbackRecorded, Received], Reaction]) -> None:
    bus = Bus(BusConfig(topic_prefix="p."), "router", Telemetry(TelemetryConfig(), "router"))
    bus.hears(FeedbackRecorded, handler, spanned=False)
    await bus.start()
    await Log.process([heard(offset) for offset in range(SIZE)])


def heard(offset: int) -> Any:
    event = FeedbackRecorded(
        request_id=UUID(int=offset), feedback_id=UUID(int=1), source="user", score=1.0, recorded_at=AT
    )
    return record(event.to_json(), topic="p.feedback.recorded", offset=offset)


async def test_a_batch_waits_once_for_what_never_comes(waits: list[float]) -> None:
    def never(event: FeedbackRecorded, received: Received) -> Reaction:
        raise NotYet("a revision")

    await processed(never)
    assert len([each for each in waits if each]) <= NOT_YET_TRIES, "a batch would stall its partition for minutes"
    reasons = [dict(message.headers or ())["dl_reason"] for message in Log.published]
    assert reasons == [b"not_yet"] * SIZE
    assert Log.committed == list(range(SIZE))


async def test_what_comes_while_a_batch_waits_serves_all_of_it(waits: list[float]) -> None:
    tried: list[int] = []

    def comes(event: FeedbackRecorded, received: Received) -> Reaction:
        tried.append(received.offset)
        if len(waits) < NOT_YET_TRIES - 1:
            raise NotYet("a revision")
        return NOTHING

    await processed(comes)
    assert tried == [0] * (NOT_YET_TRIES - 1) + list(range(SIZE))
    assert (Log.published, Log.committed) == ([], list(range(SIZE)))
