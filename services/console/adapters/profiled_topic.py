"""Requests as they were profiled, read from a time to the end of the log, without a group."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from infra.bus.lenient_records import read_leniently
from infra.bus.whole import batches_to
from schemas.request import RequestProfiled
from schemas.topics import BY_EVENT

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord


class ProfiledTopic:
    """``partitions``: the counts of our topics on the cluster, by physical name."""

    def __init__(self, connection: Mapping[str, Any], partitions: Mapping[str, int], prefix: str) -> None:
        self._connection = connection
        topic = f"{prefix}{BY_EVENT[RequestProfiled].name}"
        self._partitions = [TopicPartition(topic, number) for number in range(partitions.get(topic, 0))]

    async def since(self, start: datetime) -> AsyncIterator[RequestProfiled]:
        """Those that were said since, partition by partition in their order."""
        read_leniently()
        async with AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", **self._connection
        ) as consumer:
            ends = await self._stand(consumer, start)
            async for found in batches_to(consumer, ends):
                for records in found.values():
                    for record in records:
                        if (event := _read(record)) is not None:
                            yield event

    async def _stand(self, consumer: AIOKafkaConsumer, start: datetime) -> Mapping[TopicPartition, int]:
        """Stand where each partition was then; the ends of those that hold something since."""
        if not self._partitions:
            return {}
        consumer.assign(self._partitions)
        ends = await consumer.end_offsets(self._partitions)
        began = await consumer.offsets_for_times(dict.fromkeys(self._partitions, int(start.timestamp() * 1_000)))
        for partition in self._partitions:
            told = began[partition]
            consumer.seek(partition, ends[partition] if told is None else told.offset)
        return {partition: end for partition, end in ends.items() if began[partition] is not None}


def _read(record: "ConsumerRecord[Any, Any]") -> RequestProfiled | None:
    """``None`` for what is none: anybody can write to a topic that lets him."""
    try:
        return RequestProfiled.read(record.value or b"")
    except ValidationError:
        return None
