"""A small service on a real bus: it hears feedback and says that a request is cancelled; and its log, read raw."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid5

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.topics import create
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.ids import NAMESPACE
from schemas.outcome import RequestCancelled
from schemas.reaction import Handler, Reaction, Received, Said
from schemas.review import FeedbackRecorded

T = TypeVar("T")
SERVICE = "router"
HEARD, TOLD, LETTERS = "feedback.recorded", "request.cancelled", "dead-letters.router"
PATIENCE_S = 30.0
POLL_S = 0.02
AT = datetime(2026, 3, 2, tzinfo=UTC)
Records = list["ConsumerRecord[Any, Any]"]


def request_id(number: int) -> UUID:
    return uuid5(NAMESPACE, f"test:{number}")


def feedback(number: int, note: str | None = None) -> FeedbackRecorded:
    """An event to hear."""
    return FeedbackRecorded(
        request_id=request_id(number),
        feedback_id=request_id(number),
        source="user",
        score=1.0,
        note=note,
        recorded_at=AT,
    )


def cancelled(event: FeedbackRecorded) -> RequestCancelled:
    """An event to say."""
    return RequestCancelled(request_id=event.request_id, tenant="t", by=event.note or "user", cancelled_at=AT)


def echo(event: FeedbackRecorded, received: Received) -> Reaction:
    """The simplest handler: one event for one event."""
    return Reaction(says=(Said(cancelled(event)),))


async def until(holds: Callable[[], Awaitable[T]], what: str) -> T:
    """The first answer that counts as true. Fails, and says what was waited for, when none comes."""
    for _ in range(int(PATIENCE_S / POLL_S)):
        if found := await holds():
            return found
        await asyncio.sleep(POLL_S)
    raise AssertionError(f"{what}: not so within {PATIENCE_S:g} s")


def bus_of(config: BusConfig, handler: Handler = echo, telemetry: Telemetry | None = None, **options: Any) -> Bus:
    """The service's bus, not started yet."""
    telemetry = telemetry or Telemetry(TelemetryConfig(otel_exporter_otlp_endpoint=None), SERVICE)
    undecodable = options.pop("undecodable", None)
    bus = Bus(config, SERVICE, telemetry, **options)
    bus.hears(FeedbackRecorded, handler, undecodable=undecodable)
    return bus


@asynccontextmanager
async def at_work(bus: Bus) -> AsyncIterator[Bus]:
    """The service, running, with its topics."""
    await create(bus.config, [HEARD, TOLD, LETTERS])
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


class Client:
    """Anybody's Kafka client, on the topics of one prefix."""

    def __init__(self, config: BusConfig) -> None:
        self.config = config
        self._producer = AIOKafkaProducer(**config.connection())

    async def __aenter__(self) -> "Client":
        await create(self.config, [HEARD, TOLD, LETTERS])
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def send(
        self, value: bytes | None, key: bytes | None = None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> Any:
        """One record on the topic that is heard; where it stands."""
        topic = self.config.physical(HEARD)
        return await self._producer.send_and_wait(topic, value, key=key, headers=list(headers))

    async def tell(self, *numbers: int, note: str | None = None) -> None:
        """Events, as another service says them."""
        topic = self.config.physical(HEARD)
        events = [feedback(number, note) for number in numbers]
        sent = [
            await self._producer.send(topic, event.to_json(), key=str(event.request_id).encode()) for event in events
        ]
        await asyncio.gather(*sent)

    async def log(self, name: str, count: int) -> Records:
        """The records of a topic in order of their offsets, once there are this many at least."""
        return await log(self.config, name, count)

    async def told(self, count: int) -> list[UUID]:
        """The requests of which something was said, once there are this many."""
        return [RequestCancelled.read(record.value).request_id for record in await self.log(TOLD, count)]


async def log(config: BusConfig, name: str, count: int) -> Records:
    """See :meth:`Client.log`."""
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **config.connection())
    await consumer.start()
    try:
        topic = config.physical(name)
        await consumer._client.force_metadata_update()
        partitions = [TopicPartition(topic, number) for number in await _partitions(config, topic)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: Records = []
        async with asyncio.timeout(PATIENCE_S):
            ends = await consumer.end_offsets(partitions)
            while len(found) < count or any([await consumer.position(p) < ends[p] for p in partitions]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found.extend(records)
        return sorted(found, key=lambda record: (record.partition, record.offset))
    finally:
        await consumer.stop()


async def committed(config: BusConfig, group: str = SERVICE) -> dict[int, int]:
    """The offsets that a group committed on the topic that is heard, by partition."""
    admin = AIOKafkaAdminClient(**config.connection())
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(config.physical(group))
    finally:
        await admin.close()
    topic = config.physical(HEARD)
    return {
        found.partition: told.offset for found, told in offsets.items() if found.topic == topic and told.offset >= 0
    }


async def left(config: BusConfig, group: str = SERVICE) -> bool:
    """Whether nobody is in a group."""
    admin = AIOKafkaAdminClient(**config.connection())
    await admin.start()
    try:
        (described,) = await admin.describe_consumer_groups([config.physical(group)])
    finally:
        await admin.close()
    ((*_, members, _),) = described.groups  # pyright: ignore[reportAttributeAccessIssue] - a field of its schema
    return not members


async def _partitions(config: BusConfig, topic: str) -> list[int]:
    admin = AIOKafkaAdminClient(**config.connection())
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return [partition["partition"] for partition in described["partitions"]]


def told_in(letter: "ConsumerRecord[Any, Any]", name: str) -> str:
    """A ``dl_`` header of a dead letter."""
    found = [value for key, value in letter.headers if key == f"dl_{name}" and value is not None]
    assert len(found) == 1, letter.headers
    return found[0].decode()
