"""What a broker refuses of a batch, on a real Kafka: what it would take of it is not held back, nor sent for ever."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.bus.config import BusConfig
from infra.bus.meters import BusMeters
from infra.bus.publisher import Message, Publisher
from tests.integration.bus_at_work import log

SMALL, LARGE = b"x" * 700, b"x" * 4_000


async def create_narrow(config: BusConfig, name: str) -> None:
    """A topic that takes no batch over two kilobytes."""
    admin = AIOKafkaAdminClient(**config.connection())
    await admin.start()
    try:
        topic = NewTopic(config.physical(name), 1, 1, topic_configs={"max.message.bytes": "2000"})
        await admin.create_topics([topic])
    finally:
        await admin.close()


async def test_records_that_are_too_large_together_are_sent_one_by_one_and_only_the_large_one_is_given_up(
    bus_config: BusConfig,
) -> None:
    await create_narrow(bus_config, "narrow")
    publisher = Publisher(bus_config, "tests", BusMeters())
    await publisher.start()
    try:
        values = [SMALL, SMALL, LARGE, SMALL, SMALL]
        messages = [Message(bus_config.physical("narrow"), b"one", value, []) for value in values]
        hopeless = await asyncio.wait_for(publisher.publish(messages), 30)
    finally:
        await publisher.stop()

    assert hopeless == {2: "MessageSizeTooLargeError"}
    assert [record.value for record in await log(bus_config, "narrow", 4)] == [SMALL] * 4
