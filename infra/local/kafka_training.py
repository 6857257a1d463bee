"""`python -m infra.local.kafka_training`: let Java learn once what a start of Kafka takes, for all later ones.

A broker of its own is started, written to, read and stopped; Java keeps what it learned (`infra.local.java_ahead`).
"""

import asyncio
import logging
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from infra.local.cache import one_at_a_time
from infra.local.java_ahead import learned, to_learn
from infra.local.kafka import JVM, EmbeddedKafka
from infra.local.processes import PartError, Program, free_port

RECORDS = 500
TOPIC = "learned"
USED_S = 60.0
KEEPING_S = 120.0
"""Writing what was learned takes a second of a fast machine, and half a minute of a busy one."""

_log = logging.getLogger(__name__)


class LearningKafka(EmbeddedKafka):
    """A Kafka whose Java writes down what it learned, when it is stopped."""

    def __init__(self, data_dir: Path, into: Path) -> None:
        super().__init__(data_dir, free_port())
        self._into = into

    def _java(self) -> tuple[str, ...]:
        return (*JVM, *to_learn(self._into))

    def _prepare(self) -> Program:
        return replace(super()._prepare(), stop_grace_s=KEEPING_S)


def learn() -> bool:
    """Make it, unless it was made; whether it is there now."""
    kept = learned(JVM)
    with one_at_a_time(kept.parent):
        if not kept.exists():
            _learn_into(kept)
    return kept.exists()


def _learn_into(kept: Path) -> None:
    half = kept.with_suffix(".half")
    with (
        tempfile.TemporaryDirectory(prefix="portfolio-kafka-") as scratch,
        LearningKafka(Path(scratch) / "kafka", half) as kafka,
    ):
        asyncio.run(_used(kafka.address))
    if half.exists():
        half.replace(kept)


async def _used(bootstrap: str) -> None:
    async with asyncio.timeout(USED_S):
        await _use(bootstrap)


async def _use(bootstrap: str) -> None:
    """Let a broker do once what services ask of it: topics, idempotent writes, reads and commits of a group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=4, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
        for number in range(RECORDS):
            await producer.send_and_wait(TOPIC, b"%d" % number, key=b"%d" % number)
    async with AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, group_id=TOPIC, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        for _ in range(RECORDS):
            await consumer.getone()
        await consumer.commit()


def main() -> None:
    """Never in the way of anything: what fails here is said, and Kafka starts more slowly."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    began = time.monotonic()
    try:
        if learned(JVM).exists():
            return
        _log.info("letting Java learn how Kafka starts, once ...")
        made = learn()
    except (PartError, KafkaError, OSError) as error:  # of which a timeout is one
        _log.warning("it did not (%s: %s): Kafka will start, and take twice the time", type(error).__name__, error)
        return
    _log.info("learned in %.0f s" if made else "nothing was kept after %.0f s", time.monotonic() - began)


if __name__ == "__main__":
    main()
