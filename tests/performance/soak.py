"""How long ``make up`` takes to be ready, what its processes hold, and how that grows under a steady load.

``python -m tests.performance.soak`` starts the stack three times as a user does, then once more with the benchmark's
synthetic provider, and sends requests evenly for ``--minutes``. The growth of the second half, when caches and pools
are full, is told for a day of the same load. Writes ``.portfolio/soak.json``.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from infra.local.processes import free_port
from tests.performance.ground import PORTFOLIO
from tests.performance.load import LoadClient
from tests.performance.processes import Fleet

ROOT = Path(__file__).parents[2]
OUT = Path(".portfolio/soak.json")
GREETING = "Ctrl-C stops it."
LONGEST_START_S = 180.0
LOOK_EVERY_S = 5.0
DAY_S = 86_400
STARTS = 3
BLOCK_BYTES = 512
ON_DISK = {"kafka": "Kafka's log", "pg_wal": "PostgreSQL's write-ahead log", "base": "PostgreSQL's tables"}
OTHER_FILES = "other files"


@dataclass(frozen=True, slots=True)
class Look:
    """What the stack held at a moment, by part: memory (shared pages divided among those who share) and disk."""

    at_s: float
    memory_mb: dict[str, float]
    disk_mb: dict[str, float]


KINDS: dict[str, Callable[[Look], dict[str, float]]] = {
    "memory": lambda look: look.memory_mb,
    "disk": lambda look: look.disk_mb,
}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    parser.add_argument("--starts", type=int, default=STARTS, help="how often the start is timed; 0 leaves it out")
    return parser.parse_args()


@contextmanager
def clone() -> Iterator[Path]:
    """A folder that looks like a clone in which `make setup` has run."""
    with tempfile.TemporaryDirectory(prefix="portfolio-soak-") as scratch:
        for name in ("portfolio.yaml", "examples"):
            (Path(scratch) / name).symlink_to(ROOT / name)
        yield Path(scratch)


class Up:
    """`make up`, as the Makefile runs it, in a folder of its own."""

    def __init__(self, folder: Path, portfolio: str, environment: dict[str, str]) -> None:
        self._folder = folder
        self._fleet = Fleet(environment, folder / "logs", folder)
        self._began = time.monotonic()
        self._fleet.start("up", "infra.local", "up", "--portfolio", portfolio)

    def until_ready(self) -> float:
        """Seconds from its start until it greets. Raises when it does not."""
        log = self._folder / "logs" / "up.log"
        while GREETING not in log.read_text(errors="replace"):
            if self._fleet.ended() or time.monotonic() - self._began > LONGEST_START_S:
                raise RuntimeError(f"the stack did not start: {log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.05)
        return time.monotonic() - self._began

    def look(self, at_s: float) -> Look:
        """What it holds now."""
        up = psutil.Process(self._fleet.pids()["up"])
        held: dict[str, float] = {}
        for process in (up, *up.children(recursive=True)):
            try:
                name = "services" if process == up else _part(process)
                held[name] = held.get(name, 0.0) + process.memory_full_info().pss / 1_048_576
            except psutil.NoSuchProcess:
                continue
        return Look(at_s, held, on_disk(self._folder / ".portfolio"))

    def address(self) -> str:
        return str(json.loads((self._folder / ".portfolio" / "addresses.json").read_text())["kafka"])

    def stop(self) -> None:
        self._fleet.stop()


def _part(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    known = {
        "kafka.Kafka": "Kafka",
        "postgres": "PostgreSQL",
        "model_server": "the small model",
        "guardian": "guardian",
    }
    return next((part for word, part in known.items() if word in command), process.name())


def on_disk(data: Path) -> dict[str, float]:
    """MB that are really taken, by part: Kafka makes its indexes' files long before it fills them."""
    held: dict[str, float] = {}
    for path in data.rglob("*"):
        name = next((part for word, part in ON_DISK.items() if word in path.parts), OTHER_FILES)
        with suppress(FileNotFoundError):  # a segment may go between the two looks
            taken = path.lstat()
            held[name] = held.get(name, 0.0) + taken.st_blocks * BLOCK_BYTES / 1_048_576
    return held


