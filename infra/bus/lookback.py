"""Events of one subject, found in the log: from a time on, wherever this replica reads otherwise, without a group."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from infra.bus.config import BusConfig
from infra.bus.decode import Undecodable, decode
from infra.bus.ending import end_client
from infra.bus.lenient_records import read_leniently
from infra.bus.publisher import partition_of
from infra.bus.topics import existing
from schemas.fact import Event
from schemas.topics import BY_EVENT

log = logging.getLogger(__name__)
S = TypeVar("S", bound="Search")
WAIT_MS = 50
"""How long new searches wait for a reader that has come to the end."""
RETRY_S = 1.0
LINGER_S = 5.0
"""How long a reader stays for the next search: who polls is not kept waiting for a connection each time."""
CLOCKS_APART = timedelta(seconds=10)
"""How far a time that somebody else took may be ahead of the broker's."""


class TopicsUnseen(Exception):
    """Topics that are searched are not there, or may not be read."""


@dataclass(eq=False)
class Search:
    """A search for the first event. ``at``: where it has come to; ``ends``: where the log ended when it asked."""

    subject: UUID
    key: bytes
    since_ms: int
    found: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    caught_up: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    at: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    ends: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])

    @property
    def asks(self) -> bool:
        """Whether it must know where the log ends now."""
        return not self.at

    def learn(self, ends: dict[TopicPartition, int]) -> None:
        """Where the log ends now."""
        self.ends = ends

    def take(self, event: Event, at_ms: int, rank: int) -> None:
        """One that was found, and when it was written."""
        self.end(event)

    def look_up(self) -> None:
        """See whether all is read that was there when it asked."""
        if self.has_read_all and not self.caught_up.done():
            self.caught_up.set_result(None)

    def end(self, event: Event | None = None) -> None:
        """Settle it, with what was found."""
        if not self.found.done():
            self.found.set_result(event)

    @property
    def has_read_all(self) -> bool:
        """All that was there when it asked."""
        return bool(self.at) and all(self.at[each] >= end for each, end in self.ends.items())


@dataclass(eq=False)
class Following(Search):
    """A search for every event, each told once, in the order in which they were written; ``None`` if it is ended.

    What was found is told once the log is read to where it ended then: nothing that was written before can follow.
    """

    events: "asyncio.Queue[Event | None]" = field(default_factory=asyncio.Queue)
    held: dict[tuple[int, int, str], Event] = field(default_factory=dict[tuple[int, int, str], Event])
    until_ms: int | None = None
    seen: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])

    @property
    def asks(self) -> bool:
        return not self.at or (bool(self.held) and self.until_ms is None)

    def learn(self, ends: dict[TopicPartition, int]) -> None:
        super().learn(ends)
        self.until_ms = max((at_ms for at_ms, _, _ in self.held), default=None)

    def take(self, event: Event, at_ms: int, rank: int) -> None:
        if (rank, event.counter) not in self.seen:
            self.seen.add((rank, event.counter))
            self.held[at_ms, rank, event.counter] = event

    def look_up(self) -> None:
        if self.until_ms is None or not self.has_read_all:
            return
        for when in sorted(when for when in self.held if when[0] <= self.until_ms):
            self.events.put_nowait(self.held.pop(when))
        self.until_ms = None

    def end(self, event: Event | None = None) -> None:
        self.events.put_nowait(None)
        super().end(event)


