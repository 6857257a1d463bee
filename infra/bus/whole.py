"""Reading partitions to their ends, as far as these were known when it began."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

WAIT_MS = 200
Batch = Mapping[TopicPartition, list[ConsumerRecord[Any, Any]]]


async def batches_to(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Batch]:
    """What these partitions hold before ``ends``; the last batches may hold a little more."""
    behind = {partition for partition, end in ends.items() if end > 0}
    while behind:
        yield await consumer.getmany(timeout_ms=WAIT_MS)
        behind = {partition for partition in behind if await consumer.position(partition) < ends[partition]}
