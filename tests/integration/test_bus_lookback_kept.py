"""What a search has read is remembered, and one that is far behind holds up none of the others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from bus_at_work import bus_of
from gateway_at_work import ASK, answered

from infra.bus.config import BusConfig
from infra.bus.lookback import Lookback, _Reader
from infra.bus.publisher import partition_of
from infra.bus.topics import create
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.reaction import Said
from schemas.request import RequestSubmitted

WITHIN_S = 60
OTHERS = 4_000
Say = Callable[..., Awaitable[object]]
Records = dict[TopicPartition, list["ConsumerRecord[Any, Any]"]]


class Counting(AIOKafkaConsumer):
    """Counts the records that searches are given."""

    read = 0

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, **told: Any) -> Records:
        found = await super().getmany(*partitions, timeout_ms=timeout_ms, **told)
        Counting.read += sum(map(len, found.values()))
        return found


def end_of(request_id: UUID) -> RequestCompleted:
    return answered(RequestSubmitted(request_id=request_id, tenant="default", messages=tuple(ASK)))


@pytest.fixture
async def say(bus_config: BusConfig) -> AsyncIterator[Say]:
    await create(bus_config, ["request.completed", "request.failed"])
    bus = bus_of(bus_config)
    await bus._publisher.start()

    async def say(*events: RequestCompleted) -> None:
        for part in (events[at : at + 500] for at in range(0, len(events), 500)):
            await bus.say([Said(event) for event in part])

    yield say
    await bus._publisher.stop()


@pytest.fixture
async def lookback(bus_config: BusConfig, say: Say, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lookback]:
    monkeypatch.setattr("infra.bus.lookback.AIOKafkaConsumer", Counting)
    monkeypatch.setattr(Counting, "read", 0)
    found = Lookback(bus_config, (RequestCompleted, RequestFailed), asyncio.Event())
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
def ids(bus_config: BusConfig) -> Callable[[], UUID]:
    """Ids that hash to one partition."""
    partitions = bus_config.topic_partitions
    drawn = (each for each in (uuid4() for _ in count()) if not partition_of(str(each).encode(), partitions))
    return lambda: next(drawn)


def hold_up_the_far_reader(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """It reads nothing until the event is set."""
    may_read, step = asyncio.Event(), _Reader._step

    async def once_it_may(self: _Reader, *told: Any) -> None:
        if self.near is not None:
            await may_read.wait()
        await step(self, *told)

    monkeypatch.setattr(_Reader, "_step", once_it_may)
    return may_read


async def read_by(search: Awaitable[object]) -> int:
    before = Counting.read
    await asyncio.wait_for(search, WITHIN_S)
    return Counting.read - before


async def test_what_was_read_once_is_not_read_again(lookback: Lookback, say: Say, ids: Callable[[], UUID]) -> None:
    since, ended, missing = datetime.now(UTC), ids(), ids()
    await say(*(end_of(ids()) for _ in range(OTHERS)), end_of(ended), *(end_of(ids()) for _ in range(OTHERS)))

    async def missed() -> None:
        with lookback.place(missing, since) as search:
            await search.caught_up

    async def found() -> None:
        with lookback.place(ended, since) as search:
            assert await search.found == end_of(ended)

    async def followed() -> None:
        with lookback.follow(ended, since) as events:
            assert await events.get() == end_of(ended)

    for look in (missed, found, followed):
        first, again = await read_by(look()), await read_by(look())
        assert first > OTHERS or look is followed, "the end, once found, is known to whoever follows"
        assert again < OTHERS, f"{look.__name__}: {first} records, and again {again}"


async def test_what_was_given_up_goes_on_from_there(lookback: Lookback, say: Say, ids: Callable[[], UUID]) -> None:
    since, missing = datetime.now(UTC), ids()
    await say(*(end_of(ids()) for _ in range(2 * OTHERS)))
    with lookback.place(missing, since) as search:
        async with asyncio.timeout(WITHIN_S):
            while sum(search.at.values()) < OTHERS:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        so_far = sum(search.at.values())
    with lookback.place(missing, since) as search:
        await asyncio.wait_for(search.caught_up, WITHIN_S)
    assert so_far >= OTHERS
    assert Counting.read < 2 * OTHERS + so_far


async def test_a_search_that_is_far_behind_holds_up_no_other(
    lookback: Lookback, say: Say, ids: Callable[[], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.bus.lookback.FAR", OTHERS // 2)
    monkeypatch.setattr("infra.bus.search.CLOCKS_APART", timedelta(0))
    may_read = hold_up_the_far_reader(monkeypatch)
    long_ago, old = datetime.now(UTC) - timedelta(hours=1), ids()
    for _ in range(5):
        await say(*(end_of(ids()) for _ in range(OTHERS)))
    now, fresh = datetime.now(UTC), ids()
    await say(end_of(fresh))
    with lookback.place(old, long_ago) as behind, lookback.place(fresh, now) as ahead:
        assert await asyncio.wait_for(ahead.found, WITHIN_S) == end_of(fresh)
        assert not behind.caught_up.done(), "the fresh one did not wait for it"
        may_read.set()
        await asyncio.wait_for(behind.caught_up, WITHIN_S)
        await say(end_of(old))
        assert await asyncio.wait_for(behind.found, WITHIN_S) == end_of(old)


async def test_what_ended_long_ago_is_told_without_reading_what_came_since(
    lookback: Lookback, say: Say, ids: Callable[[], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.bus.lookback.FAR", OTHERS // 2)
    monkeypatch.setattr("infra.bus.search.CLOCKS_APART", timedelta(0))
    since, ended = datetime.now(UTC), ids()
    await say(end_of(ended))
    for _ in range(5):
        await say(*(end_of(ids()) for _ in range(OTHERS)))
    with lookback.follow(ended, since) as events:
        assert await asyncio.wait_for(events.get(), WITHIN_S) == end_of(ended)
    assert Counting.read < 3 * OTHERS
