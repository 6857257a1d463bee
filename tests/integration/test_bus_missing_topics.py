"""What is said to a topic that is not there, on real Kafka: it waits for the topic, says so, and holds up no other."""

import asyncio
from uuid import UUID

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from bus_at_work import LETTERS, TOLD, Client, at_work, bus_of, cancelled, committed, echo, feedback, request_id, until

from infra.bus.config import BusConfig
from infra.bus.topics import create, existing
from infra.metrics.health import Health
from schemas.outcome import RequestCancelled
from schemas.reaction import Reaction, Received, Said
from schemas.review import FeedbackRecorded

OTHER = "portfolio.revised"


@pytest.fixture
def hasty(bus_config: BusConfig) -> BusConfig:
    """That a topic which was there is gone is noticed when an acknowledgement is overdue."""
    return bus_config.model_copy(update={"publish_deadline_s": 3.0})


def twice(event: FeedbackRecorded, received: Received) -> Reaction:
    """Says the same on the topic that will be missing, and on another."""
    return Reaction(says=(Said(cancelled(event)), Said(cancelled(event), topic=OTHER)))


def cancelled_in(value: bytes) -> UUID:
    return RequestCancelled.read(value).request_id


async def delete(config: BusConfig, name: str) -> None:
    admin = AIOKafkaAdminClient(**config.connection())
    await admin.start()
    try:
        await admin.delete_topics([config.physical(name)])
    finally:
        await admin.close()

    async def gone() -> bool:
        return config.physical(name) not in await existing(config)

    await until(gone, f"{name} is gone")


@pytest.mark.parametrize("known", [True, False], ids=["deleted while it is used", "never seen"])
async def test_what_is_heard_waits_for_the_missing_topic_and_what_goes_elsewhere_is_said(
    hasty: BusConfig, known: bool
) -> None:
    bus = bus_of(hasty, twice)
    health = Health("router", bus)
    health.started()
    topic = hasty.physical(TOLD)
    async with Client(hasty) as client, at_work(bus):
        await create(hasty, [OTHER])
        if known:
            await client.tell(1)
            await client.told(1)
            assert await health.unready() == []
        await delete(hasty, TOLD)
        await client.tell(2)

        async def is_told() -> bool:
            return any(topic in why and "portfolio topics create" in why for why in await health.unready())

        await until(is_told, "what is missing is told by /ready")
        assert request_id(2) in {cancelled_in(record.value) for record in await client.log(OTHER, 1)}
        assert sum((await committed(hasty)).values()) == int(known)

        await create(hasty, [TOLD])
        assert request_id(2) in await client.told(1)

        async def is_well() -> bool:
            return await health.unready() == []

        await until(is_well, "nothing is missing any more")
        assert await client.log(LETTERS, 0) == []
        assert not bus.broken.is_set()


async def test_a_letter_waits_for_its_topic_and_the_next_event_is_served(hasty: BusConfig) -> None:
    bus = bus_of(hasty, echo)
    health = Health("router", bus)
    health.started()
    async with Client(hasty) as client, at_work(bus):
        await delete(hasty, LETTERS)
        await client.send(b"no JSON")
        await client.tell(1)

        async def is_told() -> bool:
            return any(hasty.physical(LETTERS) in why for why in await health.unready())

        await until(is_told, "the topic of letters is missed")
        await create(hasty, [LETTERS])
        assert len(await client.log(LETTERS, 1)) == 1
        assert await client.told(1) == [request_id(1)]
        assert not bus.broken.is_set()


async def test_a_loop_is_told_which_topic_is_missing_and_goes_on(hasty: BusConfig) -> None:
    bus = bus_of(hasty)
    missing, there = Said(cancelled(feedback(1))), Said(cancelled(feedback(2)), topic=OTHER)
    async with Client(hasty) as client, at_work(bus):
        await create(hasty, [OTHER])
        await delete(hasty, TOLD)

        refused = await asyncio.wait_for(bus.say([missing, there]), 30)
        assert set(refused) == {0}
        assert hasty.physical(TOLD) in refused[0]
        assert "portfolio topics create" in refused[0]
        assert [cancelled_in(record.value) for record in await client.log(OTHER, 1)] == [request_id(2)]

        surely = asyncio.create_task(bus.say_surely([missing]))
        await create(hasty, [TOLD])
        assert await asyncio.wait_for(surely, 30) == {}
        assert await client.told(1) == [request_id(1)]


async def test_a_service_ends_though_the_topic_never_comes(hasty: BusConfig) -> None:
    """What it had at hand comes again at its next start."""
    bus = bus_of(hasty.model_copy(update={"stop_grace_s": 1.0}))
    health = Health("router", bus)
    health.started()
    async with Client(hasty) as client:
        await delete(hasty, TOLD)
        await bus.start()
        await client.tell(1)

        async def is_told() -> bool:
            return any(hasty.physical(TOLD) in why for why in await health.unready())

        await until(is_told, "what is missing is told by /ready")
        await asyncio.wait_for(bus.stop(), 30)
    assert await committed(hasty) == {}
