"""Saying events: idempotent producer, all acknowledgements, keys always, and patience while Kafka is away."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from infra.bus.config import BusConfig
from infra.bus.ending import end_client
from infra.bus.meters import BusMeters
from infra.bus.missing_topics import MissingTopics, why_missing

log = logging.getLogger(__name__)
HOPELESS = (MessageSizeTooLargeError, InvalidTopicError, TopicAuthorizationFailedError)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
SEEN_WITHIN_S = 1.0
"""A broker may not know yet of a topic that was just made."""
BATCH_BYTES = 131_072
LARGE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Message:
    """A record to send. ``topic`` is the physical name."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]

    @property
    def size(self) -> int:
        """Bytes of its key and value."""
        return len(self.key or b"") + len(self.value or b"")


@lru_cache(maxsize=16_384)
def _hash_of(key: bytes) -> int:
    return murmur2(key) & 0x7FFFFFFF


def partition_of(key: bytes | None, partitions: int) -> int:
    """Java's partition for a key; all topics of a request have equal counts, so the hash is kept between them."""
    return 0 if key is None else _hash_of(key) % partitions


@dataclass(slots=True)
class Refusals:
    """What is refused of the messages at hand, by index: for good, or while their topic is missing, with the reason; or
    together with others."""

    hopeless: dict[int, str] = field(default_factory=dict[int, str])
    missing: dict[int, str] = field(default_factory=dict[int, str])
    to_be_alone: set[int] = field(default_factory=set[int])


class Parcel:
    """Records for one partition, which are sent and acknowledged as one. ``indexes`` are those of their messages."""

    __slots__ = ("builder", "indexes", "partition", "topic")

    def __init__(self, topic: str, partition: int, builder: BatchBuilder) -> None:
        self.topic = topic
        self.partition = partition
        self.builder = builder
        self.indexes: list[int] = []

    def takes(self, index: int, message: Message, *, alone: bool) -> bool:
        """Add a message; ``False`` when there is no room. One that is ``alone`` can be refused without others."""
        if self.indexes and alone:
            return False
        told = self.builder.append(timestamp=None, key=message.key, value=message.value, headers=message.headers)
        if told is None:
            return False
        self.indexes.append(index)
        if alone:
            self.builder.close()
        return True


