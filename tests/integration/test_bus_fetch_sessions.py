"""Fetch sessions on a real Kafka: what the broker tells of some partitions only, and how a session is begun anew."""

import asyncio
from collections import Counter

from aiokafka import AIOKafkaProducer

from infra.bus.config import BusConfig
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
