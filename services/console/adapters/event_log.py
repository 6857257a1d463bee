"""Kafka's topics, followed without a group, from where they end now or from a time: what happens to requests."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import datetime
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from infra.bus.dead_letter import is_letter
from infra.bus.ending import end_client
from schemas.envelope import header, time_from_ms
from schemas.fact import Event
from services.console.adapters.kafka import kafka_answers
from services.console.adapters.merged import by_time
from services.console.domain.failures import CannotReach
from services.console.domain.heard import Heard, Letter
from services.console.domain.registry import Kind, followed

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

WAIT_MS = 60_000
BEAT_MS = 1_000


class EventLog:
    """Follows every topic that is keyed by request, and the dead letters.

    ``connection`` is what an aiokafka client needs, ``partitions`` gives the partition count of each physical topic.
    Open it before submitting, so that nothing is missed; with ``since``, what was said from then on comes first, in
    the order of its times::

        async with EventLog(connection, partitions, prefix, timeout_s) as log:
            ...submit...
            async for heard in log.follow({request_id}):
                ...
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        partitions: Callable[[], Awaitable[Mapping[str, int]]],
        prefix: str,
        timeout_s: float,
        since: datetime | None = None,
    ) -> None:
        self._connection = connection
        self._partitions = partitions
        self._prefix = prefix
        self._timeout_s = timeout_s
        self._since = since
        self._ends: Mapping[TopicPartition, int] = {}
        self._kinds: dict[str, Kind] = {}
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        """Stand at the end of every topic, or where it was at the time. Raises :class:`CannotReach`."""
        consumer = AIOKafkaConsumer(enable_auto_commit=False, **self._connection)
        try:
            async with kafka_answers(self._connection["bootstrap_servers"], self._timeout_s):
                await consumer.start()
                await self._stand(consumer, await self._partitions())
        except BaseException:
            await end_client(consumer)
            raise
        self._consumer = consumer
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._consumer is not None:
            await end_client(self._consumer)

    async def _stand(self, consumer: AIOKafkaConsumer, partitions: Mapping[str, int]) -> None:
        ours = (topic for topic in partitions if topic.startswith(self._prefix))
        kinds = ((topic, followed(topic.removeprefix(self._prefix))) for topic in ours)
        self._kinds = {topic: kind for topic, kind in kinds if kind is not None}
        assigned = [TopicPartition(topic, number) for topic in self._kinds for number in range(partitions[topic])]
        if not assigned:
            raise CannotReach("Kafka has none of our topics: run `portfolio topics create`, or `make up`")
        consumer.assign(assigned)
        self._ends = await consumer.end_offsets(assigned)
        began = await self._began(consumer, assigned)
        for partition, end in self._ends.items():
            consumer.seek(partition, began.get(partition, end))

    async def _began(self, consumer: AIOKafkaConsumer, assigned: list[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset of each partition that was written since; none where nothing was."""
        if self._since is None:
            return {}
        at = int(self._since.timestamp() * 1_000)
        found = await consumer.offsets_for_times(dict.fromkeys(assigned, at))
        return {partition: told.offset for partition, told in found.items() if told is not None}

    async def follow(self, request_ids: Collection[str] | None = None) -> AsyncIterator[Heard]:
        """What is heard of these requests (of all, when ``None``). It never ends: the caller breaks off.

        ``request_ids`` may grow meanwhile: it is asked anew for each record.
        """
        if self._consumer is None:
            raise RuntimeError("the log is not open: use `async with`")
        async for record in self._records(self._consumer):
            key = (record.key or b"").decode(errors="replace")
            if (request_ids is None or key in request_ids) and (heard := self._heard(key, record)):
                yield heard

    async def touched(self) -> AsyncIterator[tuple[str, frozenset[str]]]:
        """Topics (logical names) with the keys of what is said on them from now on; nothing of it is decoded.

        Tells an empty name about once a second where nothing is said. It never ends: the caller breaks off. Raises
        :class:`CannotReach`.
        """
        if self._consumer is None:
            raise RuntimeError("the log is not open: use `async with`")
        while True:
            async with kafka_answers(self._connection["bootstrap_servers"], self._timeout_s):
                arrived = await self._consumer.getmany(timeout_ms=BEAT_MS)
            for partition, records in arrived.items():
                keys = frozenset((record.key or b"").decode(errors="replace") for record in records)
                yield partition.topic.removeprefix(self._prefix), keys
            if not arrived:
                yield "", frozenset()

    async def _records(self, consumer: AIOKafkaConsumer) -> "AsyncIterator[ConsumerRecord[Any, Any]]":
        async for record in by_time(consumer, self._ends):
            yield record
        while True:
            arrived = (await consumer.getmany(timeout_ms=WAIT_MS)).values()
            for record in sorted(chain.from_iterable(arrived), key=lambda each: each.timestamp):
                yield record

    def _heard(self, key: str, record: "ConsumerRecord[Any, Any]") -> Heard | None:
        told = _told(self._kinds[record.topic], record)
        if told is None:
            return None
        traceparent = (header(record.headers, "traceparent") or "").split("-")
        trace_id = traceparent[1] if len(traceparent) == 4 else None
        return Heard(key, told, time_from_ms(record.timestamp), trace_id)


def _told(kind: Kind, record: "ConsumerRecord[Any, Any]") -> Event | Letter | None:
    """The event; ``None`` for what cannot be read, which the services judge, and for what was done with a letter."""
    if isinstance(kind, str):
        if not is_letter(record.headers):
            return None
        return Letter(kind, header(record.headers, "dl_reason") or "", header(record.headers, "dl_detail") or "")
    try:
        return kind.read(record.value or b"")
    except ValidationError:
        return None
