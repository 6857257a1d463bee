"""Records that nobody should have to bear: poison, everything twice, offsets that went back."""

import threading
import time
from random import Random
from uuid import uuid4

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from pipeline.kafka_log import INTAKE
from pipeline.waiting import until

from journeys.faults.fleet import GROUPS
from journeys.faults.log_book import settled
from journeys.faults.world import World

POISON = (
    (b"\xff\xfe\x00 no JSON", []),
    (b"{}", [("ce_type", b"\x80\x81")]),
    (b"[1, 2, 3]", [("traceparent", b"not-a-context")]),
    (b'{"request_id": 7, "request": {"request_id": "no uuid"}}', []),
    (b"9" * 5_000, []),
)
COPY = ("copied", b"1")


def poison(world: World, dice: Random) -> None:
    """Records that are no events, in every topic that somebody hears."""
    producer = _producer(world)
    known = until(lambda: GROUPS.keys() <= (found := world.groups.positions()).keys() and found, "all groups are known")
    heard = {topic for positions in known.values() for topic, _ in positions}

    def remember(_: object, message: Message) -> None:
        world.poison.add((message.topic() or "", message.partition() or 0, message.offset() or 0))

    for topic in sorted(heard):
        for value, headers in dice.sample(POISON, 3):
            producer.produce(topic, value, b"poison", headers=headers, on_delivery=remember)
    assert producer.flush(30) == 0


def rewind(world: World, dice: Random) -> None:
    """The offsets of a group go back to where the run began: it hears all of it again."""
    group = dice.choice(sorted(GROUPS))
    members = GROUPS[group]
    world.fleet.stop(*members)
    positions = until(lambda: (settled(world.groups.positions) or {}).get(group), f"the offsets of {group} are known")
    assert positions is not None
    world.groups.move(group, {place: min(at, world.began.get(place, at)) for place, at in positions.items()})
    world.fleet.start(*members)


def twice(world: World, dice: Random) -> None:
    """Every event is delivered twice, from now until all of the run's requests have ended."""
    copier = Copier(world)
    try:
        world.client.until_sent(60)
        until(lambda: not world.client.sent.open() and copier.idle_s > 1, "all requests have ended", 120)
    finally:
        copier.close()


class Copier:
    """Says every event of a request once more, whole, with its headers; copies are not copied."""

    def __init__(self, world: World) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": world.kafka.address, "group.id": f"copier-{uuid4()}", "enable.auto.commit": False}
        )
        self._producer = _producer(world)
        self._stopped = threading.Event()
        self._seen: set[tuple[str, bytes]] = set()
        self._last = time.monotonic()
        ends = world.log.ends()
        self._consumer.assign(
            [
                TopicPartition(*place, end)
                for place, end in ends.items()
                if place[0].startswith(("request.", "attempt."))
            ]
        )
        self._thread = threading.Thread(target=self._copy, name="copier", daemon=True)
        self._thread.start()

    @property
    def idle_s(self) -> float:
        """For how long nothing has come."""
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
                    headers = [*(message.headers() or []), COPY]
                    self._producer.produce(message.topic() or "", message.value(), message.key(), headers=headers)
            self._producer.poll(0)

    def _is_new(self, message: Message) -> bool:
        headers = dict(message.headers() or [])
        topic = message.topic() or ""
        mark = (topic, (message.key() or b"") if topic == INTAKE else headers.get("ce_id") or b"")
        if COPY[0] in headers or mark in self._seen:
            return False
        self._seen.add(mark)
        return True


def _producer(world: World) -> Producer:
    return Producer({"bootstrap.servers": world.kafka.address, "linger.ms": 5, "log_level": 0})
