"""``make chaos``: faults by the hundred, over one running fleet. Writes ``.portfolio/chaos.json`` and prints it."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from journeys.faults import record
from journeys.faults.campaign import Load, Row, Run, as_json, due, inject, rows
from journeys.faults.clocks import library
from journeys.faults.registry import CLOCK_FAULTS, FAULTS, UPGRADES, left_out
from journeys.faults.world import World, standing

OUT = Path(".portfolio/chaos.json")
EACH = Path(".portfolio/chaos-runs.jsonl")
SHOWN_FINDINGS = 10
WIDTH = 160
UPGRADING = Load(requests=6000, rate=100)
"""Enough to last until every member is replaced."""
FAKETIME = "no clock can be set without the library faketime (Debian: apt install faketime)"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", default="1", help="the same seed strikes the same way")
    parser.add_argument("--runs", type=int, default=1, help="of each fault, that count")
    parser.add_argument("--faults", default="", help=f"comma-separated, or all: {', '.join(FAULTS)}")
    parser.add_argument("--requests", type=int, help="of each run")
    parser.add_argument("--rate", type=float, help="requests a second")
    parser.add_argument("--resume", action="store_true", help=f"go on with the runs of this seed in {EACH}")
    parser.add_argument("--keep", type=Path, help="a folder for the data and logs of all processes")
    parser.add_argument(
        "--before", type=Path, help="an older version's checkout, ready to run: upgrade from it, and back"
    )
    told = parser.parse_args()
    if told.before:
        return _upgrading(parser, told)
    asked = [name.strip() for name in told.faults.split(",") if name.strip()]
    if unknown := set(asked) - set(FAULTS):
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    if cannot := left_out(asked):
        parser.error(f"{', '.join(cannot)}: {FAKETIME}")
    told.faults = asked or [fault for fault in FAULTS if fault not in left_out(FAULTS)]
    return told


def _upgrading(parser: argparse.ArgumentParser, told: argparse.Namespace) -> argparse.Namespace:
    if told.faults:
        parser.error("an upgrade is the fault: leave the others out")
    if not (told.before / ".venv/bin/python").exists():
        parser.error(f"{told.before} cannot run: `make setup` there first")
    told.faults, told.before = list(UPGRADES), told.before.absolute()
    return told


def campaign(told: argparse.Namespace, folder: Path, console: Console) -> list[Run]:
    """Every fault so often, round by round, each round in an order that the seed gives."""
    done = list(record.read(EACH, told.seed)) if told.resume else []
    if not told.resume:
        EACH.unlink(missing_ok=True)
    with standing(folder, library() if set(told.faults) & CLOCK_FAULTS else None, told.before) as world:
        while faults := due(done, told.faults, told.runs):
            Random(f"{told.seed}:{len(done)}").shuffle(faults)  # noqa: S311
            for fault in faults:
                done.append(_one(world, fault, told, done, console))
                write(rows(done))
    return done


def _one(world: World, fault: str, told: argparse.Namespace, done: Sequence[Run], console: Console) -> Run:
    turn, started = sum(run.fault == fault for run in done), time.monotonic()
    usual = UPGRADING if told.before else Load()
    load = Load(told.requests or usual.requests, told.rate or usual.rate)
    run = inject(world, fault, f"{told.seed}:{turn}", load)
    EACH.parent.mkdir(exist_ok=True)
    record.append(EACH, run)
    _tell(console, run, len(done) + 1, told.runs * len(told.faults), time.monotonic() - started)
    return run


def write(found: list[Row]) -> None:
    """The figures so far: a run that is broken off leaves what it has."""
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(as_json(found), indent=2) + "\n")


def _tell(console: Console, run: Run, number: int, total: int, seconds: float) -> None:
    why = "too few in flight" if run.struck else "the moment did not come"
    void = "" if run.counts else f" [yellow]({why}: does not count)"
    console.print(
        f"[dim]{number}/{total}[/] {run.fault} (seed {run.seed}): {run.requests} requests, {run.in_flight} in flight, "
        f"{run.completed} completed, {run.lease_repeats} lease repeats, recovered in {run.recovery_s} s, "
        f"{run.late} late by {run.late_s} s at most; "
        f"{seconds:.0f} s in all{void}"
    )
    for finding in run.findings[:SHOWN_FINDINGS]:
        console.print(f"  [red]{finding.invariant}[/] {finding.subject}: {finding.why}", markup=True, highlight=False)
    if len(run.findings) > SHOWN_FINDINGS:
        console.print(f"  [red]and {len(run.findings) - SHOWN_FINDINGS} more")


def table(found: list[Row]) -> Table:
    """The figures, a row for each fault."""
    shown = Table(title="faults", title_justify="left", show_edge=False)
    for name in Row.__dataclass_fields__:
        shown.add_column(name.replace("_", " "), justify="left" if name == "fault" else "right")
    for row in as_json(found):
        shown.add_row(*map(str, row.values()))
    return shown


def main() -> int:
    """Run, print and write the figures; 1 when anything did not hold. Ctrl-C and SIGTERM end all that was started."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    told = arguments()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)  # of a file rich knows no width
    if cannot := left_out(FAULTS):
        console.print(f"[yellow]left out:[/] {', '.join(cannot)}: {FAKETIME}")
    if told.keep:
        told.keep.mkdir(parents=True, exist_ok=True)
        done = campaign(told, told.keep.absolute(), console)
    else:
        with tempfile.TemporaryDirectory(prefix="portfolio-chaos-") as scratch:
            done = campaign(told, Path(scratch), console)
    console.print(table(rows(done)))
    console.print(f"written to {OUT}")
    return int(any(run.findings for run in done))


if __name__ == "__main__":
    sys.exit(main())