class Publisher:
    """One producer, rebuilt when it breaks: an idempotent producer has no delivery timeout of its own."""

    def __init__(self, config: BusConfig, name: str, meters: BusMeters) -> None:
        self._config = config
        self._meters = meters
        self._name = name
        self._producer: AIOKafkaProducer | None = None
        self._missing = MissingTopics(name)
        self._rebuilding = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises ``KafkaConnectionError`` when no broker answers."""
        producer = AIOKafkaProducer(
            client_id=f"model-portfolio-{self._name}",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=self._config.letter_bytes,
            metadata_max_age_ms=60_000,
            **self._config.connection(),
        )
        await producer.start()
        self._producer = producer

    async def stop(self) -> None:
        """Send what waits, then disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await end_client(producer)

    async def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send all and wait until each is acknowledged, for as long as it takes.

        Returns, by index, those that are not sent: never (too large, no right), or while their topic is missing, with
        the reason.
        """
        refusals = await self._published(messages)
        return refusals.hopeless | refusals.missing

    async def publish_surely(self, messages: Sequence[Message]) -> dict[int, str]:
        """As :meth:`publish`, and wait for topics that are missing, too, while what goes to others is sent."""
        hopeless: dict[int, str] = {}
        waiting, wait = list(range(len(messages))), FIRST_WAIT_S
        while waiting:
            refusals = await self._published([messages[index] for index in waiting])
            hopeless |= {waiting[at]: why for at, why in refusals.hopeless.items()}
            waiting = [waiting[at] for at in refusals.missing]
            if waiting:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
        return hopeless

    async def _published(self, messages: Sequence[Message]) -> Refusals:
        refusals = Refusals()
        waiting = list(range(len(messages)))
        wait = FIRST_WAIT_S
        while waiting:
            used = self._producer
            waiting = await self._try(messages, waiting, refusals)
            if waiting:
                log.warning("%s: %d events not acknowledged, again in %.1f s", self._name, len(waiting), wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
                await self._rebuild(used)
        unsaid = refusals.hopeless.keys() | refusals.missing.keys()
        self._meters.said([message for index, message in enumerate(messages) if index not in unsaid])
        return refusals

    async def check(self) -> str | None:
        """Why not all can be said now; ``None`` when a broker answers and no topic is missing."""
        if self._producer is None:
            return "Kafka: not connected"
        if not await self._looked(self._producer, self._missing.names):
            return "Kafka does not answer"
        return self._missing.told()

    async def _try(self, messages: Sequence[Message], indexes: list[int], refusals: Refusals) -> list[int]:
        try:
            async with asyncio.timeout(self._config.publish_deadline_s):
                return await self._send(messages, indexes, refusals)
        except (KafkaError, TimeoutError) as error:
            log.warning("%s: publishing failed: %s", self._name, type(error).__name__)
            return [index for index in indexes if index not in refusals.hopeless and index not in refusals.missing]

    async def _send(self, messages: Sequence[Message], indexes: list[int], refusals: Refusals) -> list[int]:
        producer = self._producer
        if producer is None:
            return indexes
        parcels = await self._packed(producer, messages, indexes, refusals)
        futures = [
            await producer.send_batch(parcel.builder, parcel.topic, partition=parcel.partition) for parcel in parcels
        ]
        results = await asyncio.gather(*futures, return_exceptions=True)
        return self._unsent(zip(parcels, results, strict=True), refusals)

    async def _packed(
        self, producer: AIOKafkaProducer, messages: Sequence[Message], indexes: list[int], refusals: Refusals
    ) -> list[Parcel]:
        parcels: list[Parcel] = []
        filling: dict[tuple[str, int], Parcel] = {}
        partitions = await self._partitions(producer, {messages[index].topic for index in indexes})
        for index in indexes:
            message = messages[index]
            counted = partitions[message.topic]
            if counted is None:
                refusals.missing[index] = why_missing([message.topic])
                continue
            if isinstance(counted, str) or message.size > self._config.letter_bytes:
                refusals.hopeless[index] = counted if isinstance(counted, str) else MessageSizeTooLargeError.__name__
                continue
            place = (message.topic, partition_of(message.key, counted))
            alone = message.size > LARGE_BYTES or index in refusals.to_be_alone
            parcel = filling.get(place)
            if parcel is None or not parcel.takes(index, message, alone=alone):
                parcel = filling[place] = Parcel(*place, producer.create_batch())
                parcel.takes(index, message, alone=alone)
                parcels.append(parcel)
        return parcels

    async def _partitions(self, producer: AIOKafkaProducer, topics: set[str]) -> dict[str, int | str | None]:
        """How many partitions each topic has; in a word, why nothing can be sent to it; ``None``: it is missing."""
        cluster = producer.client.cluster
        known = {topic: len(found) for topic in topics if (found := cluster.partitions_for_topic(topic))}
        self._missing.are_there(known.keys())
        unseen = [topic for topic in topics if topic not in known]
        counts = await asyncio.gather(*(self._count(producer, topic) for topic in unseen))
        return {**known, **dict(zip(unseen, counts, strict=True))}

    async def _count(self, producer: AIOKafkaProducer, topic: str) -> int | str | None:
        try:
            if await self._is_there(producer, topic):
                return len(await producer.partitions_for(topic))
        except HOPELESS as error:
            return type(error).__name__
        return None

    async def _is_there(self, producer: AIOKafkaProducer, topic: str) -> bool:
        if topic not in self._missing:
            with suppress(TimeoutError):
                async with asyncio.timeout(SEEN_WITHIN_S):
                    return bool(await producer.partitions_for(topic))
        if not await self._looked(producer, [topic]):
            raise KafkaConnectionError
        return topic not in self._missing

    async def _looked(self, producer: AIOKafkaProducer, topics: Sequence[str]) -> bool:
        """Note which of these topics are there, and which are missing; ``False`` when no broker answers."""
        client = producer.client
        for topic in topics:
            client.add_topic(topic)
        # What is being fetched already may have been asked for without these topics.
        if not (await client.force_metadata_update() and await client.force_metadata_update()):
            return False
        cluster = client.cluster
        self._missing.are_there(cluster.topics())
        for topic in set(topics) - cluster.topics() - cluster.unauthorized_topics:
            self._missing.is_missing(topic)
        return True

    def _unsent(self, results: Iterable[tuple[Parcel, object]], refusals: Refusals) -> list[int]:
        again: list[int] = []
        for parcel, result in results:
            is_refused = isinstance(result, HOPELESS)
            if is_refused and len(parcel.indexes) == 1:
                refusals.hopeless[parcel.indexes[0]] = type(result).__name__
            elif isinstance(result, BaseException):
                again.extend(parcel.indexes)
                refusals.to_be_alone.update(parcel.indexes if is_refused else ())
        return again

    async def _rebuild(self, broken: AIOKafkaProducer | None) -> None:
        async with self._rebuilding:
            if self._producer is not broken or broken is None:
                return
            await _cut(broken)
            try:
                await self.start()
            except (KafkaError, OSError) as error:
                log.warning("%s: Kafka is away (%s)", self._name, type(error).__name__)


async def _cut(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), timeout=2)
    except (TimeoutError, KafkaError):
        log.warning("a producer did not end in good order")
