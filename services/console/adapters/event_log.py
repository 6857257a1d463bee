"""Kafka's topics, followed without a group from where they end now: what happens to requests, as it happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from schemas.envelope import header, time_from_ms
from schemas.fact import Event
from schemas.topics import REGISTRY, SERVICES, dead_letters_of, topic_of
from services.console.domain.failures import CannotReach
from services.console.domain.heard import Heard, Letter

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

UNFOLLOWED = ("request.submitted", "answer.streamed")
WAIT_MS = 1_000
Partitions = Callable[[], Awaitable[Mapping[str, int]]]


class EventLog:
    """Follows every topic that is keyed by request, and the dead letters.

    ``connection`` is what an aiokafka client needs; ``partitions`` gives the partition count of each physical topic.
    Start it before submitting, so that nothing is missed::

        async with EventLog(connection, partitions, prefix) as log:
            ...submit...
            async for heard in log.follow({request_id}):
                ...
    """

    def __init__(self, connection: Mapping[str, Any], partitions: Partitions, prefix: str, timeout_s: float) -> None:
        self._consumer = AIOKafkaConsumer(enable_auto_commit=False, **connection)
        self._partitions = partitions
        self._prefix = prefix
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Self:
        """Stand at the end of every topic. Raises :class:`CannotReach`."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._consumer.start()
                await self._stand_at_ends(await self._partitions())
        except (KafkaError, OSError, TimeoutError) as error:
            await self._consumer.stop()
            raise CannotReach(f"Kafka's topics cannot be read ({type(error).__name__}): is it up? try `make up`") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    async def _stand_at_ends(self, partitions: Mapping[str, int]) -> None:
        followed = {name: count for name, count in partitions.items() if self._kind_of(name) is not None}
        assigned = [TopicPartition(name, number) for name, count in followed.items() for number in range(count)]
        if not assigned:
            raise CannotReach("Kafka has none of the topics: run `portfolio topics create`, or `make up`")
        self._consumer.assign(assigned)
        for partition, end in (await self._consumer.end_offsets(assigned)).items():
            self._consumer.seek(partition, end)

    async def follow(self, request_ids: Collection[str] | None = None) -> AsyncIterator[Heard]:
        """What is heard of these requests (of all, when ``None``); without an end, so the caller breaks off.

        ``request_ids`` may grow meanwhile: it is asked anew for each record.
        """
        while True:
            for records in (await self._consumer.getmany(timeout_ms=WAIT_MS)).values():
                for record in records:
                    key = (record.key or b"").decode(errors="replace")
                    if (request_ids is None or key in request_ids) and (heard := self._heard(key, record)):
                        yield heard

    def _heard(self, key: str, record: "ConsumerRecord[Any, Any]") -> Heard | None:
        kind = self._kind_of(record.topic)
        if isinstance(kind, str):
            told: Event | Letter = Letter(kind, *(header(record.headers, f"dl_{name}") or "" for name in ("reason", "detail")))
        elif kind is None or record.value is None:
            return None
        else:
            try:
                told = kind.read(record.value)
            except ValidationError:
                return None  # not ours to judge: the services put such a record among the dead letters
        traceparent = (header(record.headers, "traceparent") or "").split("-")
        trace_id = traceparent[1] if len(traceparent) == 4 else None
        return Heard(key, told, time_from_ms(record.timestamp), trace_id)

    def _kind_of(self, physical: str) -> type[Event] | str | None:
        """The event of a topic; the service, for a topic of dead letters; ``None`` for what is not followed."""
        if not physical.startswith(self._prefix):
            return None
        name = physical.removeprefix(self._prefix)
        if service := next((each for each in SERVICES if dead_letters_of(each) == name), None):
            return service
        try:
            topic = topic_of(name)
        except KeyError:
            return None
        return topic.event if topic in REGISTRY and topic.by_request and topic.name not in UNFOLLOWED else None