class Lookback:
    """Searches for some events about a request, named in the order in which they follow one another.

    Each partition has one reader, while it is searched.
    """

    def __init__(self, config: BusConfig, events: Sequence[type[Event]]) -> None:
        self._config = config
        self._by_topic = {config.physical(BY_EVENT[event].name): event for event in events}
        self._partitions = 0
        self._readers: dict[int, _Reader] = {}

    async def start(self) -> None:
        """Learn how many partitions there are. Raises :class:`TopicsUnseen`."""
        read_leniently()
        there = await existing(self._config)
        if missing := sorted(set(self._by_topic) - set(there)):
            raise TopicsUnseen(f"topics that cannot be read: {', '.join(missing)}: create them, or grant their reading")
        self._partitions = min(there[topic] for topic in self._by_topic)

    async def stop(self) -> None:
        """End all searches, without a finding."""
        await asyncio.gather(*(reader.stop() for reader in self._readers.values()))

    @contextmanager
    def place(self, subject: UUID, since: datetime) -> "Iterator[Search]":
        """A search, as long as the block lasts; it finds ``None`` if it is ended before anything is found."""
        with self._placed(Search(subject, str(subject).encode(), _ms(since))) as search:
            yield search

    @contextmanager
    def follow(self, subject: UUID, since: datetime) -> "Iterator[asyncio.Queue[Any]]":
        """Every event, as long as the block lasts; ``None`` after the last if it is ended."""
        with self._placed(Following(subject, str(subject).encode(), _ms(since))) as search:
            yield search.events

    @contextmanager
    def _placed(self, search: S) -> Iterator[S]:
        reader = self._reader_of(partition_of(search.key, self._partitions))
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
        self._ranks = {topic: rank for rank, topic in enumerate(by_topic)}
        self._partitions = [TopicPartition(topic, number) for topic in by_topic]
        self._searches: list[Search] = []
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, search: Search) -> None:
        self._searches.append(search)
        self._some.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def remove(self, search: Search) -> None:
        self._searches.remove(search)

    async def stop(self) -> None:
        for search in self._searches:
            search.end()
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
            fetch_max_wait_ms=WAIT_MS,  # a new search waits no longer for its own questions to be answered
            **self._config.connection(),
        )
        await consumer.start()
        try:
            position: dict[TopicPartition, int] = {}
            while await self._has_some(consumer):
                if asking := [search for search in self._searches if search.asks]:
                    await self._tell_ends(consumer, asking)
                await self._step(consumer, position)
                for search in self._searches:
                    search.look_up()
        finally:
            await end_client(consumer)

    async def _has_some(self, consumer: AIOKafkaConsumer) -> bool:
        if not self._searches:
            # No fetch is to be under way when the next search asks: a broker answers a connection's questions in turn.
            consumer.pause(*consumer.assignment())
            self._some.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._some.wait(), LINGER_S)
        return bool(self._searches)

    async def _tell_ends(self, consumer: AIOKafkaConsumer, asking: Sequence[Search]) -> None:
        # The ends first: what comes after they were asked for is not missed where nothing is as late as that time.
        ends = await consumer.end_offsets(self._partitions)
        if new := [search for search in asking if not search.at]:
            await self._begin(consumer, new, ends)
        for search in asking:
            search.learn(ends)

    async def _begin(self, consumer: AIOKafkaConsumer, new: Sequence[Search], ends: dict[TopicPartition, int]) -> None:
        """Let new searches begin, all of them where the first of them does: one question, however many they are."""
        since_ms = min(search.since_ms for search in new)
        found = await consumer.offsets_for_times(dict.fromkeys(self._partitions, since_ms))
        for search in new:
            search.at = {each: at.offset if (at := found[each]) else ends[each] for each in self._partitions}

    async def _step(self, consumer: AIOKafkaConsumer, position: dict[TopicPartition, int]) -> None:
        if not consumer.assignment():
            consumer.assign(self._partitions)
        searches = [search for search in self._searches if search.at and not search.found.done()]
        for partition in self._partitions if searches else ():
            hindmost = min(search.at[partition] for search in searches)
            consumer.resume(partition)
            if position.get(partition) != hindmost:
                consumer.seek(partition, hindmost)
                position[partition] = hindmost
        for partition, records in (await consumer.getmany(timeout_ms=WAIT_MS)).items():
            position[partition] = records[-1].offset + 1
            for record in records:
                wanted = [search for search in searches if search.key == record.key]
                self._match(record, [search for search in wanted if record.offset >= search.at[partition]])
            for search in searches:
                search.at[partition] = max(search.at[partition], position[partition])

    def _match(self, record: "ConsumerRecord[Any, Any]", searches: Sequence[Search]) -> None:
        if not searches:
            return
        try:
            event = decode(self._by_topic[record.topic], record)
        except Undecodable as error:
            log.warning("skipped %s@%d: %s", record.topic, record.offset, error.detail)
            return
        for search in searches:
            if event.subject == search.subject:
                search.take(event, record.timestamp, self._ranks[record.topic])


def _ms(since: datetime) -> int:
    return int((since - CLOCKS_APART).timestamp() * 1000)
