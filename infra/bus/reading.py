"""The consumer side, on FastStream's KafkaBroker: raw batches, explicit commits, nothing decoded on the way in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiokafka
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faststream.kafka import KafkaBroker
from faststream.kafka import TopicPartition as SubscribedPartition
from faststream.middlewares import AckPolicy

from infra.background import begin
from infra.bus.config import BusConfig
from infra.bus.ending import END_S, ended
from infra.bus.fetch_sessions import FetchSessions
from infra.bus.lenient_records import read_leniently
from infra.telemetry.told_error import told

log = logging.getLogger(__name__)
Records = Sequence[ConsumerRecord[Any, Any]]

# How long a group waits for its dead, who are started again within a second: the least that brokers allow.
SESSION_MS = 6_000
# A batch may wait for a database that is away; heartbeats go on meanwhile, so the member is not dead.
LONGEST_BATCH_MS = 3_600_000
DISCOVERY_MS = 5_000
LINGER_BYTES = 1_048_576
COMMIT_EVERY_S = 0.2


class PatientConsumer(aiokafka.AIOKafkaConsumer):
    """A consumer that returns only with records, and asks the broker only when the last ones are done with.

    FastStream sleeps after every empty answer, so there is none. And aiokafka asks for more as soon as records are
    taken, gets the first that comes, and then waits until that is taken, too: batches stay small however long the bus
    pauses. Here the next fetch goes out with the next ``getmany``, and brings all that has gathered meanwhile; from the
    task that waits for it, where one broker has it all.
    """

    async def start(self) -> None:
        await super().start()
        self._sessions = FetchSessions(self._fetcher)
        self.at_hand: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = {}

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
        sessions = self._sessions
        while await sessions.fetch_at_once():
            if found := await sessions.taken(super().getmany(*partitions, max_records=max_records)):
                self.at_hand = found
                return found
        if not sessions.may_fetch.done():
            sessions.may_fetch.set_result(None)
        while True:
            found = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
            if found:
                self.at_hand = found
                sessions.may_fetch = asyncio.get_running_loop().create_future()
                return found

    async def seek_to_end(self, *partitions: TopicPartition) -> bool:
        self._sessions.begin_anew()
        return await super().seek_to_end(*partitions)


@dataclass(frozen=True, slots=True)
class PartitionShare:
    """This replica's share of the partitions: those with ``number % count == index``, read from their ends."""

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class Source:
    """What to read: topics by pattern for a group, or partitions without one.

    ``linger_ms``: how long the broker gathers records before it answers a fetch, for a reader whom nobody waits for.
    """

    group: str | None
    pattern: str | None = None
    partitions: tuple[TopicPartition, ...] = ()
    linger_ms: int = 0


