"""What each process does for a request and for a batch, counted: ``python -m tests.performance.wakeups``.

The whole pipeline under a steady load, one row a process: batches, the times that it gave up a core and was put off it,
and its calls into the kernel by kind. Counts hardly depend on what else the machine does, as times do. System calls
need Linux's ``perf`` and the right to use it; without them those columns are empty. Writes ``.portfolio/wakeups.json``.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from infra.local.processes import free_port
from tests.performance.bench import PER_SERVICE, until_served
from tests.performance.counts import KINDS, batches_and_events, family_of, switches_of, system_calls
from tests.performance.ground import Ground, ground
from tests.performance.load import LoadClient
from tests.performance.processes import cpu_seconds

OUT = Path(".portfolio/wakeups.json")
MARGIN_S = 1.0
COMMITTED = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one process at one rate. All but the first three are for a request; ``calls`` by kind."""

    process: str
    rate: float
    events_a_batch: float
    batches: float
    waited: float
    put_off: float
    calls: dict[str, float]
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Seen:
    """Counters of one process at one moment."""

    batches: float
    events: float
    waited: int
    put_off: int
    cpu_s: float


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.wakeups", description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[20.0, 100.0, 200.0], help="requests a second")
    parser.add_argument("--seconds", type=float, default=15.0, help="of each rate")
    parser.add_argument("--warm", type=int, default=6_000, help="requests before anything is counted")
    return parser.parse_args()


def begin(stand: Ground) -> dict[str, int]:
    """Start the services, each with a port of its own for its metrics; the ports by name."""
    stand.begins({})
    ports = {name: free_port() for name in PER_SERVICE}
    for name, command in PER_SERVICE.items():
        port = f"HEALTH_PORT={ports[name]}"
        stand.fleet.start_program(name, "env", port, sys.executable, "-m", *command)
    return ports


async def measure(args: argparse.Namespace, console: Console) -> list[Counted]:
    """One line a process and rate."""
    with ground("wakeups", 16) as stand:
        ports = begin(stand)
        client = LoadClient(stand.kafka.address)
        try:
            await until_served(client, stand.fleet, console)
            await client.saturated(args.warm, 500)
            return [line for rate in args.rates for line in await _at(stand, ports, client, rate, args.seconds)]
        finally:
            await client.stop()


async def _at(
    stand: Ground, ports: Mapping[str, int], client: LoadClient, rate: float, seconds: float
) -> list[Counted]:
    pids = {**{name: stand.fleet.pids()[name] for name in PER_SERVICE}, **stand.parts}
    database = await asyncpg.connect(stand.postgres.address)
    load = asyncio.create_task(client.paced(rate, seconds + 3 * MARGIN_S))
    await asyncio.sleep(MARGIN_S)
    before, committed = _seen(pids, ports), await database.fetchval(COMMITTED)
    async with AsyncExitStack() as counting:
        calls = {name: await counting.enter_async_context(system_calls(family_of(pid))) for name, pid in pids.items()}
        await asyncio.sleep(seconds)
    after, committed = _seen(pids, ports), await database.fetchval(COMMITTED) - committed
    await load
    await database.close()
    requests = rate * seconds
    calls["postgres"]["commits"] = committed
    return [_counted(name, rate, requests, before[name], after[name], calls[name]) for name in pids]


def _seen(pids: Mapping[str, int], ports: Mapping[str, int]) -> dict[str, Seen]:
    return {
        name: Seen(*(batches_and_events(ports[name]) if name in ports else (0, 0)), *switches_of(pid), cpu_seconds(pid))
        for name, pid in pids.items()
    }


def _counted(name: str, rate: float, requests: float, was: Seen, now: Seen, calls: Mapping[str, float]) -> Counted:
    batches = now.batches - was.batches
    return Counted(
        process=name,
        rate=rate,
        events_a_batch=(now.events - was.events) / batches if batches else 0.0,
        batches=batches / requests,
        waited=(now.waited - was.waited) / requests,
        put_off=(now.put_off - was.put_off) / requests,
        calls={kind: count / requests for kind, count in calls.items()},
        cpu_ms=(now.cpu_s - was.cpu_s) * 1_000 / requests,
    )


def table(lines: list[Counted], *, by_batch: bool) -> Table:
    """One row a process: for each request, or for each batch of those that read batches."""
    shown = Table("process", "rate", "events a batch", "batches", "waited", "put off", *KINDS, "commits", "CPU ms")
    for line in lines:
        if by_batch and not line.batches:
            continue
        unit = line.batches if by_batch else 1.0
        values = [line.batches, line.waited, line.put_off, *(line.calls.get(kind, 0.0) for kind in KINDS)]
        values += [line.calls.get("commits", 0.0), line.cpu_ms]
        cells = (f"{value / unit:.2f}" for value in values)
        shown.add_row(line.process, f"{line.rate:g}", f"{line.events_a_batch:.1f}", *cells)
    shown.title = "for each batch" if by_batch else "for each request"
    return shown


def main() -> int:
    """Measure, print, and write."""
    console = Console(width=160)
    lines = uvloop.run(measure(arguments(), console))
    for by_batch in (False, True):
        console.print(table(lines, by_batch=by_batch))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(line) for line in lines], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
