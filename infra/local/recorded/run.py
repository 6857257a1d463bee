"""``make demo DATA=<folder>``: recorded questions through the intake topic, with progress, and what they came to."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.local.bus import bus_config, console_config
from infra.local.documents import read_portfolio
from infra.local.following import Roads, follow
from infra.local.recorded.closing import accepted_table, beside_table, sentences, turns_table
from infra.local.recorded.material import Material, QuestionSet, prepare
from infra.local.recorded.reading import read_sets
from infra.local.recorded.scoring import Score, score
from infra.local.stack import running
from services.console.app import build_app
from services.console.domain.road import Road

PORTFOLIO = Path("examples/portfolio.recorded.yaml")
QUESTIONS_A_SET = 200
LONGEST_S = 300.0
REPORTS = 10


async def recorded_demo(data: Path, console: Console) -> int:
    """Run the sets of the folder ``data``. 0 when every request came to an end. Raises ``DataUnreadable``."""
    scratch = Path(tempfile.mkdtemp(prefix="model-portfolio-demo-"))
    try:
        material = await asyncio.to_thread(_material, data, scratch)
        roads = await run(material, scratch, console)
        show(scores_of(material, roads), console)
        return 0 if all(road.end for road in roads.values()) else 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _material(data: Path, scratch: Path) -> Material:
    return prepare(read_sets(data), read_portfolio(PORTFOLIO), QUESTIONS_A_SET, scratch, uuid4)


async def run(material: Material, folder: Path, console: Console) -> Roads:
    """Start everything on ``folder``, submit all at once, and follow each request to its end."""
    _announce(material, console)
    async with running(material.portfolio, folder / "stack", console.print) as stack:
        app = build_app(console_config(stack.addresses), bus_config(stack.addresses))
        roads = {str(request_id): Road(str(request_id)) for request_id, _ in material.requests}
        console.print(f"\nSubmitting {len(roads)} requests to the intake topic, all at once:")
        with _Meter(console, len(roads)) as meter:
            if not await follow(app, material.requests, roads, meter.tell, LONGEST_S):
                console.print(f"[red]not all requests ended within {LONGEST_S:.0f} s")
    return roads


def scores_of(material: Material, roads: Roads) -> list[Score]:
    """Each set's score."""
    return [_score(each, roads) for each in material.sets]


def _score(each: QuestionSet, roads: Roads) -> Score:
    ends = [(question, roads[str(request_id)]) for request_id, question in each.asked.items()]
    return score(each.name, each.ladder, ends)


def show(scores: list[Score], console: Console) -> None:
    """The closing tables, and what they mean."""
    for table in (accepted_table(scores), turns_table(scores), beside_table(scores)):
        console.print()
        console.print(table)
    for sentence in sentences(scores):
        console.print(sentence, markup=False, highlight=False)


def _announce(material: Material, console: Console) -> None:
    for each in material.sets:
        models = " → ".join(rung.model for rung in each.ladder)
        console.print(f"{each.name}: {len(each.asked)} questions, tiers {models}", markup=False, highlight=False)
    console.print("Starting Kafka, PostgreSQL and all services; the providers replay recorded answers ...")


class _Meter:
    """A progress bar on a terminal, ten lines where output is piped; then the throughput."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._every = max(total // REPORTS, 1)
        self._ended = 0
        self._attempts = 0
        self._began = 0.0
        columns = (TextColumn("requests ended"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total, rate="")

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()
        if kind is None:
            took_s = time.monotonic() - self._began
            told = f"{self._ended} requests ended, {self._attempts} attempts, in {took_s:.1f} s: {self._rate()}"
            self._console.print(told, highlight=False)

    def tell(self, before: Road, after: Road) -> None:
        """Count what is new."""
        self._attempts += len(after.steps) - len(before.steps)
        if after.end is None or before.end is not None:
            return
        self._ended += 1
        self._bar.update(self._task, completed=self._ended, rate=self._rate())
        if not self._console.is_terminal and self._ended % self._every == 0:
            self._console.print(f"  {self._ended} of {self._total} ended, {self._rate()}", highlight=False)

    def _rate(self) -> str:
        return f"{self._ended / max(time.monotonic() - self._began, 0.001):.0f} requests/s"
