"""What a service costs alone: it reads again, as fast as it can, what a saturated run left in its topics.

``python -m tests.performance.drain router validator``: first the whole pipeline answers ``--requests`` requests of the
mix; then all services are stopped, and each named one is started alone, with its group's offsets at the beginning. Its
CPU for an event, beside its CPU in ``make bench``, tells code from contention.
"""

import argparse
import asyncio
import os
from dataclasses import dataclass

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console

from tests.performance.bench import PER_SERVICE, until_served
from tests.performance.ground import ground
from tests.performance.load import LoadClient
from tests.performance.processes import Fleet, cpu_seconds

ALONE = ("profiler", "router", "validator", "escalation", "ledger")
WARM_SHARE, END_SHARE = 0.1, 0.97
LOOK_EVERY_S = 0.05
QUIET_S = 3.0


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a service is: events done, CPU seconds used, and when."""

    done: int
    cpu_s: float
    at_s: float


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.drain", description=__doc__)
    parser.add_argument("services", nargs="*", help=f"of {', '.join(ALONE)}; all when none")
    parser.add_argument("--requests", type=int, default=12_000)
    return parser.parse_args()


async def committed(bootstrap: str, group: str) -> dict[TopicPartition, int]:
    """A group's offsets."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    return {partition: told.offset for partition, told in found.items() if told.offset >= 0}


async def rewind(bootstrap: str, group: str) -> int:
    """Set a group without members to the beginning; how many events it has before it then."""
    ends = await committed(bootstrap, group)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    consumer.assign(list(ends))
    await consumer.commit(dict.fromkeys(ends, 0))
    await consumer.stop()
    return sum(ends.values())


async def drained(fleet: Fleet, name: str, bootstrap: str) -> tuple[Moment, Moment]:
    """Run one service alone over all of its events; the moments between which it is measured."""
    total = await rewind(bootstrap, name)
    fleet.start(name, *PER_SERVICE[name])
    pid = fleet.pids()[name]
    begun: Moment | None = None
    while True:
        done = sum((await committed(bootstrap, name)).values())
        now = Moment(done, cpu_seconds(pid), asyncio.get_running_loop().time())
        if begun is None and done > WARM_SHARE * total:
            begun = now
        if begun is not None and done >= END_SHARE * total:
            fleet.stop_one(name)
            return begun, now
        await asyncio.sleep(LOOK_EVERY_S)


async def measure(args: argparse.Namespace, console: Console) -> None:
    """Fill the topics, stop everything, and drain each service in turn."""
    with ground("drain", 16) as stand:
        stand.begins(PER_SERVICE)
        await _fill(stand.fleet, stand.kafka.address, args.requests, console)
        for name in args.services or ALONE:
            begun, ended = await drained(stand.fleet, name, stand.kafka.address)
            events = ended.done - begun.done
            cpu_ms = (ended.cpu_s - begun.cpu_s) * 1000 / events
            per_s = events / (ended.at_s - begun.at_s)
            console.print(f"{name}: {cpu_ms:.3f} ms of CPU an event, {per_s:.0f} events/s alone")


async def _fill(fleet: Fleet, bootstrap: str, requests: int, console: Console) -> None:
    client = LoadClient(bootstrap)
    await until_served(client, fleet, console)
    tally = await client.saturated(requests, 2_000)
    await client.stop()
    console.print(f"{tally.completed} of {tally.sent} requests were completed; {os.cpu_count()} cores")
    await asyncio.sleep(QUIET_S)
    for name in PER_SERVICE:
        fleet.stop_one(name)


if __name__ == "__main__":
    uvloop.run(measure(arguments(), Console()))
