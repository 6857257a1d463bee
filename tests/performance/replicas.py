"""The gateway in 1, 2 and 4 processes behind a balancer: ``python -m tests.performance.replicas`` (``--help``).

Real Kafka, real PostgreSQL, all other services in one process, a synthetic provider; the same requests in the same
order for each number of replicas. An answer is to cost one replica's work: the CPU a request, summed over the
replicas, stays where it was. Writes ``.portfolio/replicas.json``.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from infra.local.processes import free_port
from tests.performance.bench import DECIDING, SERVICES
from tests.performance.ground import ground
from tests.performance.http_load import HttpLoad
from tests.performance.load import Tally
from tests.performance.processes import Fleet, cpu_of

OUT = Path(".portfolio/replicas.json")
COUNTS = (1, 2, 4)
PARTITIONS = 16
READY_S = 120.0
WIDTH = 120
REST = (*SERVICES, *(name for name in DECIDING if name != "gateway"), "model_worker", "ledger")
APART = ("provider", "balancer")


@dataclass(frozen=True, slots=True)
class Row:
    """One phase with so many replicas. CPU in milliseconds a request; latencies less the provider's own time."""

    replicas: int
    phase: str
    requests: int
    failed: int
    requests_per_s: float
    p50: float
    p99: float
    cpu_ms_gateways: float
    cpu_ms_of_each: list[float]
    cpu_ms_rest: float


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.replicas", description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second of the paced phase")
    parser.add_argument("--seconds", type=float, default=15.0, help="length of the paced phase")
    parser.add_argument("--requests", type=int, default=3_000, help="of the saturated phase")
    parser.add_argument("--in-flight", type=int, default=200, help="at once, in the saturated phase")
    parser.add_argument("--warm", type=int, default=1_000, help="requests before anything is measured")
    parser.add_argument("--keep-logs", type=Path, help="folder for the processes' logs")
    return parser.parse_args()


@contextmanager
def gateways(fleet: Fleet, count: int) -> Iterator[tuple[str, list[str]]]:
    """So many replicas and a balancer; its address, and the replicas' names."""
    ports = [free_port() for _ in range(count)]
    names = [f"gateway {index} of {count}" for index in range(count)]
    for index, (name, port) in enumerate(zip(names, ports, strict=True)):
        place = (f"GATEWAY_PORT={port}", f"GATEWAY_REPLICA_INDEX={index}", f"GATEWAY_REPLICA_COUNT={count}")
        fleet.start_program(name, "env", *place, sys.executable, "-m", "services.gateway")
    door = free_port()
    fleet.start("balancer", "tests.performance.balancer", str(door), *map(str, ports))
    try:
        yield f"http://127.0.0.1:{door}", names
    finally:
        for name in ("balancer", *names):
            fleet.stop_one(name)


async def measure(args: argparse.Namespace, fleet: Fleet, count: int, parts: Mapping[str, int]) -> list[Row]:
    """Warm it, then both phases."""
    with gateways(fleet, count) as (url, names):
        client = HttpLoad(url, "auto", "any")
        try:
            await _until_all_answer(client, fleet, count)
            await client.saturated(args.warm, 100)
            phases: tuple[tuple[str, Callable[[], Awaitable[Tally]]], ...] = (
                (f"paced {args.rate:.0f}/s", lambda: client.paced(args.rate, args.seconds)),
                (f"{args.in_flight} at once", lambda: client.saturated(args.requests, args.in_flight)),
            )
            pids = {**parts, **{name: pid for name, pid in fleet.pids().items() if name not in APART}}
            rows = []
            for phase, run in phases:
                before = cpu_of(pids)
                tally = await run()
                rows.append(_row(count, phase, tally, names, before, cpu_of(pids)))
            return rows
        finally:
            await client.close()


async def _until_all_answer(client: HttpLoad, fleet: Fleet, count: int) -> None:
    """The balancer takes them in turn, so that as many answers in a row as there are replicas come from all."""
    limit, in_a_row = time.monotonic() + READY_S, 0
    while in_a_row < 2 * count:
        if ended := fleet.ended():
            raise RuntimeError(f"ended by themselves: {', '.join(ended)}; run with --keep-logs to see why")
        if time.monotonic() > limit:
            raise RuntimeError(f"{count} replicas do not answer; run with --keep-logs to see why")
        if not await client.answers():
            in_a_row = 0
            await asyncio.sleep(0.5)
        in_a_row += 1


def _row(
    count: int, phase: str, tally: Tally, names: list[str], before: Mapping[str, float], after: Mapping[str, float]
) -> Row:
    used = {name: (after[name] - before[name]) * 1000 / tally.sent for name in after}
    added = sorted(tally.added_ms) or [0.0]
    return Row(
        replicas=count,
        phase=phase,
        requests=tally.sent,
        failed=tally.failed,
        requests_per_s=round(tally.completed / tally.seconds, 1),
        p50=round(statistics.median(added), 1),
        p99=round(added[min(len(added) - 1, int(len(added) * 0.99))], 1),
        cpu_ms_gateways=round(sum(used[name] for name in names), 2),
        cpu_ms_of_each=[round(used[name], 2) for name in names],
        cpu_ms_rest=round(sum(used[name] for name in used if name not in names), 2),
    )


def _table(rows: list[Row]) -> Table:
    table = Table(title="CPU in milliseconds a request", title_justify="left", show_edge=False)
    table.add_column("phase")
    for column in ("replicas", "requests/s", "failed", "p50 ms", "p99 ms", "gateways", "of each", "the rest"):
        table.add_column(column, justify="right")
    for row in sorted(rows, key=lambda row: row.phase):
        each = " ".join(f"{ms:.2f}" for ms in row.cpu_ms_of_each)
        figures = (f"{row.requests_per_s:.0f}", str(row.failed), f"{row.p50}", f"{row.p99}")
        table.add_row(
            row.phase, str(row.replicas), *figures, f"{row.cpu_ms_gateways:.2f}", each, f"{row.cpu_ms_rest:.2f}"
        )
    return table


def run(args: argparse.Namespace, console: Console) -> None:
    """Everything but the gateways is started once; each number of replicas is measured in turn, and told at once."""
    with ground("replicas", PARTITIONS, args.keep_logs) as stand:
        stand.begins({"all other services": REST})
        rows: list[Row] = []
        for count in COUNTS:
            console.print(f"[dim]{count} replicas ...")
            rows += uvloop.run(measure(args, stand.fleet, count, stand.parts))
            _write(rows)
            console.print(_table(rows))


def main() -> None:
    """Run, print, and write the figures."""
    args, console = arguments(), Console(width=WIDTH)
    run(args, console)
    console.print(f"written to {OUT}")


def _write(rows: list[Row]) -> None:
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"cores": os.cpu_count(), "rows": [asdict(row) for row in rows]}, indent=2) + "\n")


if __name__ == "__main__":
    main()
