"""Events found in the log: said before or after they are looked for, by the right subject, from a time on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from bus_at_work import bus_of
from gateway_at_work import ASK, answered, given_up

from infra.bus.config import BusConfig
from infra.bus.lookback import Lookback, TopicsUnseen
from infra.bus.topics import create
from schemas.attempt import AttemptCompleted, AttemptRejected
from schemas.examples import examples
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.reaction import Said
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.topics import BY_EVENT

TOPICS = ["request.completed", "request.failed"]
WITHIN_S = 30
Say = Callable[..., Awaitable[object]]


def end_of(request_id: UUID) -> RequestCompleted:
    return answered(RequestSubmitted(request_id=request_id, tenant="default", messages=tuple(ASK)))


def failure_of(request_id: UUID) -> RequestFailed:
    asked = RequestSubmitted(request_id=request_id, tenant="default", messages=tuple(ASK))
    return given_up(asked, "deadline", "it was late")


@pytest.fixture
async def say(bus_config: BusConfig) -> AsyncIterator[Say]:
    await create(bus_config, TOPICS)
    bus = bus_of(bus_config)
    await bus._publisher.start()
    yield lambda *events: bus.say([Said(event) for event in events])
    await bus._publisher.stop()


@pytest.fixture
async def lookback(bus_config: BusConfig, say: Say) -> AsyncIterator[Lookback]:
    found = Lookback(bus_config, (RequestCompleted, RequestFailed), asyncio.Event())
    await found.start()
    yield found
    await found.stop()


async def test_what_was_said_before_and_what_is_said_later_is_found(lookback: Lookback, say: Say) -> None:
    since = datetime.now(UTC)
    before, later = uuid4(), uuid4()
    await say(*(end_of(uuid4()) for _ in range(300)), end_of(before), *(end_of(uuid4()) for _ in range(300)))
    with lookback.place(before, since) as past, lookback.place(later, since) as future:
        assert await asyncio.wait_for(past.found, WITHIN_S) == end_of(before)
        assert not future.found.done()
        await asyncio.wait_for(future.caught_up, WITHIN_S)
        await say(failure_of(later))
        assert await asyncio.wait_for(future.found, WITHIN_S) == failure_of(later)


async def test_searches_of_one_partition_that_begin_at_different_times_all_find(lookback: Lookback, say: Say) -> None:
    ids = [uuid4() for _ in range(200)]
    since = datetime.now(UTC)
    await say(*map(end_of, ids[:100]))
    midway = datetime.now(UTC)
    await say(*map(end_of, ids[100:]))

    async def find(request_id: UUID, at: datetime) -> object:
        with lookback.place(request_id, at) as search:
            return await asyncio.wait_for(search.found, WITHIN_S)

    times = [since] * 100 + [midway] * 100
    told = await asyncio.gather(*map(find, reversed(ids), reversed(times)))
    assert [event.subject for event in told] == list(reversed(ids))  # type: ignore[attr-defined]
    assert not any(each._searches for readers in lookback._readers.values() for each in (readers.near, readers.far))


async def test_what_stands_under_a_key_but_speaks_of_another_request_is_not_taken(
    lookback: Lookback, say: Say, bus_config: BusConfig
) -> None:
    request_id, since = uuid4(), datetime.now(UTC) - timedelta(minutes=1)
    producer = AIOKafkaProducer(bootstrap_servers=bus_config.kafka_bootstrap_servers)
    await producer.start()
    for value in (b"\xff not json", end_of(uuid4()).to_json()):
        await producer.send_and_wait(bus_config.physical("request.completed"), value, key=str(request_id).encode())
    await producer.stop()
    await say(failure_of(request_id))
    with lookback.place(request_id, since) as search:
        assert await asyncio.wait_for(search.found, WITHIN_S) == failure_of(request_id)


async def test_stopped_it_tells_who_waits_that_nothing_was_found(lookback: Lookback) -> None:
    with lookback.place(uuid4(), datetime.now(UTC)) as search:
        await lookback.stop()
        assert await asyncio.wait_for(search.found, WITHIN_S) is None


async def test_all_events_are_followed_in_the_order_in_which_they_were_said(bus_config: BusConfig, say: Say) -> None:
    kinds = (RequestProfiled, AttemptCompleted, AttemptRejected, RequestEscalated, RequestCompleted)
    told = examples()
    request_id, since = told[RequestProfiled].subject, datetime.now(UTC)
    await create(bus_config, [BY_EVENT[kind].name for kind in kinds])
    road = Lookback(bus_config, kinds, asyncio.Event())
    await road.start()

    async def say_in_turn() -> None:
        for kind in kinds:
            await say(told[kind])
            await say(told[kind])

    async def follow() -> list[type[object]]:
        with road.follow(request_id, since) as events:
            return [type(await asyncio.wait_for(events.get(), WITHIN_S)) for _ in kinds]

    early = asyncio.create_task(follow())
    await say_in_turn()
    assert await early == await follow() == list(kinds), (
        "each once, whether it was said before or while it was followed"
    )
    with road.follow(uuid4(), since) as events:
        await road.stop()
        assert await asyncio.wait_for(events.get(), WITHIN_S) is None


async def test_topics_that_may_not_be_read_are_named(bus_config: BusConfig, say: Say) -> None:
    with pytest.raises(TopicsUnseen, match=r"request\.profiled"):
        await Lookback(bus_config, (RequestProfiled, RequestCompleted), asyncio.Event()).start()