def timed_start() -> tuple[float, dict[str, float]]:
    """Seconds until it is ready, and what each part holds then."""
    with clone() as folder:
        up = Up(folder, "portfolio.yaml", {})
        try:
            return up.until_ready(), up.look(0).memory_mb
        finally:
            up.stop()


async def soaked(minutes: float, rate: float) -> list[Look]:
    """Look at it from the first request to the last."""
    with clone() as folder:
        provider = free_port()
        environment = {
            "BENCH_PROVIDER_URL": f"http://127.0.0.1:{provider}/v1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{provider}",
        }
        aside = Fleet({}, folder / "aside")
        aside.start("provider", "tests.performance.provider", str(provider))
        up = Up(folder, str(PORTFOLIO), environment)
        try:
            await asyncio.to_thread(up.until_ready)
            return await _loaded(up, minutes * 60, rate)
        finally:
            up.stop()
            aside.stop()


async def _loaded(up: Up, seconds: float, rate: float) -> list[Look]:
    client = LoadClient(up.address())
    await client.start()
    began, looks = time.monotonic(), list[Look]()
    load = asyncio.create_task(client.paced(rate, seconds))
    try:
        while not load.done():
            looks.append(await asyncio.to_thread(up.look, time.monotonic() - began))
            await asyncio.wait([load], timeout=LOOK_EVERY_S)
        tally = await load
    finally:
        load.cancel()
        await client.stop()
    if tally.completed + tally.failed < tally.sent:
        raise RuntimeError(f"requests were lost: {tally.reasons}")
    return looks


def a_day(looks: Sequence[Look], held: Callable[[Look], dict[str, float]]) -> dict[str, float]:
    """MB a day, by part, by the straight line through the second half."""
    late = looks[len(looks) // 2 :]
    at = [look.at_s for look in late]
    parts = {name: [held(look).get(name, 0.0) for look in late] for name in held(late[-1])}
    return {name: statistics.linear_regression(at, each).slope * DAY_S for name, each in parts.items()}


def growth_table(looks: Sequence[Look], title: str) -> Table:
    """One row a part, of memory and then of disk."""
    table = Table(
        "MB", "at first", "half way", "at the end", "a day of it would add", title=title, title_justify="left"
    )
    for kind, held in KINDS.items():
        grown = a_day(looks, held)
        for name, added in grown.items():
            at = [held(look).get(name, 0.0) for look in (looks[0], looks[len(looks) // 2], looks[-1])]
            table.add_row(f"{kind}: {name}", *(f"{each:,.0f}" for each in at), f"{added:+,.0f}")
    return table


def main() -> int:
    """Measure, print, and write."""
    args, console = arguments(), Console(width=120)
    starts = [timed_start() for _ in range(args.starts)]
    told: dict[str, Any] = {"load_average": os.getloadavg()[0]}
    if starts:
        told |= {"ready_s": [round(seconds, 1) for seconds, _ in starts], "memory_mb": starts[-1][1]}
        console.print(f"ready after {', '.join(f'{seconds:.1f}' for seconds, _ in starts)} s; each part holds, in MB:")
        console.print("  " + ", ".join(f"{name} {held:.0f}" for name, held in starts[-1][1].items()))
    if args.minutes:
        looks = uvloop.run(soaked(args.minutes, args.rate))
        told |= {
            "rate": args.rate,
            "minutes": args.minutes,
            "a_day_mb": {kind: a_day(looks, held) for kind, held in KINDS.items()},
            "looks": [asdict(look) for look in looks],
        }
        console.print(growth_table(looks, f"{args.minutes:g} minutes at {args.rate:g} requests/s"))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
