"""Events of one subject, found in the log: from a time on, wherever this replica reads otherwise, without a group."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from infra.awaited import awaited
from infra.background import begin
from infra.bus.config import BusConfig
from infra.bus.decode import Undecodable, decode
from infra.bus.ending import end_client
from infra.bus.lenient_records import read_leniently
from infra.bus.publisher import partition_of
from infra.bus.search import Following, Memory, Search, by_age, ms_of, soon_after_ms
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
FAR = 20_000
"""More unread records than these, and a search is left to a reader that holds up none of the others."""


class TopicsUnseen(Exception):
    """Topics that are searched are not there, or may not be read."""


class Lookback:
    """Searches for some events about a request, named in the order in which they follow one another.

    Each partition has a reader while it is searched, and another for searches that are far behind. ``passing``: those
    of the events that a search does not end with. ``broken`` is set when a reader dies: its searches find nothing.
    """

    def __init__(
        self,
        config: BusConfig,
        events: Sequence[type[Event]],
        broken: asyncio.Event,
        passing: tuple[type[Event], ...] = (),
    ) -> None:
        self._config = config
        self._broken = broken
        self._passing = passing
        self._by_topic = {config.physical(BY_EVENT[event].name): event for event in events}
        self._partitions = 0
        self._readers: dict[int, _Readers] = {}

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
        with self._placed(Search, subject, since) as search:
            yield search

    @contextmanager
    def follow(self, subject: UUID, since: datetime) -> "Iterator[asyncio.Queue[Any]]":
        """Every event, as long as the block lasts; ``None`` after the last if it is ended."""
        with self._placed(Following, subject, since) as search:
            yield search.events

    @contextmanager
    def _placed(self, kind: type[S], subject: UUID, since: datetime) -> Iterator[S]:
        key = str(subject).encode()
        readers = self._readers_of(partition_of(key, self._partitions))
        known = readers.memory.of(subject, ms_of(since))
        search = kind(subject, key, ms_of(since), known, passing=self._passing)
        readers.near.add(search)
        try:
            yield search
        finally:
            readers.remove(search)

    def _readers_of(self, number: int) -> "_Readers":
        if number not in self._readers:
            self._readers[number] = _Readers(self._config, self._by_topic, number, self._broken)
        return self._readers[number]


class _Readers:
    """Those of the partitions of one number, and what they remember of what they read."""

    def __init__(self, config: BusConfig, by_topic: dict[str, type[Event]], number: int, broken: asyncio.Event) -> None:
        self.memory = Memory()
        self.near, self.far = (_Reader(config, by_topic, number, broken) for _ in range(2))
        self.near.far, self.far.near = self.far, self.near

    def remove(self, search: Search) -> None:
        for reader in (self.near, self.far):
            reader.remove(search)

    async def stop(self) -> None:
        await asyncio.gather(self.near.stop(), self.far.stop())


class _Reader:
    """Reads the partitions of one number for all who search there: on from where the hindmost of them has come to.

    ``far``: who takes over what is far behind; ``near``: who takes over what is so no more.
    """

    far: "_Reader | None" = None
    near: "_Reader | None" = None

    def __init__(self, config: BusConfig, by_topic: dict[str, type[Event]], number: int, broken: asyncio.Event) -> None:
        self._config = config
        self._broken = broken
        self._by_topic = by_topic
        self._ranks = {topic: rank for rank, topic in enumerate(by_topic)}
        self._partitions = [TopicPartition(topic, number) for topic in by_topic]
        self._searches: list[Search] = []
        self._ends: Mapping[TopicPartition, int] = {}
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, search: Search) -> None:
        self._searches.append(search)
        self._some.set()
        if self._task is None or self._task.done():
            self._task = begin(self._run(), self._broken, "the search of the log")

    def remove(self, search: Search) -> None:
        """It may have been handed over meanwhile."""
        with suppress(ValueError):
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
                await self._hand_over(consumer, asking)
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
            await awaited(self._some.wait(), LINGER_S)
        return bool(self._searches)

    async def _tell_ends(self, consumer: AIOKafkaConsumer, asking: Sequence[Search]) -> None:
        # The ends first: what comes after they were asked for is not missed where nothing is as late as that time.
        self._ends = await consumer.end_offsets(self._partitions)
        for group in by_age([search for search in asking if not search.at], int(time.time() * 1000)):
            await self._begin(consumer, group)
        for search in asking:
            search.learn(await self._ends_of(consumer, search))

    async def _begin(self, consumer: AIOKafkaConsumer, new: Sequence[Search]) -> None:
        """Let new searches begin, all of them where the first of them does: one question, however many they are."""
        unknown = [search for search in new if not search.known.upto]
        start = await self._at(consumer, min(search.since_ms for search in unknown)) if unknown else self._ends
        for search in new:
            search.begin(start)

    async def _at(self, consumer: AIOKafkaConsumer, when_ms: int) -> dict[TopicPartition, int]:
        """Where the log was at that time."""
        found = await consumer.offsets_for_times(dict.fromkeys(self._partitions, when_ms))
        return {each: at.offset if (at := found[each]) else self._ends[each] for each in self._partitions}

    async def _ends_of(self, consumer: AIOKafkaConsumer, search: Search) -> Mapping[TopicPartition, int]:
        """Where the log ended when the search asked; for what was written long ago, where it ended soon after."""
        after_ms = soon_after_ms(search)
        return self._ends if after_ms is None or not self._is_far(search) else await self._at(consumer, after_ms)

    def _is_far(self, search: Search) -> bool:
        return search.unread(self._ends) > FAR

    async def _hand_over(self, consumer: AIOKafkaConsumer, asking: Sequence[Search]) -> None:
        """What is far behind to the one reader, and what has come near to the other."""
        if self.far is not None:
            self._give([search for search in asking if self._is_far(search)], self.far)
        elif self.near is not None and any(not self._is_far(search) for search in self._searches):
            self._ends = await consumer.end_offsets(self._partitions)
            self._give([search for search in self._searches if not self._is_far(search)], self.near)

    def _give(self, searches: Sequence[Search], reader: "_Reader") -> None:
        for search in searches:
            if search in self._searches:  # or its client left while Kafka was asked
                self.remove(search)
                reader.add(search)

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
        by_key: dict[bytes | None, list[Search]] = defaultdict(list)
        for search in searches:
            by_key[search.key].append(search)
        for partition, records in (await consumer.getmany(timeout_ms=WAIT_MS)).items():
            position[partition] = records[-1].offset + 1
            for record in (record for record in records if record.key in by_key):
                self._match(record, [each for each in by_key[record.key] if record.offset >= each.at[partition]])
            for search in searches:
                search.pass_by(partition, position[partition])

    def _match(self, record: "ConsumerRecord[Any, Any]", searches: Sequence[Search]) -> None:
        try:
            event = decode(self._by_topic[record.topic], record)
        except Undecodable as error:
            log.warning("skipped %s@%d: %s", record.topic, record.offset, error.detail)
            return
        for search in searches:
            if event.subject == search.subject:
                search.known.note(TopicPartition(record.topic, record.partition), record.offset)
                search.take(event, record.timestamp, self._ranks[record.topic])
