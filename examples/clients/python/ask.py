"""Ask the portfolio over Kafka, and wait for the end: ``python ask.py QUESTION [LANE]``.

The answer goes to standard output, what it took to standard error. The exit code is 0 for an answer, 1 for an honest
failure, and 2 when no end came. ``KAFKA_BOOTSTRAP_SERVERS``, ``INTAKE_TOPIC`` and ``TOPIC_PREFIX`` say where.
"""

import json
import os
import sys
import time
import uuid
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

BROKERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
PREFIX = os.environ.get("TOPIC_PREFIX", "")
INTAKE = PREFIX + os.environ.get("INTAKE_TOPIC", "request.submitted")
COMPLETED, FAILED = f"{PREFIX}request.completed", f"{PREFIX}request.failed"
DEADLINE_S, SPARE_S, BROKER_S = 60, 10, 15


def main() -> int:
    question, *lane = sys.argv[1:]
    request_id = str(uuid.uuid4())
    request = {
        "request_id": request_id,  # yours, so that sending again is recognised, and never answered twice
        "messages": [{"role": "user", "content": question}],
        "deadline_s": DEADLINE_S,
        **({"lane": lane[0]} if lane else {}),
    }
    consumer = at_the_end_of(COMPLETED, FAILED)
    publish(request_id, request)
    end = end_of(request_id, consumer)
    consumer.close()
    return tell(end)


def at_the_end_of(*topics: str) -> Consumer:
    """Reads from where the topics end now, before the request is sent: no result can be missed."""
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": "ask", "enable.auto.commit": False})
    assigned: list[TopicPartition] = []
    for topic in topics:
        for number in consumer.list_topics(topic, timeout=BROKER_S).topics[topic].partitions:
            partition = TopicPartition(topic, number)
            _, partition.offset = consumer.get_watermark_offsets(partition, timeout=BROKER_S)
            assigned.append(partition)
    consumer.assign(assigned)
    return consumer


def publish(key: str, request: dict[str, Any]) -> None:
    """Returns once all replicas in sync have it. Sending again after an error is safe: the request has an id."""
    lost: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error:
            lost.append(error)

    producer = Producer({"bootstrap.servers": BROKERS, "acks": "all", "enable.idempotence": True})
    producer.produce(INTAKE, json.dumps(request), key=key, on_delivery=delivered)
    if producer.flush(BROKER_S) or lost:
        raise SystemExit(f"not published: {lost or BROKERS}")


def end_of(key: str, consumer: Consumer) -> Message | None:
    """The result comes under the key of the request, on one of the two topics."""
    until = time.monotonic() + DEADLINE_S + SPARE_S
    while (left := until - time.monotonic()) > 0:
        record = consumer.poll(left)
        if record is None:
            break
        if record.error():
            raise KafkaException(record.error())
        if record.key() == key.encode():
            return record
    return None


def tell(end: Message | None) -> int:
    if end is None:
        sys.stderr.write("no end came: is the portfolio running?\n")
        return 2
    told = json.loads(end.value() or b"")
    if end.topic() == FAILED:
        sys.stderr.write(f"{told['reason']}: {told['detail']} (request {told['request_id']})\n")
        return 1
    sys.stdout.write(f"{told['answer']['message']['content']}\n")
    sys.stderr.write(f"{told['status']}, by {told['model']}, for ${told['cost_usd']} (request {told['request_id']})\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
