"""Saying events: idempotent producer, all acknowledgements, keys always, and patience while Kafka is away."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.producer.message_accumulator import BatchBuilder

from infra.bus.config import BusConfig
from infra.bus.ending import end_client
from infra.bus.meters import BusMeters
from infra.bus.murmur2 import murmur2
from infra.bus.said_by_us import SaidByUs
from infra.bus.straight_producer import StraightProducer

log = logging.getLogger(__name__)
HOPELESS = (MessageSizeTooLargeError, InvalidTopicError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
BATCH_BYTES = 131_072
LARGE_BYTES = 65_536
SEEN_WITHIN_S = 5.0
"""A topic may have been made a moment ago; one that was not there is looked for no more often than this."""
MAKE = "create it (`portfolio topics plan`), or take it out of PROFILER_REPLY_TOPICS where it is declared there"


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
    """What brokers refused of the messages at hand, by index: for good, with the reason; or together with others."""

    hopeless: dict[int, str] = field(default_factory=dict[int, str])
    to_be_alone: set[int] = field(default_factory=set[int])


class Parcel:
    """Records for one partition, which are sent and acknowledged as one. ``indexes`` are those of their messages."""

    __slots__ = ("builder", "indexes", "place")

    def __init__(self, place: TopicPartition, builder: BatchBuilder) -> None:
        self.place = place
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
        self._producer: StraightProducer | None = None
        self._rebuilding = asyncio.Lock()
        self._missed_at: dict[str, float] = {}
        self._said = SaidByUs()

    async def start(self) -> None:
        """Connect. Raises ``KafkaConnectionError`` when no broker answers."""
        producer = StraightProducer(
            client_id=f"model-portfolio-{self._name}",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=self._config.letter_bytes,
            metadata_max_age_ms=60_000,
            **self._config.connection(),
        )
        try:
            await producer.start()
        except BaseException:
            await end_client(producer)  # one that is left open says so in the log when it is forgotten
            raise
        self._producer = producer
        self._said.begin()

    async def stop(self) -> None:
        """Send what waits, then disconnect."""
        self._said.end()
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await end_client(producer)

    async def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send all and wait until each is acknowledged, for as long as it takes.

        Returns, by index, those that can never be sent (too large, no such topic), with the reason.
        """
        refusals = Refusals()
        waiting = list(range(len(messages)))
        wait = FIRST_WAIT_S
        while waiting:
            used = self._producer
            waiting = await self._try(messages, waiting, refusals)
            if waiting:
                log.warning("%s: %d events not acknowledged: they are sent again", self._name, len(waiting))
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
                await self._rebuild(used)
        self._meters.said(message.topic for index, message in enumerate(messages) if index not in refusals.hopeless)
        return refusals.hopeless

    async def check(self) -> str | None:
        """Why nothing can be said now; ``None`` when a broker answers."""
        if self._producer is None:
            return "Kafka: not connected"
        return None if await self._producer.client.force_metadata_update() else "Kafka does not answer"

    async def _try(self, messages: Sequence[Message], indexes: list[int], refusals: Refusals) -> list[int]:
        try:
            async with asyncio.timeout(self._config.publish_deadline_s):
                return await self._send(messages, indexes, refusals)
        except (KafkaError, TimeoutError) as error:
            log.warning("%s: publishing failed: %s", self._name, type(error).__name__)
            return [index for index in indexes if index not in refusals.hopeless]

    async def _send(self, messages: Sequence[Message], indexes: list[int], refusals: Refusals) -> list[int]:
        producer = self._producer
        if producer is None:
            return indexes
        parcels = await self._packed(producer, messages, indexes, refusals)
        results = await producer.send_batches([(parcel.place, parcel.builder) for parcel in parcels])
        return self._unsent(zip(parcels, results, strict=True), refusals)

    async def _packed(
        self, producer: StraightProducer, messages: Sequence[Message], indexes: list[int], refusals: Refusals
    ) -> list[Parcel]:
        parcels: list[Parcel] = []
        filling: dict[TopicPartition, Parcel] = {}
        partitions = await self._partitions(producer, {messages[index].topic for index in indexes})
        for index in indexes:
            message = messages[index]
            counted = partitions[message.topic]
            if isinstance(counted, str) or message.size > self._config.letter_bytes:
                refusals.hopeless[index] = counted if isinstance(counted, str) else MessageSizeTooLargeError.__name__
                continue
            place = TopicPartition(message.topic, partition_of(message.key, counted))
            alone = message.size > LARGE_BYTES or index in refusals.to_be_alone
            parcel = filling.get(place)
            if parcel is None or not parcel.takes(index, message, alone=alone):
                parcel = filling[place] = Parcel(place, producer.create_batch())
                parcel.takes(index, message, alone=alone)
                parcels.append(parcel)
        return parcels

    async def _partitions(self, producer: StraightProducer, topics: set[str]) -> dict[str, int | str]:
        """How many partitions each topic has; or, in a word, why nothing can be sent to it."""
        places_of = producer.client.cluster.partitions_for_topic
        found: dict[str, int | str] = {topic: len(places) for topic in topics if (places := places_of(topic))}
        if unknown := [topic for topic in topics if topic not in found]:
            counts = await asyncio.gather(*(self._partitions_of(producer, topic) for topic in unknown))
            found.update(zip(unknown, counts, strict=True))
        return found

    async def _partitions_of(self, producer: StraightProducer, topic: str) -> int | str:
        """aiokafka looks for a topic longer than we wait for an acknowledgement, and would be asked again for ever."""
        if (missed_at := self._missed_at.get(topic)) is not None:
            is_fresh = time.monotonic() - missed_at < SEEN_WITHIN_S
            return UnknownTopicOrPartitionError.__name__ if is_fresh else await self._looked_up(producer, topic)
        self._said.topics.add(topic)
        try:
            async with asyncio.timeout(SEEN_WITHIN_S):
                return len(await producer.partitions_for(topic))
        except HOPELESS as error:
            return type(error).__name__
        except TimeoutError:
            return await self._looked_up(producer, topic)

    async def _looked_up(self, producer: StraightProducer, topic: str) -> int | str:
        """What a broker says of a topic now. The look that is under way may have been sent without its name."""
        client = producer.client
        client.add_topic(topic)
        if not (await client.force_metadata_update() and await client.force_metadata_update()):
            raise KafkaConnectionError
        if places := client.cluster.partitions_for_topic(topic):
            if self._missed_at.pop(topic, None) is not None:
                log.warning("%s: the topic %s is there now", self._name, topic)
            return len(places)
        if topic not in self._missed_at:
            log.warning(
                "%s: the topic %s is not there, and what is said to it is given up: %s", self._name, topic, MAKE
            )
        self._missed_at[topic] = time.monotonic()
        return UnknownTopicOrPartitionError.__name__

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

    async def _rebuild(self, broken: StraightProducer | None) -> None:
        async with self._rebuilding:
            if self._producer is not broken or broken is None:
                return
            await _cut(broken)
            try:
                await self.start()
            except (KafkaError, OSError) as error:
                log.warning("%s: Kafka is away (%s)", self._name, type(error).__name__)


async def _cut(producer: StraightProducer) -> None:
    try:
        async with asyncio.timeout(2):
            await producer.stop()
    except (TimeoutError, KafkaError):
        log.warning("a producer did not end in good order")
