"""Saying events: idempotent producer, all acknowledgements, keys always, and patience while Kafka is away."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)
from aiokafka.partitioner import murmur2

from infra.bus.config import BusConfig
from infra.bus.meters import BusMeters

log = logging.getLogger(__name__)
HOPELESS = (MessageSizeTooLargeError, InvalidTopicError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Message:
    """A record to send. ``topic`` is the physical name."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


@lru_cache(maxsize=16_384)
def _hash_of(key: bytes) -> int:
    return murmur2(key) & 0x7FFFFFFF


def partition_of(key: bytes | None, all_partitions: Sequence[int], available: Sequence[int]) -> int:
    """Java's partition for a key; all topics of a request have equal counts, so the hash is kept between them."""
    if key is None:
        return (available or all_partitions)[0]
    return all_partitions[_hash_of(key) % len(all_partitions)]


class Publisher:
    """One producer, rebuilt when it breaks: an idempotent producer has no delivery timeout of its own."""

    def __init__(self, config: BusConfig, name: str, meters: BusMeters) -> None:
        self._config = config
        self._meters = meters
        self._name = name
        self._producer: AIOKafkaProducer | None = None
        self._rebuilding = asyncio.Lock()

    async def start(self) -> None:
        """Connect. Raises ``KafkaConnectionError`` when no broker answers."""
        producer = AIOKafkaProducer(
            client_id=f"model-portfolio-{self._name}",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=131_072,
            max_request_size=self._config.kafka_max_event_bytes,
            partitioner=partition_of,  # pyright: ignore[reportArgumentType] any callable does
            metadata_max_age_ms=60_000,
            **self._config.connection(),
        )
        await producer.start()
        self._producer = producer

    async def stop(self) -> None:
        """Send what waits, then disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send all and wait until each is acknowledged, for as long as it takes.

        Returns, by index, those that can never be sent (too large, no such topic), with the reason.
        """
        hopeless: dict[int, str] = {}
        waiting = list(range(len(messages)))
        wait = FIRST_WAIT_S
        while waiting:
            used = self._producer
            waiting = await self._try(messages, waiting, hopeless)
            if waiting:
                log.warning("%s: %d events not acknowledged, again in %.1f s", self._name, len(waiting), wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
                await self._rebuild(used)
        self._meters.said([message for index, message in enumerate(messages) if index not in hopeless])
        return hopeless

    async def check(self) -> str | None:
        """Why nothing can be said now; ``None`` when a broker answers."""
        if self._producer is None:
            return "Kafka: not connected"
        return None if await self._producer.client.force_metadata_update() else "Kafka does not answer"

    async def _try(self, messages: Sequence[Message], indexes: list[int], hopeless: dict[int, str]) -> list[int]:
        try:
            async with asyncio.timeout(self._config.publish_deadline_s):
                return await self._send(messages, indexes, hopeless)
        except (KafkaError, TimeoutError) as error:
            log.warning("%s: publishing failed: %s", self._name, type(error).__name__)
            return [index for index in indexes if index not in hopeless]

    async def _send(self, messages: Sequence[Message], indexes: list[int], hopeless: dict[int, str]) -> list[int]:
        producer = self._producer
        if producer is None:
            return indexes
        sent: dict[int, asyncio.Future[object]] = {}
        for index in indexes:
            message = messages[index]
            try:
                sent[index] = await producer.send(
                    message.topic, message.value, key=message.key, headers=message.headers
                )
            except HOPELESS as error:
                hopeless[index] = type(error).__name__
        results = await asyncio.gather(*sent.values(), return_exceptions=True)
        return self._unsent(dict(zip(sent, results, strict=True)), hopeless)

    def _unsent(self, results: dict[int, object], hopeless: dict[int, str]) -> list[int]:
        again: list[int] = []
        for index, result in results.items():
            if isinstance(result, HOPELESS):
                hopeless[index] = type(result).__name__
            elif isinstance(result, BaseException):
                again.append(index)
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
