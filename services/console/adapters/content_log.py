"""Content in Kafka: a request's events, each looked for where the ledger says that it was said, without a group."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition

from infra.bus.decode import Undecodable, decode
from infra.bus.lenient_records import read_leniently
from infra.bus.publisher import partition_of
from infra.bus.search import CLOCKS_APART
from infra.bus.whole import batches_to
from schemas.fact import Event
from schemas.outcome import RequestCompleted
from schemas.request import RequestProfiled
from schemas.topics import BY_EVENT
from services.console.domain.contents import Wanted

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    Record = ConsumerRecord[Any, Any]

LATE = timedelta(minutes=10)
"""How long after the time that the ledger has an event may stand in the log: services may have been down."""


class ContentLog:
    """``partitions``: the counts of our topics on the cluster, by physical name."""

    def __init__(self, connection: Mapping[str, Any], partitions: Mapping[str, int], prefix: str) -> None:
        self._connection = connection
        self._partitions = partitions
        self._prefix = prefix

    async def find(self, request_id: UUID, wanted: Sequence[Wanted]) -> list[Event | None]:
        """What is wanted, in its order; ``None`` for what the log does not hold."""
        read_leniently()
        async with AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", **self._connection
        ) as consumer:
            found: list[Event | None] = []
            for each in wanted:
                key = _key_of(each, request_id, found)
                found.append(await self._first(consumer, request_id, key, each))
            return found

    async def _first(self, consumer: AIOKafkaConsumer, request_id: UUID, key: bytes, wanted: Wanted) -> Event | None:
        topic = f"{self._prefix}{BY_EVENT[wanted.event].name}"
        if topic not in self._partitions:
            return None
        place = TopicPartition(topic, partition_of(key, self._partitions[topic]))
        async for record in self._records(consumer, place, wanted):
            if record.key == key and (event := _read(wanted, record)) and event.subject == request_id:
                return event
        return None

    async def _records(
        self, consumer: AIOKafkaConsumer, place: TopicPartition, wanted: Wanted
    ) -> "AsyncIterator[Record]":
        """From a little before it was said to a while after."""
        consumer.assign([place])
        ends = await consumer.end_offsets([place])
        began = await consumer.offsets_for_times({place: _ms(wanted, -CLOCKS_APART)})
        if (start := began.get(place)) is None:
            return
        consumer.seek(place, start.offset)
        async for found in batches_to(consumer, ends):
            for record in found.get(place, ()):
                if record.timestamp > _ms(wanted, LATE):
                    return
                yield record


def _key_of(wanted: Wanted, request_id: UUID, found: Sequence[Event | None]) -> bytes:
    """An end is said under the key that its client gave, where it gave one: the question tells it."""
    question = next((event for event in found if isinstance(event, RequestProfiled)), None)
    if wanted.event is RequestCompleted and question is not None and question.request.reply_key:
        return question.request.reply_key.encode("latin-1")
    return str(request_id).encode()


def _read(wanted: Wanted, record: "Record") -> Event | None:
    try:
        event = decode(wanted.event, record)
    except Undecodable:
        return None  # anybody can write to a topic that lets him
    return event if wanted.is_it(event) else None


def _ms(wanted: Wanted, later: timedelta) -> int:
    return int((wanted.at + later).timestamp() * 1_000)
