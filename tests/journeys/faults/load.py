"""The client's side: requests sent at a pace by a client that knows what was acknowledged, and hears every end."""

import json
import threading
import time
from collections.abc import Sequence
from random import Random
from typing import cast
from uuid import UUID, uuid4

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from pipeline.kafka_log import DEFERRED, ENDS
from pipeline.waiting import until

from journeys.faults.log_book import request_of
from journeys.faults.sent import Sent
from schemas.content import Json
from schemas.topics import INTAKE
from tests.simulator.marks import GOOD, Mark

LANES = ("patient", "patient", "strict", "brisk")
TROUBLES = {GOOD: 0.90, "null_content": 0.07, "rate_limited": 0.01, "bad_gateway": 0.01, "reset": 0.01}
"""What the provider does, by its share. A call takes a second at the median."""
TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
    },
}
WITH_TOOLS = 0.1
DELIVERY_MS = 300_000
TICK_S = 0.01
MOST_TIMES = 5
"""A load that nobody calls enough ends after so many times its requests."""
SILENCE_S = 5.0
Part = tuple[str, int]


class Hearing:
    """Reads every end, or that it comes later, from where the log ended.

    It goes on with another consumer when nothing comes any more.

    librdkafka's consumer was seen to fetch nothing more after a broker had been away for a minute, without an error,
    and not to begin again when it was given its partitions anew.
    """

    def __init__(self, bootstrap: str) -> None:
        self._settings = {"bootstrap.servers": bootstrap, "log_level": 0, "enable.auto.commit": False}
        self._consumer = self._another()
        self._next = self._newest()
        self._go_on()

    def take(self) -> list[bytes | None]:
        """What came within a tenth of a second; ``[]`` when nothing did."""
        heard = [message for message in self._consumer.consume(500, timeout=0.1) if message.error() is None]
        for message in heard:
            self._next[cast("str", message.topic()), cast("int", message.partition())] = (
                cast("int", message.offset()) + 1
            )
        return [message.value() for message in heard]

    def anew(self) -> None:
        """Go on from the record after the last one that was heard, with a consumer that knows nothing yet."""
        self._consumer.close()
        self._consumer = self._another()
        self._go_on()

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def _another(self) -> Consumer:
        return Consumer({**self._settings, "group.id": f"client-{uuid4()}"})

    def _go_on(self) -> None:
        self._consumer.assign([TopicPartition(*part, offset) for part, offset in self._next.items()])

    def _newest(self) -> dict[Part, int]:
        topics = self._consumer.list_topics(timeout=30).topics
        parts = [TopicPartition(name, number) for name in (*ENDS, DEFERRED) for number in topics[name].partitions]
        ends = [self._consumer.get_watermark_offsets(part, timeout=30) for part in parts]
        return {(part.topic, part.partition): newest for part, (_, newest) in zip(parts, ends, strict=True)}


class Client:
    """Sends in one thread and hears in another. One load at a time."""

    def __init__(self, bootstrap: str) -> None:
        quiet = {"bootstrap.servers": bootstrap, "log_level": 0}
        settings = {"enable.idempotence": True, "acks": "all", "linger.ms": 5, "delivery.timeout.ms": DELIVERY_MS}
        self._producer = Producer({**quiet, **settings})
        self._ends = Hearing(bootstrap)
        self._stopped, self._enough = threading.Event(), threading.Event()
        self._number = 0
        self._sending: threading.Thread | None = None
        self.sent = Sent()
        self._hearing = threading.Thread(target=self._hear, name="ends", daemon=True)
        self._hearing.start()

    def close(self) -> None:
        """Stop hearing."""
        self._stopped.set()
        self._hearing.join()
        self._ends.close()
        self._producer.close()

    def begin(self, count: int, rate: float) -> Sent:
        """Send ``count`` requests, ``rate`` a second, in the background, and on until it is :meth:`enough`.

        The book that they fill.
        """
        self._enough.clear()
        self.sent = Sent()
        self._sending = threading.Thread(target=self._send_all, args=(count, rate), name="load", daemon=True)
        self._sending.start()
        return self.sent

    def enough(self) -> None:
        """Send no more than was asked for: the load has come to what it was sent for."""
        self._enough.set()

    @property
    def is_sending(self) -> bool:
        return self._sending is not None and self._sending.is_alive()

    def until_sent(self, within_s: float) -> None:
        """Wait until all is sent and acknowledged, or Kafka has refused it."""
        until(lambda: not self.is_sending, "all requests are sent", within_s)
        assert self._producer.flush(within_s) == 0, "requests that Kafka has not acknowledged"

    def _send_all(self, count: int, rate: float) -> None:
        started = time.monotonic()
        for turn in range(MOST_TIMES * count):
            if turn >= count and self._enough.is_set():
                break
            self._send(self._number)
            self._number += 1
            self._producer.poll(0)
            ahead = started + turn / rate - time.monotonic()
            if ahead > TICK_S:
                self._stopped.wait(ahead)

    def _send(self, number: int) -> None:
        request_id = uuid4()
        body = request_body(number, request_id)
        sent = self.sent
        sent.send(request_id)

        def on_delivery(error: KafkaError | None, _: Message) -> None:
            if error is None:
                sent.acknowledge(request_id)

        self._producer.produce(INTAKE, json.dumps(body).encode(), str(request_id).encode(), on_delivery=on_delivery)

    def _hear(self) -> None:
        heard_at = time.monotonic()
        while not self._stopped.is_set():
            values = self._ends.take()
            if values or not self.sent.open():
                heard_at = time.monotonic()
            elif time.monotonic() > heard_at + SILENCE_S:
                self._ends.anew()
                heard_at = time.monotonic()
            self._note(values)

    def _note(self, values: Sequence[bytes | None]) -> None:
        self.sent.end([request_id for request_id in map(request_of, values) if request_id], time.monotonic())


def request_body(number: int, request_id: UUID) -> Json:
    """The ``number``-th request: in one of the lanes, some with a trouble that takes it further than one call."""
    dice = Random(number)  # noqa: S311
    [trouble] = dice.choices(list(TROUBLES), list(TROUBLES.values()))
    mark = Mark(trouble, at="alpha", latency_s=round(dice.lognormvariate(0.0, 0.3), 2))
    messages = [{"role": "user", "content": f"{mark} When is a leap year?"}]
    body = {"request_id": str(request_id), "messages": messages, "lane": LANES[number % len(LANES)]}
    return body | ({"tools": [TOOL]} if dice.random() < WITH_TOOLS else {})
