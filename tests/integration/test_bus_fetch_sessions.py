"""Fetch sessions on a real Kafka: what the broker tells of some partitions only, and how a session is begun anew."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from infra.bus.config import BusConfig
from infra.bus.reading import PatientConsumer
from infra.bus.topics import create
from tests.integration.bus_at_work import HEARD, Client, at_work, bus_of, committed, feedback, request_id, until


async def test_the_end_of_a_transaction_is_passed_though_it_is_no_record(bus_config: BusConfig) -> None:
    """A client may publish in transactions: its markers take offsets, and a session must go on behind them."""
    producer = AIOKafkaProducer(transactional_id=f"client-{bus_config.topic_prefix}", **bus_config.connection())
    async with Client(bus_config) as client, at_work(bus_of(bus_config)):
        await producer.start()
        try:
            for number in range(4):
                async with producer.transaction():
                    await producer.send(bus_config.physical(HEARD), feedback(number).to_json(), key=b"one")
                assert len(await client.told(number + 1)) == number + 1
        finally:
            await producer.stop()
        assert Counter(await client.told(4)) == Counter(map(request_id, range(4)))


async def test_records_that_come_one_by_one_on_any_partition_are_all_heard(bus_config: BusConfig) -> None:
    async with Client(bus_config) as client, at_work(bus_of(bus_config)):
        for number in range(30):
            await client.tell(number)
            if number % 7 == 0:
                assert len(await client.told(number + 1)) == number + 1
        assert Counter(await client.told(30)) == Counter(map(request_id, range(30)))


async def test_a_member_that_takes_over_partitions_begins_anew(bus_config: BusConfig) -> None:
    """Two members, of which one leaves: the other takes over all partitions, and misses nothing."""
    config = bus_config.model_copy(update={"topic_partitions": 6})
    await create(config, [HEARD])
    first, second = bus_of(config), bus_of(config)
    async with Client(config) as client, at_work(first):
        async with at_work(second):
            await client.tell(*range(50))
            assert len(await client.told(50)) >= 50
        await client.tell(*range(50, 100))

        async def are_all() -> bool:
            return set(await client.told(100)) == set(map(request_id, range(100)))

        await asyncio.wait_for(until(are_all, "all are heard"), 60)

        async def are_committed() -> bool:
            return sum((await committed(config)).values()) == 100

        await until(are_committed, "all are committed")


@asynccontextmanager
async def consuming(config: BusConfig) -> AsyncIterator[PatientConsumer]:
    consumer = PatientConsumer(
        config.physical(HEARD), auto_offset_reset="earliest", enable_auto_commit=False, **config.connection()
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def looks_of(fetcher: Any, looks: list[object]) -> None:
    """Note each time that the library's task looks for what to fetch."""
    next_actions = fetcher._get_actions_per_node

    def noted(assignment: object) -> object:
        looks.append(assignment)
        return next_actions(assignment)

    fetcher._get_actions_per_node = noted


async def test_the_librarys_task_sleeps_while_records_come_and_wakes_for_what_is_out_of_the_ordinary(
    bus_config: BusConfig,
) -> None:
    looks: list[object] = []
    async with Client(bus_config) as client:
        await client.tell(0)
        async with consuming(bus_config) as consumer:
            await consumer.getmany(timeout_ms=60_000)
            await client.tell(1)
            await consumer.getmany(timeout_ms=60_000)
            looks_of(consumer._fetcher, looks)
            for number in range(2, 7):
                await client.tell(number)
                ((record,),) = (await consumer.getmany(timeout_ms=60_000)).values()
                assert record.key == str(request_id(number)).encode()
            assert looks == []
            consumer._sessions.begin_anew()
            await client.tell(7)
            assert len(await consumer.getmany(timeout_ms=60_000)) == 1
            assert looks


async def test_who_is_cancelled_while_it_waits_for_records_gets_them_the_next_time(bus_config: BusConfig) -> None:
    async with Client(bus_config) as client:
        await client.tell(0)
        async with consuming(bus_config) as consumer:
            await consumer.getmany(timeout_ms=60_000)
            waiting = asyncio.create_task(consumer.getmany(timeout_ms=60_000))
            await asyncio.sleep(0)
            assert any(connection._requests for connection in consumer._client._conns.values())
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert waiting.cancelled()
            await client.tell(*range(1, 20))
            heard: list[bytes | None] = []
            while len(heard) < 19:
                heard += [
                    record.key for found in (await consumer.getmany(timeout_ms=60_000)).values() for record in found
                ]
            assert sorted(map(str, heard)) == sorted(str(str(request_id(n)).encode()) for n in range(1, 20))
