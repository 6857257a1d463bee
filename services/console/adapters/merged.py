"""Records of many partitions as one stream, the oldest first, without holding more than a fetch of each."""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

FETCH_MS = 1_000
Waiting = dict[TopicPartition, "deque[ConsumerRecord[Any, Any]]"]


async def by_time(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> "AsyncIterator[ConsumerRecord[Any, Any]]":
    """From where the consumer stands to these ends at least; what was fetched beyond them is given, too."""
    waiting: Waiting = {part: deque() for part, end in ends.items() if await consumer.position(part) < end}
    while waiting:
        await _fill(consumer, waiting, ends)
        if waiting:
            yield min(waiting.values(), key=lambda records: records[0].timestamp).popleft()


async def _fill(consumer: AIOKafkaConsumer, waiting: Waiting, ends: Mapping[TopicPartition, int]) -> None:
    """Leave only partitions whose next record is here: no older one can come then."""
    while hungry := [part for part, records in waiting.items() if not records]:
        read = [part for part in hungry if await consumer.position(part) >= ends[part]]
        for part in read:
            del waiting[part]
        if asked := [part for part in hungry if part not in read]:
            for part, records in (await consumer.getmany(*asked, timeout_ms=FETCH_MS)).items():
                waiting[part].extend(records)
