"""What a batch costs beside its events: the router hears the same events one by one, and in bursts.

``python -m tests.performance.drip``: first the whole pipeline answers ``--requests`` requests of the mix; then only the
router goes on, and hears copies of what was profiled, so many a second and so many at once. Its CPU and Kafka's for an
event tell what is paid for each batch, whatever is in it.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Iterator

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from rich.console import Console
from rich.table import Table

from tests.performance.bench import PER_SERVICE, until_served
from tests.performance.ground import Ground, ground
from tests.performance.load import LoadClient
from tests.performance.processes import cpu_seconds

HEARD, SERVICE = "request.profiled", "router"
WAYS = ((20, 1), (100, 1), (300, 1), (300, 10), (300, 50), (600, 50))
"""Events a second, and how many of them at once."""
WARM = (200, 1)
SETTLED_S = 1.0
Records = Iterator["ConsumerRecord[bytes, bytes]"]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.drip", description=__doc__)
    parser.add_argument("--requests", type=int, default=8_000)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each row")
    return parser.parse_args()


async def measure(args: argparse.Namespace, console: Console) -> Table:
    """One row a way: milliseconds of CPU an event, of the router and of Kafka."""
    with ground("drip", 16) as stand:
        stand.begins(PER_SERVICE)
        client = LoadClient(stand.kafka.address)
        await until_served(client, stand.fleet, console)
        await client.saturated(args.requests, 1_000)
        await client.stop()
        records = await _said(stand.kafka.address, args.requests // 2)
        for name in PER_SERVICE:
            if name != SERVICE:
                stand.fleet.stop_one(name)
        return await _rows(stand, itertools.cycle(records), args.seconds)


async def _said(bootstrap: str, least: int) -> list["ConsumerRecord[bytes, bytes]"]:
    consumer = AIOKafkaConsumer(HEARD, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[ConsumerRecord[bytes, bytes]] = []
    while len(found) < least:
        for records in (await consumer.getmany(timeout_ms=1_000)).values():
            found.extend(records)
    await consumer.stop()
    return found


async def _rows(stand: Ground, records: Records, seconds: float) -> Table:
    shown = Table("events a second", "at once", f"{SERVICE}, ms an event", "Kafka, ms an event")
    producer = AIOKafkaProducer(bootstrap_servers=stand.kafka.address, acks="all", linger_ms=0)
    await producer.start()
    await _dripped(stand, producer, records, WARM, seconds)
    for way in WAYS:
        used = await _dripped(stand, producer, records, way, seconds)
        shown.add_row(*map(str, way), *(f"{ms:.2f}" for ms in used))
    await producer.stop()
    return shown


async def _dripped(
    stand: Ground, producer: AIOKafkaProducer, records: Records, way: tuple[int, int], seconds: float
) -> list[float]:
    """Milliseconds of CPU for each event, of the router and of Kafka."""
    rate, at_once = way
    pids = (stand.fleet.pids()[SERVICE], stand.parts["kafka"])
    before, started = [cpu_seconds(pid) for pid in pids], time.perf_counter()
    bursts = int(rate * seconds / at_once)
    for burst in range(1, bursts + 1):
        for record in itertools.islice(records, at_once):
            await producer.send(HEARD, record.value, key=record.key, headers=list(record.headers))
        await asyncio.sleep(max(0.0, started + burst * at_once / rate - time.perf_counter()))
    await asyncio.sleep(SETTLED_S)
    return [(cpu_seconds(pid) - was) * 1_000 / (bursts * at_once) for pid, was in zip(pids, before, strict=True)]


def main() -> None:
    """Measure and print."""
    console = Console(width=120)
    console.print(uvloop.run(measure(arguments(), console)))


if __name__ == "__main__":
    main()
