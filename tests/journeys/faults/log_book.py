"""The Kafka log as a book: all that has come on the topics of a prefix since it was last looked at."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from pipeline.kafka_log import DEFERRED, ENDS, Record, record_of
from pipeline.waiting import until

from journeys.faults.books import End, Letter, LogBook, Said
from schemas.outcome import RequestDeferred

WITHIN_S = 60.0
ANSWER_S = 5.0
POLL_S = 0.2
LETTERS = "dead-letters."
TIMES = {"admitted_at", "completed_at", "failed_at", "deadline_at", "latency_ms", "trace_id"}
REQUESTS = ("request.", "attempt.")
Place = tuple[str, int]
T = TypeVar("T")


class LogReader:
    """Reads forward, whenever it is asked to. It has no group, and commits nothing."""

    def __init__(self, bootstrap: str) -> None:
        self._address = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._consumer = Consumer({**self._address, "group.id": f"books-{uuid4()}", "enable.auto.commit": False})
        self._read_to: dict[Place, int] = {}

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def ends(self) -> dict[Place, int]:
        """Where each partition of ours ends now. Asked again while a broker that was restarted finds itself."""
        return until(lambda: settled(self._ends), "the ends of the log are known", WITHIN_S)

    def _ends(self) -> dict[Place, int]:
        admin = AdminClient(self._address)  # one that knew the broker before its restart may not find it again
        topics = admin.list_topics(timeout=ANSWER_S).topics
        ours = [(name, at) for name, topic in topics.items() if not name.startswith("__") for at in topic.partitions]
        asked = admin.list_offsets({TopicPartition(*place): OffsetSpec.latest() for place in ours})
        return {(at.topic, at.partition): told.result(ANSWER_S).offset for at, told in asked.items()}

    def skip(self) -> dict[Place, int]:
        """Go to the end, without reading; where that is."""
        self._read_to = self.ends()
        return dict(self._read_to)

    def read(self) -> list[Record]:
        """What has come since, up to the end as it is now."""
        ends = self.ends()
        behind = {place: end for place, end in ends.items() if self._read_to.get(place, 0) < end}
        self._consumer.assign([TopicPartition(*place, self._read_to.get(place, 0)) for place in behind])
        found: list[Record] = []
        limit = time.monotonic() + WITHIN_S
        while behind:
            assert time.monotonic() < limit, f"the log cannot be read to its end: {behind}"
            messages = [each for each in self._consumer.consume(2_000, timeout=POLL_S) if each.error() is None]
            for record in (record_of(message, prefix="") for message in messages):
                found.append(record)
                place = (record.topic, record.partition)
                if record.offset + 1 >= behind.get(place, 0):
                    behind.pop(place, None)
        self._read_to = ends
        return found


def settled(ask: Callable[[], T]) -> T | None:
    """What Kafka answers; nothing while it is not itself again."""
    try:
        return ask()
    except (KafkaException, TimeoutError):
        return None


def log_book(records: Sequence[Record]) -> LogBook:
    """What these records say."""
    return LogBook(tuple(_ends(records)), tuple(_said(records)), tuple(_letters(records)), dict(_deferred(records)))


def _ends(records: Iterable[Record]) -> Iterator[End]:
    for record in records:
        request_id = request_of(record.value) if record.topic in ENDS else None
        if request_id is not None:
            facts = record.event.model_dump(mode="json", exclude=TIMES)
            yield End(record.topic, request_id, record.header("ce_id") or "", json.dumps(facts, sort_keys=True))


def _deferred(records: Iterable[Record]) -> Iterator[tuple[UUID, float]]:
    for record in records:
        if record.topic == DEFERRED and isinstance(record.event, RequestDeferred):
            yield record.event.request_id, record.event.until.timestamp()


def _said(records: Iterable[Record]) -> Iterator[Said]:
    """Events of requests that a service said; what others put on the log has no source of ours."""
    for record in records:
        context = record.header("traceparent")
        subject, source = record.header("ce_subject"), record.header("ce_source")
        if record.topic.startswith(REQUESTS) and context and subject and source:
            _, trace_id, span_id, _ = context.split("-")
            yield Said(record.topic, UUID(subject), source, trace_id, span_id)


def _letters(records: Iterable[Record]) -> Iterator[Letter]:
    for record in records:
        if record.topic.startswith(LETTERS):
            topic, partition, offset, reason = (
                record.header(f"dl_{name}") or "" for name in ("topic", "partition", "offset", "reason")
            )
            yield Letter(record.topic.removeprefix(LETTERS), reason, (topic, int(partition), int(offset)))


def request_of(value: bytes | None) -> UUID | None:
    """The request that a result is of; none of a record that was put there to harm."""
    try:
        return UUID(json.loads(value or b"")["request_id"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
