"""Events said once more as they pass by: whole, or as a version to come would say them."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from pipeline.waiting import until

from journeys.faults.world import World
from schemas.topics import INTAKE

MARK = "copied"
OURS = ("request.", "attempt.")
IDLE_S = 1.0
FACTS = ("request", "attempt", "profile", "features", "usage", "cost", "choice", "plan")
TO_COME = {"to_come": {"known": ["nowhere", None, 1]}}
Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Copy:
    """A record to say beside one that was heard."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers | None


Change = Callable[[Message], Iterable[Copy]]


@contextmanager
def copying(world: World, change: Change) -> Iterator[None]:
    """Say what ``change`` makes of each event, within the block and until nothing new has come for a moment."""
    copier = Copier(world, change)
    try:
        yield
        until(lambda: copier.idle_s > IDLE_S, "no event comes any more", 120)
    finally:
        copier.close()


class Copier:
    """Hears every event of a request in a thread of its own. Copies are not copied, nor what was said before."""

    def __init__(self, world: World, change: Change) -> None:
        address = {"bootstrap.servers": world.kafka.address, "log_level": 0}
        self._change = change
        self._consumer = Consumer({**address, "group.id": f"copier-{uuid4()}", "enable.auto.commit": False})
        self._producer = Producer({**address, "linger.ms": 5})
        self._stopped = threading.Event()
        self._seen: set[tuple[str, bytes]] = set()
        self._last = time.monotonic()
        ends = {place: end for place, end in world.log.ends().items() if place[0].startswith(OURS)}
        self._consumer.assign([TopicPartition(*place, end) for place, end in ends.items()])
        self._thread = threading.Thread(target=self._copy, name="copier", daemon=True)
        self._thread.start()

    @property
    def idle_s(self) -> float:
        """For how long nothing new has come."""
        return time.monotonic() - self._last

    def close(self) -> None:
        """Stop, and let all copies arrive."""
        self._stopped.set()
        self._thread.join()
        self._consumer.close()
        assert self._producer.flush(30) == 0

    def _copy(self) -> None:
        while not self._stopped.is_set():
            for message in self._consumer.consume(500, timeout=0.1):
                if message.error() is None and self._is_new(message):
                    self._last = time.monotonic()
                    for copy in self._change(message):
                        headers = [*(copy.headers or []), (MARK, b"1")]
                        self._producer.produce(copy.topic, copy.value, copy.key, headers=headers)
            self._producer.poll(0)

    def _is_new(self, message: Message) -> bool:
        headers = dict(message.headers() or [])
        topic = message.topic() or ""
        name = (topic, (message.key() or b"") if topic == INTAKE else headers.get("ce_id") or b"")
        if MARK in headers or name in self._seen:
            return False
        self._seen.add(name)
        return True


def same(message: Message) -> Iterator[Copy]:
    """The event as it is."""
    yield Copy(message.topic() or "", message.key(), message.value(), message.headers())


def newer(world: World, message: Message) -> Iterator[Copy]:
    """The event as a version to come would say it; and of a profiled request, another that only that version knows."""
    topic = message.topic() or ""
    if topic == INTAKE:
        return
    told = json.loads(message.value() or b"")
    yield Copy(topic, message.key(), json.dumps(_with_more(told)).encode(), message.headers())
    if topic == "request.profiled":
        yield _another_request(world, told, message.headers() or [])


def _with_more(told: dict[str, object]) -> dict[str, object]:
    """With a field more, here and in each fact within; what clients and models wrote is no fact."""
    within = {name: _with_more(fact) for name, fact in told.items() if name in FACTS and isinstance(fact, dict)}
    return {**told, **within, **TO_COME}


def _another_request(world: World, told: dict[str, object], headers: Headers) -> Copy:
    request_id = uuid4()
    request = {**told["request"], "request_id": str(request_id), "risk": "moderate"}  # type: ignore[dict-item]
    trace = f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"
    own = {"ce_subject": str(request_id), "ce_id": str(uuid4()), "traceparent": trace}
    kept = [(name, value) for name, value in headers if name not in own]
    kept += [(name, text.encode()) for name, text in own.items()]
    world.others.add(request_id)
    value = json.dumps(_with_more({**told, "request": request})).encode()
    return Copy("request.profiled", str(request_id).encode(), value, kept)
