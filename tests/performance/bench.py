"""The benchmark of the whole pipeline: ``make bench`` (``--help`` for the deployment, rates and lengths).

Real Kafka, real PostgreSQL with fsync, all services with their production settings, spans exported; a synthetic
provider and the load client are processes of their own and are counted apart. Writes ``.portfolio/bench.json``.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from tests.performance.ground import ground
from tests.performance.load import LoadClient, Tally
from tests.performance.processes import Fleet, cpu_of, rss_mb

OUT = Path(".portfolio/bench.json")
APART = ("provider", "load client")
READY_S = 90.0
PER_SERVICE = {
    "gateway": ("services.gateway",),
    "profiler": ("services.profiler",),
    "router": ("services.router",),
    "worker synthetic": ("services.model_worker", "--provider", "synthetic"),
    "worker synthetic-b": ("services.model_worker", "--provider", "synthetic-b"),
    "validator": ("services.validator",),
    "escalation": ("services.escalation",),
    "ledger": ("services.ledger",),
}
SERVICES = ("infra.local", "services")
DECIDING = ("gateway", "profiler", "router", "validator", "escalation")
DEPLOYMENTS = {
    "per-service": PER_SERVICE,
    "two": {"deciding": (*SERVICES, *DECIDING), "workers and ledger": (*SERVICES, "model_worker", "ledger")},
    "single": {"all services": SERVICES},
}


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase's figures. CPU in milliseconds a request, by process; ``added`` latencies in milliseconds."""

    name: str
    requests: int
    completed: int
    failed: int
    reasons: dict[str, int]
    requests_per_s: float
    attempts_per_request: float
    cpu_ms: dict[str, float]
    cpu_ms_in_all: float
    cpu_ms_apart: dict[str, float]
    p50: float
    p99: float


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--deployment", choices=sorted(DEPLOYMENTS), default="per-service")
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second of the paced phase")
    parser.add_argument("--loaded-rate", type=float, default=300.0, help="requests a second of the latency phase")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each paced phase")
    parser.add_argument("--saturate", type=int, default=20_000, help="requests of the saturated phase; 0 leaves it out")
    parser.add_argument("--warm", type=int, default=15_000, help="requests before anything is measured")
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--keep-logs", type=Path, help="folder for the processes' logs")
    return parser.parse_args()


async def bench(args: argparse.Namespace, console: Console) -> dict[str, object]:
    """Start everything, run the phases, stop everything."""
    with ground("bench", args.partitions, args.keep_logs) as stand:
        stand.begins(DEPLOYMENTS[args.deployment])
        return await _phases(args, console, stand.fleet, stand.parts, stand.kafka.address)


async def _phases(
    args: argparse.Namespace, console: Console, fleet: Fleet, parts: dict[str, int], bootstrap: str
) -> dict[str, object]:
    client = LoadClient(bootstrap)
    await until_served(client, fleet, console)
    pids = {**parts, **fleet.pids()}
    phases: list[Phase] = []
    load_before = os.getloadavg()[0]

    async def measure(name: str, run: Callable[[], Awaitable[Tally]]) -> Phase:
        console.print(f"[dim]{name} ...")
        before, own = cpu_of(pids), time.process_time()
        tally = await run()
        after, own = cpu_of(pids), time.process_time() - own
        seconds = {name: after[name] - before[name] for name in pids} | {"load client": own}
        used = {name: spent * 1000 / tally.sent for name, spent in seconds.items()}
        phase = _phase(name, tally, used)
        phases.append(phase)
        console.print(_line(phase))
        return phase

    try:
        console.print("[dim]warming: the JVM compiles, plans are kept, buffers grow ...")
        await client.saturated(args.warm, 1_000)
        unloaded = await measure("unloaded, one by one", lambda: client.one_by_one(100))
        loaded = await measure(f"paced {args.loaded_rate:.0f}/s", lambda: client.paced(args.loaded_rate, args.seconds))
        paced = await measure(f"paced {args.rate:.0f}/s", lambda: client.paced(args.rate, args.seconds))
        saturated = (
            await measure("saturated", lambda: client.saturated(args.saturate, 2_000)) if args.saturate else None
        )
        memory = {name: round(rss_mb(pid), 1) for name, pid in pids.items()}
    finally:
        await client.stop()
    best = max((phase for phase in (paced, saturated) if phase), key=lambda phase: phase.requests_per_s)
    return {
        "deployment": args.deployment,
        "processes": sorted(pids),
        "partitions": args.partitions,
        "cores": os.cpu_count(),
        "load_before": round(load_before, 2),
        "requests_per_s": best.requests_per_s,
        "cpu_ms_per_request": {**best.cpu_ms, "in_all": best.cpu_ms_in_all},
        "measured_in": best.name,
        "unloaded_ms": {"p50": unloaded.p50, "p99": unloaded.p99},
        "loaded_ms": {"rate": args.loaded_rate, "p50": loaded.p50, "p99": loaded.p99},
        "memory_mb": memory,
        "phases": [asdict(phase) for phase in phases],
    }