class Reader:
    """One FastStream batch subscriber. ``process`` is given each batch; it returns when its effects are safe.

    ``broken`` is set when a batch could not be processed and reading has stopped, or offsets are committed no more.
    """

    def __init__(
        self,
        config: BusConfig,
        source: Source,
        name: str,
        process: Callable[[Records], Awaitable[None]],
        broken: asyncio.Event,
    ) -> None:
        self._broken = broken
        self._name = name
        self._config = config
        self._source = source
        self._leaving: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._stopping = False
        self._finished: dict[TopicPartition, int] = {}
        self._broker = KafkaBroker(
            client_id=f"model-portfolio-{name}",
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
            graceful_timeout=config.stop_grace_s,
            metadata_max_age_ms=DISCOVERY_MS,
            **_broker_connection(config),
        )
        self._subscriber = self._broker.subscriber(
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            batch_timeout_ms=60_000,
            max_records=config.batch_records,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=SESSION_MS // 4,
            max_poll_interval_ms=LONGEST_BATCH_MS,
            **_subscription(config, source, _BeforeRevocation(self._commit_finished)),
        )
        on_batch = self._guarded(process)
        self._subscriber(on_batch)
        self._subscriber.consume = self._straight_to(on_batch)  # pyright: ignore[reportAttributeAccessIssue]

    async def start(self) -> None:
        """Join the group, or take the partitions from their ends, before it returns."""
        read_leniently()
        await self._broker.connect()
        settings = self._broker.config.broker_config
        keywords = settings.builder.keywords  # type: ignore[attr-defined]
        settings.builder = partial(PatientConsumer, **{**keywords, **self._config.connection()})
        await self._broker.start()
        if self._source.group is not None:
            self._committing = begin(self._run_commits(), self._broken, self._name)
        if self._source.partitions:
            consumer = self._consumer()
            await consumer.seek_to_end(*self._source.partitions)
            for partition in self._source.partitions:
                await consumer.position(partition)

    async def stop(self) -> None:
        """Finish the batch at hand within the grace, commit past it, then leave the group."""
        self._stopping = True
        await ended(self._commit_finished())
        if self._leaving is not None:
            await ended(self._leaving, self._config.stop_grace_s + END_S)
        await ended(self._broker.stop(), self._config.stop_grace_s + END_S)
        if self._committing is not None:
            self._committing.cancel()
            await asyncio.gather(self._committing, return_exceptions=True)

    def _leave(self) -> None:
        # FastStream would go on with the next batch, and commit past this one. Its StopConsume would stop the
        # consumer from within the task that this cancels: half stopped, the consumer stays in its group for ever.
        self._subscriber.running = False
        self._leaving = asyncio.create_task(self._broker.stop())

    async def commit(self, records: Records) -> None:
        """These records are done with: what is finished is committed five times a second, and at once at the end.

        A commit costs the broker as much as a small batch does. What a crash leaves uncommitted comes again, and is
        recognised.
        """
        self._consumer().at_hand = {}
        if self._source.group is None:
            return
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            self._finished[partition] = max(record.offset + 1, self._finished.get(partition, 0))
        if self._stopping:
            await self._commit_finished()

    async def _run_commits(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            await self._commit_finished()

    async def _commit_finished(self) -> None:
        """Commit what is finished, of the partitions that are still ours."""
        finished, self._finished = self._finished, {}
        if not finished:
            return
        consumer = self._consumer()
        owned = consumer.assignment()
        ends = {partition: offset for partition, offset in finished.items() if partition in owned}
        if ends and not await _commit(consumer, ends):
            for partition, offset in ends.items():
                self._finished[partition] = max(offset, self._finished.get(partition, 0))

    async def lag(self) -> dict[str, int]:
        """Records on our partitions that are not done, by topic, by the broker's word."""
        consumer = self._consumer()
        ends = await consumer.end_offsets(sorted(consumer.assignment()))
        behind = dict.fromkeys((partition.topic for partition in ends), 0)
        for partition, end in ends.items():
            position = await consumer.position(partition)
            # Taken in one breath: records move from "behind" to "at hand" between any two.
            behind[partition.topic] += max(0, end - position) + len(consumer.at_hand.get(partition, ()))
        return behind

    def _consumer(self) -> PatientConsumer:
        consumer = self._subscriber.consumer
        if not isinstance(consumer, PatientConsumer):
            raise RuntimeError("the reader is not started")
        return consumer

    def _straight_to(self, on_batch: Callable[[Records], Awaitable[None]]) -> Callable[[Records], Awaitable[None]]:
        """In the place of FastStream's way: its parser decodes headers as UTF-8, where one binary header stops a
        partition for ever, and its middlewares, scopes and responses are an eighth of what an empty batch costs."""

        async def consume(records: Records) -> None:
            if self._subscriber.running:
                with self._subscriber.lock:  # its stop waits for this
                    await on_batch(records)

        return consume

    def _guarded(self, process: Callable[[Records], Awaitable[None]]) -> Callable[[Records], Awaitable[None]]:
        async def on_batch(records: Records) -> None:
            try:
                await process(records)
            except Exception as error:
                log.error("a batch could not be processed; reading stops: %s", told(error))
                self._broken.set()
                self._leave()

        return on_batch


async def _commit(consumer: aiokafka.AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    """``False`` when it is worth another try."""
    try:
        await consumer.commit(ends)
    except (CommitFailedError, IllegalStateError) as error:
        log.info("offsets not committed, the group has moved on: %s", type(error).__name__)
    except KafkaError as error:
        log.warning("offsets not committed, the next time they will: %s", type(error).__name__)
        return False
    return True


class _BeforeRevocation(aiokafka.ConsumerRebalanceListener):
    """Commits what is finished before a partition goes to another member, which would do it again."""

    def __init__(self, commit: Callable[[], Awaitable[None]]) -> None:
        self._commit = commit

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride] coroutines are awaited
        self, revoked: Collection[TopicPartition]
    ) -> None:
        await self._commit()

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride] coroutines are awaited
        self, assigned: Collection[TopicPartition]
    ) -> None:
        """Nothing is kept about partitions before they are read."""


def _subscription(config: BusConfig, source: Source, listener: _BeforeRevocation) -> dict[str, Any]:
    patience = {"fetch_min_bytes": LINGER_BYTES, "fetch_max_wait_ms": source.linger_ms} if source.linger_ms else {}
    if source.pattern is not None:
        group = config.physical(source.group or "")
        told = {"pattern": source.pattern, "group_id": group, "listener": listener, "auto_offset_reset": "earliest"}
        return {**told, **patience}
    taken = [SubscribedPartition(p.topic, p.partition) for p in source.partitions]
    return {"partitions": taken, "auto_offset_reset": "latest"}


def _broker_connection(config: BusConfig) -> dict[str, Any]:
    # Security settings are given to the consumer itself, since FastStream takes them in a form of its own.
    return {"bootstrap_servers": config.kafka_bootstrap_servers}
