"""A backtest, run and shown: a bar while it runs, then tables, or one JSON document."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.backtest import report
from infra.backtest.crossed import cross_validated
from infra.backtest.figures import Changed, changed, changed_told, told
from infra.backtest.priors import Learned, learned, seeded, source_of
from infra.backtest.run import (
    Differing,
    Document,
    Run,
    Sets,
    Tell,
    asks_people,
    decided,
    questions,
    read_document,
    through_kafka,
)
from infra.local.documents import PortfolioWrong
from infra.local.processes import PartError
from infra.local.recorded.folder import VARIABLE
from infra.local.recorded.reading import DataUnreadable
from infra.logs import set_up_logging
from schemas.portfolio import Portfolio
from services.console.adapters.portfolio_text import text_of
from services.console.adapters.terminal.screen import Screen
from services.console.domain.failures import CannotReach, Misused, Refused

MODELLED = "modelled: characters / 4 is a token, at the document's prices"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. ``folds``: parts that learn from each other. ``sample``: questions of a set through Kafka."""

    data: Path
    portfolio: Path
    against: Path | None
    questions: int | None
    folds: int | None
    sample: int | None
    as_json: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run for each document. ``differing``: what went another way through Kafka; ``None`` where nothing was sent."""

    runs: Sequence[Run]
    differing: Differing | None = None
    compared: int = 0


@dataclass(frozen=True, slots=True)
class Seeding:
    """A document to seed with priors. ``write``: the new file; ``None`` prints it, as YAML or as JSON."""

    data: Path
    portfolio: Path
    questions: int | None
    write: Path | None
    as_json: bool


def seed(asked: Seeding) -> None:
    """Learn the priors and give the document back. Raises :class:`CommandFailed`."""
    set_up_logging("WARNING")
    if asked.write is not None and asked.write.exists():
        raise Misused(f"{asked.write} is there already: --write wants a new file")
    with _complaints(), tempfile.TemporaryDirectory(prefix="model-portfolio-priors-") as folder:
        document = read_document(asked.portfolio)
        sets = questions(asked.data, [document], asked.questions)
        with _bar() as tell:
            found = asyncio.run(learned(document, sets, Path(folder), tell))
        source = source_of(found, sets)
        after = seeded(document.portfolio, found, source)
    if asked.write is not None:
        _write(asked.write, text_of(after))
    elif not asked.as_json:
        sys.stdout.write(text_of(after))
        return
    _tell_priors(asked, found, source, after)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misused(f"{path} cannot be written: {error.strerror}") from None


def _tell_priors(asked: Seeding, found: Sequence[Learned], source: str, after: Portfolio) -> None:
    screen = Screen(as_json=asked.as_json)
    if asked.as_json:
        written = str(asked.write) if asked.write else None
        plain = after.model_dump(mode="json", exclude_defaults=True)
        screen.tell({"source": source, "written": written, "portfolio": plain})
        return
    screen.console.print(report.priors_table(found, source))
    screen.say(f"written to {asked.write}: `portfolio apply {asked.write}` puts it in force")


def show(asked: Asked) -> None:
    """Run it and print it. Raises :class:`CommandFailed`, also when the pipeline went another way."""
    set_up_logging("WARNING")
    with _complaints():
        documents = [read_document(path) for path in (asked.portfolio, asked.against) if path is not None]
        if asked.sample and (lanes := asks_people(documents[0].portfolio)):
            raise Refused(f"lane {lanes[0]} asks people, and none answers in a backtest: leave out --through-kafka")
        with tempfile.TemporaryDirectory(prefix="model-portfolio-backtest-") as folder:
            outcome = asyncio.run(_run(asked, documents, Path(folder)))
    (_print_json if asked.as_json else _print)(asked, outcome)
    if outcome.differing:
        raise Refused(f"{len(outcome.differing)} questions went another way through Kafka", told=True)


async def _run(asked: Asked, documents: Sequence[Document], folder: Path) -> Outcome:
    sets = questions(asked.data, documents, asked.questions)
    with _bar() as tell:
        runs = [await _decided(asked, document, sets, folder, tell) for document in documents]
    if asked.sample is None:
        return Outcome(runs)
    console = Console(stderr=True, highlight=False)
    differing = await through_kafka(runs[0], asked.sample, folder, console)
    return Outcome(runs, differing, sum(min(asked.sample, len(each.asked)) for each in runs[0].material.sets))


async def _decided(asked: Asked, document: Document, sets: Sets, folder: Path, tell: Tell) -> Run:
    if asked.folds is None:
        return await decided(document, sets, folder, tell)
    return await cross_validated(document, sets, asked.folds, folder, tell)


def _print(asked: Asked, outcome: Outcome) -> None:
    screen = Screen()
    found = outcome.runs[0].found()
    for table in report.tables(found):
        screen.console.print(table)
    if len(outcome.runs) > 1:
        screen.console.print(report.change_table(_changes(outcome), str(asked.portfolio), str(asked.against)))
    for line in report.words(found, asked.folds):
        screen.say(line)
    if outcome.differing is not None:
        for line in report.differing_lines(outcome.differing, outcome.compared):
            screen.say(line, "bad" if outcome.differing else "good")


def _print_json(asked: Asked, outcome: Outcome) -> None:
    document: dict[str, Any] = {
        "data": str(asked.data),
        "portfolio": str(asked.portfolio),
        "costs": MODELLED,
        "folds": asked.folds,
        "sets": {found.name: told(found) for found in outcome.runs[0].found()},
    }
    if len(outcome.runs) > 1:
        changes = {change.name: changed_told(change) for change in _changes(outcome)}
        document["against"] = {"portfolio": str(asked.against), "sets": changes}
    if outcome.differing is not None:
        document["through_kafka"] = {"questions": outcome.compared, "differing": outcome.differing}
    Screen(as_json=True).tell(document)


def _changes(outcome: Outcome) -> list[Changed]:
    now, other = (run.found() for run in outcome.runs)
    return [changed(*pair) for pair in zip(now, other, strict=True)]


@contextmanager
def _bar() -> Iterator[Tell]:
    """On standard error, and only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        task = progress.add_task("")

        def tell(doing: str, done: int, whole: int) -> None:
            progress.update(task, description=doing, completed=done, total=whole)

        yield tell


@contextmanager
def _complaints() -> Iterator[None]:
    """What the user can mend, in the console's words."""
    try:
        yield
    except DataUnreadable as error:
        raise Misused(f"{error}. Name the folder of recorded answers with --data, or {VARIABLE}") from None
    except PortfolioWrong as error:
        raise Refused(str(error)) from None
    except PartError as error:
        raise CannotReach(str(error)) from None
    except OSError as error:
        raise Misused(f"{error.filename} cannot be read: {error.strerror}") from None