async def until_served(client: LoadClient, fleet: Fleet, console: Console) -> None:
    """Wait until a first request comes back: everything is up."""
    limit = time.monotonic() + READY_S
    console.print("[dim]waiting for the services ...")
    await client.start()
    while not (first := await client.one_by_one(1)).completed:
        if ended := fleet.ended():
            raise RuntimeError(f"ended by themselves: {', '.join(ended)}; run with --keep-logs to see why")
        if time.monotonic() > limit:
            raise RuntimeError(f"the first request was not answered: {first.reasons}")
        await asyncio.sleep(1)


def _phase(name: str, tally: Tally, used: dict[str, float]) -> Phase:
    added = sorted(tally.added_ms) or [0.0]
    ours = {n: round(v, 3) for n, v in used.items() if n not in APART}
    return Phase(
        name=name,
        requests=tally.sent,
        completed=tally.completed,
        failed=tally.failed,
        reasons=tally.reasons,
        requests_per_s=round(tally.completed / tally.seconds, 1),
        attempts_per_request=round(tally.attempts / max(1, tally.completed + tally.failed), 3),
        cpu_ms=ours,
        cpu_ms_in_all=round(sum(ours.values()), 3),
        cpu_ms_apart={n: round(v, 3) for n, v in used.items() if n in APART},
        p50=round(statistics.median(added), 1),
        p99=round(added[min(len(added) - 1, int(len(added) * 0.99))], 1),
    )


def _line(phase: Phase) -> Table:
    table = Table(title=phase.name, title_justify="left", show_edge=False)
    for column in ("requests/s", "done", "failed", "attempts", "added p50 ms", "added p99 ms", "CPU ms/request"):
        table.add_column(column, justify="right")
    table.add_row(
        f"{phase.requests_per_s:.0f}",
        str(phase.completed),
        f"{phase.failed} {phase.reasons or ''}",
        f"{phase.attempts_per_request:.2f}",
        f"{phase.p50:.1f}",
        f"{phase.p99:.1f}",
        f"{phase.cpu_ms_in_all:.2f}",
    )
    return table


def _shares(console: Console, phase: str, cpu: dict[str, float]) -> None:
    table = Table(title=f"where the time goes ({phase}), CPU ms a request", title_justify="left", show_edge=False)
    table.add_column("process")
    table.add_column("ms", justify="right")
    for name, value in sorted(cpu.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{value:.3f}")
    console.print(table)


def main() -> None:
    """Run, print, and write the figures."""
    console = Console()
    figures = uvloop.run(bench(arguments(), console))
    _shares(console, str(figures["measured_in"]), figures["cpu_ms_per_request"])  # type: ignore[arg-type]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    main()
