import asyncio
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaConnectionError
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from infra.bus.config import BusConfig
from infra.bus.meters import BusMeters
from infra.bus.publisher import Publisher, partition_of

MISSING = "UnknownTopicOrPartitionError"
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""Hashes by ``org.apache.kafka.common.utils.Utils.murmur2`` of Java's client, as signed 32-bit integers."""


@pytest.mark.parametrize(("key", "hashed"), JAVA.items())
def test_a_key_has_the_partition_that_javas_client_gives_it(key: bytes, hashed: int) -> None:
    for count in (1, 3, 16):
        assert partition_of(key, count) == (hashed & 0x7FFFFFFF) % count


@given(st.binary(max_size=40), st.integers(1, 64))
def test_a_key_has_the_partition_that_other_clients_give_it(key: bytes, count: int) -> None:
    assert partition_of(key, count) == (murmur2(key) & 0x7FFFFFFF) % count


def test_a_record_without_a_key_has_a_partition() -> None:
    assert partition_of(None, 3) == 0


class LateTopics:
    """A producer that is told of a topic by its ``told_at``-th look at the cluster, counted from 1, or never.

    ``answers``: whether a broker answers those looks.
    """

    def __init__(self, *, answers: bool = True, told_at: int | None = None) -> None:
        self.client = self.cluster = self
        self._answers = answers
        self._told_at = told_at
        self.looks = 0

    async def partitions_for(self, topic: str) -> set[int]:
        return await asyncio.get_running_loop().create_future()

    def add_topic(self, topic: str) -> None:
        pass

    async def force_metadata_update(self) -> bool:
        self.looks += 1
        return self._answers

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {0, 1, 2} if self._told_at is not None and self.looks >= self._told_at else None


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Publisher:
    monkeypatch.setattr("infra.bus.publisher.SEEN_WITHIN_S", 0.0)
    return Publisher(BusConfig(), "tests", BusMeters())


async def counted(publisher: Publisher, producer: LateTopics) -> int | str:
    return (await publisher._partitions(cast("Any", producer), {"it"}))["it"]


async def test_only_a_broker_can_say_that_a_topic_is_not_there(publisher: Publisher) -> None:
    assert await counted(publisher, LateTopics()) == MISSING
    with pytest.raises(KafkaConnectionError):
        await counted(publisher, LateTopics(answers=False))


@pytest.mark.parametrize("told_at", [1, 2])
async def test_a_broker_that_stood_still_may_tell_of_a_topic_by_the_look_under_way_or_the_next(
    publisher: Publisher, told_at: int
) -> None:
    assert await counted(publisher, LateTopics(told_at=told_at)) == 3


async def test_a_topic_that_was_not_there_is_found_once_it_is(publisher: Publisher) -> None:
    producer = LateTopics(told_at=3)
    assert [await counted(publisher, producer) for _ in range(2)] == [MISSING, 3]


async def test_a_topic_that_was_not_there_is_not_looked_for_with_each_batch(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = LateTopics()
    await counted(publisher, producer)
    monkeypatch.setattr("infra.bus.publisher.SEEN_WITHIN_S", 3_600.0)

    assert [await counted(publisher, producer) for _ in range(3)] == [MISSING] * 3
    assert producer.looks == 2


async def test_that_a_topic_is_not_there_is_said_once_with_the_remedy(
    publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    producer = LateTopics(told_at=7)
    with caplog.at_level("WARNING", "infra.bus.publisher"):  # which the command line keeps quiet, in this process, too
        assert [await counted(publisher, producer) for _ in range(4)] == [MISSING] * 3 + [3]
    [missing, there] = [record for record in caplog.records if record.name == "infra.bus.publisher"]
    assert missing.getMessage().startswith("tests: the topic it is not there")
    assert "PROFILER_REPLY_TOPICS" in missing.getMessage()
    assert there.getMessage() == "tests: the topic it is there now"
