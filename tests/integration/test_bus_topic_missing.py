"""What is said to a topic that is not there, on a real Kafka: it is given up, and what is said beside it is not."""

import asyncio

import pytest

from infra.bus.config import BusConfig
from infra.bus.meters import BusMeters
from infra.bus.publisher import Message, Publisher
from infra.bus.topics import create
from tests.integration.bus_at_work import TOLD, log


async def test_what_is_said_to_a_topic_that_is_not_there_is_given_up_and_the_rest_is_said(
    bus_config: BusConfig, caplog: pytest.LogCaptureFixture
) -> None:
    await create(bus_config, [TOLD])
    publisher = Publisher(bus_config, "tests", BusMeters())
    await publisher.start()
    try:
        names = ["attempt.dispatched.nobody", TOLD]
        messages = [Message(bus_config.physical(name), b"one", b"{}", []) for name in names]
        hopeless = await asyncio.wait_for(publisher.publish(messages), 45)
    finally:
        await publisher.stop()

    assert hopeless == {0: "UnknownTopicOrPartitionError"}
    assert [record.value for record in await log(bus_config, TOLD, 1)] == [b"{}"]
    assert caplog.text.count("is not there, and what is said to it is given up") == 1
    assert "not found in cluster metadata" not in caplog.text
