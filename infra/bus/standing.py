"""Compacted topics, read whole by every replica without a group, and followed from there."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from infra.background import begin
from infra.bus.config import BusConfig
from infra.bus.decode import Undecodable, decode
from infra.bus.ending import end_client, undone
from infra.bus.lenient_records import read_leniently
from infra.bus.topics import existing
from infra.bus.whole import batches_to
from infra.telemetry.told_error import told
from schemas.fact import Event
from schemas.topics import BY_EVENT

log = logging.getLogger(__name__)
Apply = Callable[[Any], None]
RETRY_S = 1.0
SELDOM_MS = 5_000
"""How long the broker keeps a fetch that finds nothing new: these topics are quiet. News comes at once all the same."""


class Standing:
    """What stands on compacted topics. ``apply`` is called with each event, in the order of its partition.

    ``broken`` is set when they cannot be followed any more.
    """

    def __init__(self, config: BusConfig, applies: Mapping[type[Event], Apply], broken: asyncio.Event) -> None:
        self._config = config
        self._broken = broken
        self._by_topic = {config.physical(BY_EVENT[event].name): (event, apply) for event, apply in applies.items()}
        self._changed = asyncio.Condition()
        self._consumer: AIOKafkaConsumer | None = None
        self._tail: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read every topic to its end as it is now, then follow. Raises when Kafka cannot be reached; begins anew then.

        What stands is applied again by the next start: who applies it goes by the last word.
        """
        read_leniently()
        async with undone(self.stop):
            await self._begin()

    async def _begin(self) -> None:
        consumer = self._consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=SELDOM_MS,
            consumer_timeout_ms=SELDOM_MS,
            **self._config.connection(),
        )
        await consumer.start()
        assigned = await self._partitions()
        consumer.assign(assigned)
        ends = await consumer.end_offsets(assigned)
        async for found in batches_to(consumer, ends):
            await self._apply(found)
        self._tail = begin(self._follow(consumer), self._broken, "compacted topics")

    async def stop(self) -> None:
        """Stop following."""
        if self._tail is not None:
            self._tail.cancel()
            await asyncio.gather(self._tail, return_exceptions=True)
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            await end_client(consumer)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until what was applied makes ``holds`` true."""
        async with self._changed:
            await self._changed.wait_for(holds)

    async def _partitions(self) -> list[TopicPartition]:
        while not set(self._by_topic) <= set(there := await existing(self._config)):
            log.info("waiting for topics: %s", ", ".join(sorted(set(self._by_topic) - set(there))))
            await asyncio.sleep(RETRY_S)
        return [TopicPartition(topic, number) for topic in self._by_topic for number in range(there[topic])]

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            try:
                await self._apply(await consumer.getmany(timeout_ms=60_000))
            except KafkaError as error:
                log.warning("compacted topics cannot be read (%s), again in %.0f s", type(error).__name__, RETRY_S)
                await asyncio.sleep(RETRY_S)

    async def _apply(self, found: Mapping[TopicPartition, list[ConsumerRecord[Any, Any]]]) -> None:
        for records in found.values():
            for record in records:
                self._apply_one(record)
        if found:
            async with self._changed:
                self._changed.notify_all()

    def _apply_one(self, record: ConsumerRecord[Any, Any]) -> None:
        event_type, apply = self._by_topic[record.topic]
        if record.value is None:
            return
        try:
            apply(decode(event_type, record))
        except Undecodable as error:
            log.warning("skipped %s@%d: %s", record.topic, record.offset, error.detail)
        except Exception as error:
            log.error("skipped %s@%d: it could not be applied: %s", record.topic, record.offset, told(error))
