"""Our gateway's path beside a LiteLLM proxy and a direct call: ``make beside`` (``--help`` for rates and lengths).

The three get the same requests in the same order from the same client, and the same synthetic provider answers, anew
for each. One runs at a time. LiteLLM's proxy comes from its package, pinned, in an environment of its own, and runs
as its production guide says, without a database. Writes ``.portfolio/beside.json``.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from infra.local.kafka import EmbeddedKafka
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import free_port
from tests.performance.bench import DEPLOYMENTS
from tests.performance.ground import PORTFOLIO, environment_of
from tests.performance.http_load import HttpLoad
from tests.performance.load import Tally
from tests.performance.processes import Fleet, cpu_of

OUT = Path(".portfolio/beside.json")
LITELLM = "litellm[proxy]==1.106.2"
LITELLM_AT = Path(".portfolio/litellm")
LITELLM_SETTINGS = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NO_PROXY": "127.0.0.1",
}
KEY = f"sk-{secrets.token_hex(24)}"
"""LiteLLM's proxy does not start without one; the others take any word."""
PROVIDER, PIPELINE_PARTS = "provider", ("kafka", "postgres")
READY_S, WIDTH = 120.0, 110


@dataclass(frozen=True, slots=True)
class Target:
    """Something to send to. ``pids``: its processes by name, whose CPU is counted."""

    name: str
    url: str
    model: str
    fleet: Fleet
    pids: Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """One phase of one target. CPU in milliseconds a request; latencies in milliseconds, less the provider's."""

    target: str
    phase: str
    requests: int
    failed: int
    reasons: dict[str, int]
    requests_per_s: float
    p50: float
    p99: float
    cpu_ms: float
    cpu_ms_by_process: dict[str, float]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make beside", description=__doc__)
    parser.add_argument("--deployment", choices=sorted(DEPLOYMENTS), default="two", help="how our services are cut")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second of the paced phase")
    parser.add_argument("--seconds", type=float, default=15.0, help="length of the paced phase")
    parser.add_argument("--requests", type=int, default=4_000, help="of the saturated phase")
    parser.add_argument("--in-flight", type=int, default=200, help="at once, in the saturated phase")
    parser.add_argument("--warm", type=int, default=1_500, help="requests before anything is measured")
    parser.add_argument("--keep-logs", type=Path, help="folder for the processes' logs")
    return parser.parse_args()


@contextmanager
def direct(folder: Path, logs: Path, args: argparse.Namespace) -> Iterator[Target]:
    """The provider itself."""
    with _provider({}, logs) as (fleet, port):
        yield Target("direct", f"http://127.0.0.1:{port}", "synthetic-small", fleet, dict)


@contextmanager
def litellm(folder: Path, logs: Path, args: argparse.Namespace) -> Iterator[Target]:
    """LiteLLM's proxy, one worker process."""
    _install_litellm()
    with _provider({**LITELLM_SETTINGS, "LITELLM_MASTER_KEY": KEY}, logs) as (fleet, provider):
        told = {"model": "openai/synthetic-small", "api_base": f"http://127.0.0.1:{provider}/v1", "api_key": "none"}
        config = folder / "litellm.yaml"
        config.write_text(json.dumps({"model_list": [{"model_name": "synthetic", "litellm_params": told}]}))
        port = free_port()
        options = ("--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
        fleet.start_program("LiteLLM", str(LITELLM_AT / "bin" / "litellm"), *options)
        yield Target("LiteLLM proxy", f"http://127.0.0.1:{port}", "synthetic", fleet, lambda: _without_provider(fleet))


@contextmanager
def pipeline(folder: Path, logs: Path, args: argparse.Namespace) -> Iterator[Target]:
    """Gateway, services, Kafka and PostgreSQL, all with their production settings."""
    provider = free_port()
    with (
        EmbeddedKafka(folder / "kafka", free_port()) as kafka,
        EmbeddedPostgres(folder / "postgres", free_port()) as postgres,
    ):
        environment = environment_of(kafka.address, postgres.address, provider, 16)
        with _provider(environment, logs, provider) as (fleet, _):
            fleet.run("services.console", "apply", str(PORTFOLIO))
            for name, command in DEPLOYMENTS[args.deployment].items():
                fleet.start(name, *command)
            parts = dict(zip(PIPELINE_PARTS, (kafka.pid or 0, postgres.pid or 0), strict=True))
            url = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
            yield Target("our gateway", url, "auto", fleet, lambda: {**parts, **_without_provider(fleet)})


@contextmanager
def _provider(environment: Mapping[str, str], logs: Path, at: int | None = None) -> Iterator[tuple[Fleet, int]]:
    fleet, port = Fleet(environment, logs), at or free_port()
    try:
        fleet.start(PROVIDER, "tests.performance.provider", str(port))
        yield fleet, port
    finally:
        fleet.stop()


def _without_provider(fleet: Fleet) -> dict[str, int]:
    return {name: pid for name, pid in fleet.pids().items() if name != PROVIDER}


def _install_litellm() -> None:
    """Once, beside the project's own environment, whose versions it would otherwise bend."""
    uv = str(Path(sys.executable).with_name("uv"))
    if not (LITELLM_AT / "bin" / "python").exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(LITELLM_AT)], check=True)
    python = str(LITELLM_AT / "bin" / "python")
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, LITELLM], check=True)


