"""Kafka by another library than the product's: a producer of librdkafka's, and all that stands on the log."""

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from confluent_kafka import OFFSET_BEGINNING, TIMESTAMP_NOT_AVAILABLE, Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from pipeline.waiting import PATIENCE_S
from schemas.fact import Event
from schemas.topics import INTAKE, topic_of

T = TypeVar("T")
Headers = Sequence[tuple[str, bytes | None]]
ENDS = ("request.completed", "request.failed")
DEFERRED = "request.deferred"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands on the log. ``topic`` is the logical name."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int

    def header(self, name: str) -> str | None:
        """The last header of this name, as text."""
        return next((value.decode() for key, value in reversed(self.headers) if key == name and value), None)

    @property
    def event(self) -> Event:
        """The event that it holds. Raises ``ValidationError`` when it is none."""
        return topic_of(self.topic).event.read(self.value or b"")


class Log:
    """Everything on the topics of a prefix, read from the beginning in a thread of its own."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._changed = threading.Condition()
        self._records: dict[str, list[Record]] = defaultdict(list)
        self._stopped = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{prefix}log-{uuid4()}",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
            }
        )
        topics = self._consumer.list_topics(timeout=PATIENCE_S).topics
        mine = [topic for name, topic in topics.items() if name.startswith(prefix)]
        self._places = [(topic.topic, number) for topic in mine for number in topic.partitions]
        self._consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in self._places])
        self._thread = threading.Thread(target=self._read, name="log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._stopped.set()
        self._thread.join()
        self._consumer.close()

    def on(self, topic: str) -> list[Record]:
        """The records of a topic so far."""
        with self._changed:
            return list(self._records[topic])

    def everything(self) -> list[Record]:
        """All records so far, dead letters included."""
        with self._changed:
            return [record for records in self._records.values() for record in records]

    def of(self, request_id: UUID | str, *topics: str) -> list[Record]:
        """What was said of a request so far, by event time; on these topics only, when any are named."""
        with self._changed:
            wanted = topics or tuple(name for name in self._records if not name.startswith("dead-letters."))
            found = [r for name in wanted for r in self._records[name] if r.header("ce_subject") == str(request_id)]
        return sorted(found, key=lambda record: record.timestamp_ms)

    def until(self, find: Callable[[], T], what: str, within_s: float = PATIENCE_S) -> T:
        """The first answer of ``find`` that counts as true, asked anew whenever records come."""
        with self._changed:
            assert self._changed.wait_for(find, within_s), f"{what}: not on the log within {within_s:g} s"
            return find()

    def one(self, request_id: UUID | str, topic: str) -> Record:
        """What was said of a request on a topic, once it is read: topics are read in any order. One record alone."""
        [found] = self.until(lambda: self.of(request_id, topic), f"{topic} of {request_id}")
        return found

    def first(self, request_id: UUID | str, *topics: str) -> Record:
        """The first that was said of a request on these topics, once any of it is read."""
        return self.until(lambda: self.of(request_id, *topics), f"{' or '.join(topics)} of {request_id}")[0]

    def end_of(self, request_id: UUID | str) -> Record:
        """The end of a request."""
        return self.first(request_id, *ENDS)

    def catch_up(self) -> None:
        """Read all that stands on the topics now: only then is what was not read what was not said."""
        admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 0})
        asked = admin.list_offsets({TopicPartition(*place): OffsetSpec.latest() for place in self._places})
        ends = {(at.topic.removeprefix(self._prefix), at.partition): told for at, told in asked.items()}
        lasts = {place: told.result(PATIENCE_S).offset - 1 for place, told in ends.items()}
        self.until(lambda: self._has_read(lasts), "all that stands on the topics")

    def letter_from(self, service: str, partition: int, offset: int, topic: str = INTAKE) -> Record:
        """The dead letter of what stood there, on the shared intake topic unless another is named."""
        origin = (f"{self._prefix}{topic}", str(partition), str(offset))

        def find() -> Record | None:
            letters = self._records[f"dead-letters.{service}"]
            parts = ("dl_topic", "dl_partition", "dl_offset")
            return next((letter for letter in letters if tuple(map(letter.header, parts)) == origin), None)

        found = self.until(find, f"the dead letter of {origin}")
        assert found is not None
        return found

    def _has_read(self, lasts: dict[tuple[str, int], int]) -> bool:
        read = {(r.topic, r.partition): r.offset for records in self._records.values() for r in records}
        return all(read.get(place, -1) >= offset for place, offset in lasts.items())

    def _read(self) -> None:
        while not self._stopped.is_set():
            messages = [message for message in self._consumer.consume(500, timeout=0.1) if message.error() is None]
            with self._changed:
                for message in messages:
                    record = record_of(message, self._prefix)
                    self._records[record.topic].append(record)
                self._changed.notify_all()


class Client:
    """A producer: any program of any team."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._prefix = prefix
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})

    def close(self) -> None:
        """Disconnect."""
        self._producer.close()

    def send(self, topic: str, value: bytes | None, key: bytes | None = None, headers: Headers = ()) -> tuple[int, int]:
        """Publish to a topic's logical name; the partition and offset where it stands."""
        stands: list[Message] = []

        def on_delivery(error: object, message: Message) -> None:
            assert error is None, error
            stands.append(message)

        self._producer.produce(f"{self._prefix}{topic}", value, key, headers=list(headers), on_delivery=on_delivery)
        assert self._producer.flush(PATIENCE_S) == 0
        partition, offset = stands[0].partition(), stands[0].offset()
        assert partition is not None
        assert offset is not None
        return partition, offset


def record_of(message: Message, prefix: str) -> Record:
    """A message as it came, under its logical name."""
    kind, timestamp_ms = message.timestamp()
    assert kind != TIMESTAMP_NOT_AVAILABLE
    topic = (message.topic() or "").removeprefix(prefix)
    return Record(
        topic=topic,
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=message.key(),
        value=message.value(),
        # Clients put what they like there, and this library breaks at a name that is no text.
        headers=[] if topic.startswith(INTAKE) else message.headers() or [],
        timestamp_ms=timestamp_ms,
    )
