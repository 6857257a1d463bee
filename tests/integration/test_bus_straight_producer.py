"""What is said goes out without the library's own task, in order, whoever gives up waiting for it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerClosed

from infra.bus.config import BusConfig
from infra.bus.straight_producer import StraightProducer
from tests.integration.bus_at_work import TOLD, Client


@pytest.fixture
async def producer(bus_config: BusConfig) -> AsyncIterator[StraightProducer]:
    async with Client(bus_config):
        producer = StraightProducer(acks="all", enable_idempotence=True, **bus_config.connection())
        await producer.start()
        await producer.partitions_for(bus_config.physical(TOLD))
        yield producer
        await producer.stop()


async def said(producer: StraightProducer, config: BusConfig, *values: bytes) -> list[object]:
    """Each value as a batch of its own, all for one partition."""
    place = TopicPartition(config.physical(TOLD), 0)
    batches = [(place, producer.create_batch()) for _ in values]
    for (_, batch), value in zip(batches, values, strict=True):
        batch.append(timestamp=None, key=b"one", value=value)
    return await producer.send_batches(batches)


async def told(config: BusConfig, count: int) -> list[bytes | None]:
    return [record.value for record in await Client(config).log(TOLD, count)]


def woken(producer: StraightProducer) -> list[object]:
    """Each time that the library's task looks around, from now on."""
    looks: list[object] = []
    look = producer._sender._maybe_wait_for_pid

    async def noted() -> None:
        looks.append(None)
        await look()

    producer._sender._maybe_wait_for_pid = noted
    return looks


async def test_batches_of_one_partition_arrive_in_their_order_and_wake_nobody(
    producer: StraightProducer, bus_config: BusConfig
) -> None:
    looks = woken(producer)
    values = [b"%d" % number for number in range(20)]

    first = await said(producer, bus_config, *values[:3])
    await asyncio.gather(*(said(producer, bus_config, value) for value in values[3:]))

    assert [result.offset for result in first] == [0, 1, 2]  # type: ignore[attr-defined]
    assert await told(bus_config, 20) == values
    assert looks == []


async def test_who_gives_up_waiting_keeps_nobody_from_being_heard(
    producer: StraightProducer, bus_config: BusConfig
) -> None:
    leaving = asyncio.create_task(said(producer, bus_config, b"left"))
    await asyncio.sleep(0)
    assert producer._sender._in_flight
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    await said(producer, bus_config, b"next")

    assert leaving.cancelled()
    assert Counter(await told(bus_config, 2)) == Counter([b"left", b"next"])


async def test_the_librarys_task_finds_a_leader_where_none_is_known(
    producer: StraightProducer, bus_config: BusConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([None])
    leader_of = producer.client.cluster.leader_for_partition
    monkeypatch.setattr(producer.client.cluster, "leader_for_partition", lambda place: next(answers, leader_of(place)))
    looks = woken(producer)

    await said(producer, bus_config, b"at last")

    assert await told(bus_config, 1) == [b"at last"]
    assert looks


async def test_a_producer_that_was_stopped_takes_nothing(producer: StraightProducer, bus_config: BusConfig) -> None:
    await producer.stop()

    with pytest.raises(ProducerClosed):
        await said(producer, bus_config, b"late")


async def test_nothing_to_send_is_sent_at_once(producer: StraightProducer, bus_config: BusConfig) -> None:
    assert await said(producer, bus_config) == []