async def measure(target: Target, args: argparse.Namespace, console: Console) -> list[Row]:
    """Warm it, then every phase."""
    client = HttpLoad(target.url, target.model, KEY)
    try:
        console.print(f"[dim]{target.name}: starting and warming ...")
        await _until_answered(client, target)
        await client.saturated(args.warm, 100)
        phases = (
            ("one by one", lambda: client.one_by_one(100)),
            (f"paced {args.rate:.0f}/s", lambda: client.paced(args.rate, args.seconds)),
            (f"{args.in_flight} at once", lambda: client.saturated(args.requests, args.in_flight)),
        )
        rows = []
        for name, run in phases:
            before = _cpu(target)
            tally = await run()
            rows.append(_row(target.name, name, tally, before, _cpu(target)))
            console.print(f"[dim]  {name}: {rows[-1].requests_per_s:.0f}/s, p50 {rows[-1].p50} ms")
        return rows
    finally:
        await client.close()


async def _until_answered(client: HttpLoad, target: Target) -> None:
    limit = time.monotonic() + READY_S
    while not await client.answers():
        if ended := target.fleet.ended():
            raise RuntimeError(f"ended by themselves: {', '.join(ended)}; run with --keep-logs to see why")
        if time.monotonic() > limit:
            raise RuntimeError(f"{target.name} does not answer; run with --keep-logs to see why")
        await asyncio.sleep(0.5)


def _cpu(target: Target) -> dict[str, float]:
    return cpu_of(target.pids())


def _row(target: str, phase: str, tally: Tally, before: Mapping[str, float], after: Mapping[str, float]) -> Row:
    used = {name: round((after[name] - before[name]) * 1000 / tally.sent, 2) for name in after}
    added = sorted(tally.added_ms) or [0.0]
    return Row(
        target=target,
        phase=phase,
        requests=tally.sent,
        failed=tally.failed,
        reasons=tally.reasons,
        requests_per_s=round(tally.completed / tally.seconds, 1),
        p50=round(statistics.median(added), 1),
        p99=round(added[min(len(added) - 1, int(len(added) * 0.99))], 1),
        cpu_ms=round(sum(used.values()), 2),
        cpu_ms_by_process=used,
    )


def _table(rows: list[Row]) -> Table:
    table = Table(title="added to the provider's own time", title_justify="left", show_edge=False)
    table.add_column("phase")
    table.add_column("target")
    for column in ("requests/s", "failed", "p50 ms", "p99 ms", "CPU ms/request"):
        table.add_column(column, justify="right")
    for row in sorted(rows, key=lambda row: [each.phase for each in rows].index(row.phase)):
        figures = (f"{row.requests_per_s:.0f}", str(row.failed), f"{row.p50}", f"{row.p99}", f"{row.cpu_ms:.2f}")
        table.add_row(row.phase, row.target, *figures)
    return table


def main() -> None:
    """Run, print, and write the figures."""
    args, console = arguments(), Console(width=WIDTH)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="portfolio-beside-") as scratch:
        for number, opening in enumerate((direct, litellm, pipeline)):
            folder = Path(scratch, str(number))
            folder.mkdir()
            with opening(folder, args.keep_logs or folder / "logs", args) as target:
                rows += uvloop.run(measure(target, args, console))
    console.print(_table(rows))
    told = {"litellm": LITELLM, "deployment": args.deployment, "cores": os.cpu_count()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({**told, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    console.print(f"written to {OUT}")


if __name__ == "__main__":
    main()
