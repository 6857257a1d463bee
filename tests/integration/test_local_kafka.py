"""The embedded Kafka is a whole Kafka: it serves, keeps what it was given, and ends with its parent."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError, UnknownTopicOrPartitionError
from orphans import is_gone, killed_parent, until
from own_ports import free_port

from infra.local.kafka import EmbeddedKafka, brokers_known
from infra.local.processes import PartNotReady

LIMIT_BYTES = 10_000


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One that these tests may stop and kill."""
    with EmbeddedKafka(
        tmp_path_factory.mktemp("kafka"), free_port(), properties={"message.max.bytes": LIMIT_BYTES}
    ) as server:
        yield server


async def make_topic(kafka: EmbeddedKafka, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])
    await admin.close()


async def produce(kafka: EmbeddedKafka, topic: str, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, acks="all", enable_idempotence=True) as producer:
        for value in values:
            await producer.send_and_wait(topic, value, key=value[:8], timestamp_ms=1)


async def consume(kafka: EmbeddedKafka, topic: str, count: int, group: str) -> list[tuple[bytes, int]]:
    """The values of the next records of a group, which it commits, each with its timestamp in epoch milliseconds."""
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.address, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        records = [await consumer.getone() for _ in range(count)]
        await consumer.commit()
    return sorted((record.value, record.timestamp) for record in records)


async def test_data_and_offsets_outlive_a_stop_and_a_kill(own_kafka: EmbeddedKafka) -> None:
    await make_topic(own_kafka, "kept")
    await produce(own_kafka, "kept", b"a", b"b")
    first = await consume(own_kafka, "kept", 2, "readers")
    assert [value for value, _ in first] == [b"a", b"b"]
    cluster = (own_kafka.data_dir / "data" / "meta.properties").read_text()

    own_kafka.stop()
    assert brokers_known(own_kafka.port) == 0
    own_kafka.start()
    await produce(own_kafka, "kept", b"c")
    assert [value for value, _ in await consume(own_kafka, "kept", 1, "readers")] == [b"c"]

    assert own_kafka.pid is not None
    os.kill(own_kafka.pid, signal.SIGKILL)
    until(lambda: own_kafka.pid is None)
    own_kafka.start()
    assert [value for value, _ in await consume(own_kafka, "kept", 3, "others")] == [b"a", b"b", b"c"]
    assert (own_kafka.data_dir / "data" / "meta.properties").read_text() == cluster


async def test_the_broker_says_when_a_record_came(own_kafka: EmbeddedKafka) -> None:
    await make_topic(own_kafka, "stamped")
    await produce(own_kafka, "stamped", b"a")
    [(_, timestamp_ms)] = await consume(own_kafka, "stamped", 1, "readers")
    assert timestamp_ms > 1_700_000_000_000  # not the 1 that its producer claimed


async def test_no_topic_is_made_by_using_it(own_kafka: EmbeddedKafka) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=own_kafka.address, request_timeout_ms=2000)
    await producer.start()
    with pytest.raises((KafkaTimeoutError, UnknownTopicOrPartitionError)):
        await producer.send_and_wait("not-there", b"a")
    await producer.stop()


async def test_properties_of_the_caller_reach_the_broker(own_kafka: EmbeddedKafka) -> None:
    await make_topic(own_kafka, "limited")
    await produce(own_kafka, "limited", b"x" * (LIMIT_BYTES // 2))
    with pytest.raises(MessageSizeTooLargeError):
        await produce(own_kafka, "limited", b"x" * LIMIT_BYTES)


def test_a_wrong_property_is_shown_from_the_log(tmp_path: Path) -> None:
    with pytest.raises(PartNotReady, match=r"Invalid value seven for configuration num\.io\.threads"):
        EmbeddedKafka(tmp_path, free_port(), properties={"num.io.threads": "seven"}).start()


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    starts = (
        "import sys; from pathlib import Path\n"
        "from infra.local.kafka import EmbeddedKafka; from infra.local.processes import free_port\n"
        "kafka = EmbeddedKafka(Path(sys.argv[1]), free_port()); kafka.start(); print(kafka.pid, flush=True)"
    )
    with killed_parent(starts, str(tmp_path)) as family:
        until(lambda: all(is_gone(pid) for pid in family))
