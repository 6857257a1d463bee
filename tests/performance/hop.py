"""What Kafka alone takes to carry one event: ``python -m tests.performance.hop``, in half a minute.

A producer and a consumer of one process, as the bus sets them, and nothing else on the machine. *Acknowledged*: from
the send until the broker has it; *heard*: until the consumer has it. A request is six such hops from its intake to its
answer, one after the other, so six times *heard* is what the pipeline cannot go below. Writes ``.portfolio/hop.json``.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from infra.local.kafka import EmbeddedKafka
from infra.local.processes import free_port

OUT = Path(".portfolio/hop.json")
TOPIC = "hop"
HOPS = 6
PARTITIONS = 16
WARM = 3_000
VALUE = b"x" * 1_024


@dataclass(frozen=True, slots=True)
class Hop:
    """Milliseconds for one event of a kilobyte, sent this long after the one before."""

    every_ms: float
    events: int
    acknowledged_p50: float
    heard_p50: float
    heard_p99: float


class Line:
    """One producer and one consumer."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=0)
        self._consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="latest")

    async def __aenter__(self) -> "Line":
        await self._producer.start()
        await self._consumer.start()
        for part in self._consumer.assignment():
            await self._consumer.position(part)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()
        await self._consumer.stop()

    async def carry(self, number: int) -> tuple[float, float]:
        """Send one; milliseconds until it is acknowledged and until it is heard, whichever comes first."""
        hearing = asyncio.ensure_future(self._heard())
        began = time.perf_counter()
        acknowledged = await self._producer.send(TOPIC, VALUE, key=b"%d" % number)
        await acknowledged
        told = time.perf_counter()
        return (told - began) * 1_000, (await hearing - began) * 1_000

    async def _heard(self) -> float:
        await self._consumer.getone()
        return time.perf_counter()


async def measured(bootstrap: str, pauses_s: list[float], events: int) -> list[Hop]:
    """One row for each pause between events."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, num_partitions=PARTITIONS, replication_factor=1)])
    await admin.close()
    async with Line(bootstrap) as line:
        for number in range(WARM):
            await line.carry(number)
        return [await _hop(line, pause_s, events) for pause_s in pauses_s]


async def _hop(line: Line, pause_s: float, events: int) -> Hop:
    carried: list[tuple[float, float]] = []
    for number in range(events):
        carried.append(await line.carry(number))
        await asyncio.sleep(pause_s)
    acknowledged, heard = [each[0] for each in carried], sorted(each[1] for each in carried)
    return Hop(
        every_ms=pause_s * 1_000,
        events=events,
        acknowledged_p50=round(statistics.median(acknowledged), 2),
        heard_p50=round(statistics.median(heard), 2),
        heard_p99=round(heard[int(len(heard) * 0.99)], 2),
    )


def table(hops: list[Hop]) -> Table:
    """One row a pause."""
    shown = Table("an event every", "acknowledged p50", "heard p50", "heard p99", f"{HOPS} hops, heard p50")
    for hop in hops:
        six = hop.heard_p50 * HOPS
        shown.add_row(
            *(f"{ms:,.1f} ms" for ms in (hop.every_ms, hop.acknowledged_p50, hop.heard_p50, hop.heard_p99, six))
        )
    return shown


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.hop", description=__doc__)
    parser.add_argument("--events", type=int, default=100, help="for each pause")
    parser.add_argument("--pauses-ms", type=float, nargs="*", default=[0.0, 5.0, 50.0])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, EmbeddedKafka(Path(scratch) / "kafka", free_port()) as kafka:
        hops = uvloop.run(measured(kafka.address, [pause / 1_000 for pause in args.pauses_ms], args.events))
    Console(width=120).print(table(hops))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(hop) for hop in hops], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
