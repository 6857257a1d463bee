import asyncio
from typing import Any, cast

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from infra.bus.config import BusConfig
from infra.bus.meters import BusMeters
from infra.bus.publisher import Publisher, partition_of

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


class NoTopics:
    """A producer whose cluster has no topic; ``answers``: whether a broker says so."""

    def __init__(self, *, answers: bool) -> None:
        self.client = self
        self._answers = answers

    async def partitions_for(self, topic: str) -> set[int]:
        return await asyncio.get_running_loop().create_future()

    async def force_metadata_update(self) -> bool:
        return self._answers


async def test_only_a_broker_can_say_that_a_topic_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.bus.publisher.SEEN_WITHIN_S", 0.0)
    publisher = Publisher(BusConfig(), "tests", BusMeters())

    assert await publisher._partitions_of(cast("Any", NoTopics(answers=True)), "gone") == "UnknownTopicOrPartitionError"
    with pytest.raises(TimeoutError):
        await publisher._partitions_of(cast("Any", NoTopics(answers=False)), "away")
