"""Events of one subject, found in the log: from a time on, wherever this replica reads otherwise, without a group."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from infra.bus.config import BusConfig
from infra.bus.decode import Undecodable, decode
from infra.bus.lenient_records import read_leniently
from infra.bus.publisher import partition_of
from infra.bus.topics import existing
from schemas.fact import Event
from schemas.topics import BY_EVENT

log = logging.getLogger(__name__)
WAIT_MS = 50
"""How long new searches wait for a reader that has come to the end."""
RETRY_S = 1.0
CLOCKS_APART = timedelta(seconds=10)
"""How far a time that somebody else took may be ahead of the broker's."""


@dataclass(eq=False, slots=True)
class Search:
    """One search: where it has come to in each partition, and the first event that it found."""

    subject: UUID
    key: bytes
    since_ms: int
    found: "asyncio.Future[Any]"
    caught_up: "asyncio.Future[None]"
    """Done once all is read that was there when it began."""
    at: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    ends: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])

    def look_up(self) -> None:
        """See whether all is read that was there when it began."""
        if self.at and not self.caught_up.done() and all(self.at[each] >= end for each, end in self.ends.items()):
            self.caught_up.set_result(None)


class Lookback:
    """Searches for the first of some events about a request. Each partition has one reader, while it is searched."""

    def __init__(self, config: BusConfig, events: Sequence[type[Event]]) -> None:
        self._config = config
        self._by_topic = {config.physical(BY_EVENT[event].name): event for event in events}
        self._partitions = 0
        self._readers: dict[int, _Reader] = {}

    async def start(self) -> None:
        """Learn how many partitions there are."""
        read_leniently()
        there = await existing(self._config)
        self._partitions = min(there[topic] for topic in self._by_topic)

    async def stop(self) -> None:
        """End all searches, without a finding."""
        await asyncio.gather(*(reader.stop() for reader in self._readers.values()))

    @contextmanager
    def place(self, subject: UUID, since: datetime) -> "Iterator[Search]":
        """A search, as long as the block lasts; it finds ``None`` if it is ended before anything is found."""
        key = str(subject).encode()
        since_ms = int((since - CLOCKS_APART).timestamp() * 1000)
        loop = asyncio.get_running_loop()
        search = Search(subject, key, since_ms, loop.create_future(), loop.create_future())
        reader = self._reader_of(partition_of(key, self._partitions))
        reader.add(search)
        try:
            yield search
        finally:
            reader.remove(search)

    def _reader_of(self, number: int) -> "_Reader":
        if number not in self._readers:
            self._readers[number] = _Reader(self._config, self._by_topic, number)
        return self._readers[number]


class _Reader:
    """Reads the partitions of one number for all who search there: on from where the hindmost of them has come to."""

    def __init__(self, config: BusConfig, by_topic: dict[str, type[Event]], number: int) -> None:
        self._config = config
        self._by_topic = by_topic
        self._partitions = [TopicPartition(topic, number) for topic in by_topic]
        self._searches: list[Search] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, search: Search) -> None:
        self._searches.append(search)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def remove(self, search: Search) -> None:
        self._searches.remove(search)

    async def stop(self) -> None:
        for search in self._searches:
            _settle(search, None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._searches:
            try:
                await self._read()
            except KafkaError as error:
                log.warning("the log cannot be searched (%s), again in %.0f s", type(error).__name__, RETRY_S)
                await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=WAIT_MS,  # a broker answers a connection's questions in turn, and new searches ask, too
            **self._config.connection(),
        )
        await consumer.start()
        try:
            position: dict[TopicPartition, int] = {}
            while self._searches:
                if new := [search for search in self._searches if not search.at]:
                    await self._begin(consumer, new)
                await self._step(consumer, position)
                for search in self._searches:
                    search.look_up()
        finally:
            await consumer.stop()

    async def _begin(self, consumer: AIOKafkaConsumer, new: Sequence[Search]) -> None:
        """Let new searches begin, all of them where the first of them does: two questions, however many they are."""
        since_ms = min(search.since_ms for search in new)
        # The ends first: what comes after they were asked for is not missed where nothing is as late as that time.
        ends = await consumer.end_offsets(self._partitions)
        found = await consumer.offsets_for_times(dict.fromkeys(self._partitions, since_ms))
        if not consumer.assignment():
            consumer.assign(self._partitions)
        for search in new:
            search.ends = dict(ends)
            search.at = {number: at.offset if (at := found[number]) else ends[number] for number in self._partitions}

    async def _step(self, consumer: AIOKafkaConsumer, position: dict[TopicPartition, int]) -> None:
        searches = [search for search in self._searches if search.at and not search.found.done()]
        for partition in self._partitions if searches else ():
            hindmost = min(search.at[partition] for search in searches)
            if position.get(partition) != hindmost:
                consumer.seek(partition, hindmost)
                position[partition] = hindmost
        for partition, records in (await consumer.getmany(timeout_ms=WAIT_MS)).items():
            position[partition] = records[-1].offset + 1
            for record in records:
                self._match(record, searches)
            for search in searches:
                search.at[partition] = max(search.at[partition], position[partition])

    def _match(self, record: "ConsumerRecord[Any, Any]", searches: Sequence[Search]) -> None:
        wanted = [search for search in searches if search.key == record.key and not search.found.done()]
        if not wanted:
            return
        try:
            event = decode(self._by_topic[record.topic], record)
        except Undecodable as error:
            log.warning("skipped %s@%d: %s", record.topic, record.offset, error.detail)
            return
        for search in wanted:
            if event.subject == search.subject:
                _settle(search, event)


def _settle(search: Search, event: Event | None) -> None:
    if not search.found.done():
        search.found.set_result(event)
