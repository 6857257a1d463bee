"""A backtest from its folder to its figures: read, choose, decide in the loop, and through Kafka where asked."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from infra.backtest.agreement import differences
from infra.backtest.decisions import Decisions
from infra.backtest.figures import Found, found_of
from infra.local.documents import PortfolioWrong, read_portfolio
from infra.local.following import Roads
from infra.local.recorded import run as pipeline
from infra.local.recorded.ladder import Rung
from infra.local.recorded.material import Material, ladder_for, part_of, prepare
from infra.local.recorded.question import Question, chosen
from infra.local.recorded.reading import SOURCES, read_set
from schemas.portfolio import Portfolio

Sets = Mapping[str, Sequence[Question]]
Tell = Callable[[str, int, int], None]
"""Says what is being done, how far it is, and of how much."""
Differing = Mapping[str, Sequence[str]]
"""By the question: each difference in words."""


@dataclass(frozen=True, slots=True)
class Document:
    """A portfolio, and the file that it was read from."""

    path: Path
    portfolio: Portfolio


def read_document(path: Path) -> Document:
    """Raises :class:`PortfolioWrong`, or ``OSError`` when it cannot be read."""
    return Document(path, read_portfolio(path))


def questions(folder: Path, documents: Sequence[Document], count: int | None) -> Sets:
    """The sets whose tasks all these portfolios have, and of them the questions that all their models answered.

    Raises :class:`PortfolioWrong` or :class:`~infra.local.recorded.reading.DataUnreadable`.
    """
    names = [name for name in SOURCES if all(name in document.portfolio.tasks for document in documents)]
    if not names:
        files = ", ".join(str(document.path) for document in documents)
        raise PortfolioWrong(f"{files}: none of the recorded sets is a task: declare {' or '.join(SOURCES)} in `tasks`")
    return {name: _answered(name, read_set(name, folder), documents, count) for name in names}


def _answered(
    name: str, read: Sequence[Question], documents: Sequence[Document], count: int | None
) -> Sequence[Question]:
    models = {rung.recorded for each in documents for rung in _priced(each, name)}
    return chosen(read, models, sys.maxsize if count is None else count) or read


def _priced(document: Document, task: str) -> Iterator[Rung]:
    for rung in ladder_for(document.portfolio, task):
        if rung.price is None:
            raise PortfolioWrong(f"{document.path}: models.{rung.model}: no price, so its cost would count as nothing")
        yield rung


@dataclass(frozen=True, slots=True)
class Run:
    """What a portfolio does with the questions: its material (in a folder that the caller keeps) and the roads."""

    material: Material
    roads: Roads

    def found(self) -> list[Found]:
        """Set by set."""
        return [found_of(each, self.roads) for each in self.material.sets]


async def decided(document: Document, sets: Sets, folder: Path, tell: Tell) -> Run:
    """Every question through the loop. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    scratch = Path(tempfile.mkdtemp(dir=folder))
    material = prepare(sets, document.portfolio, sys.maxsize, scratch, uuid4)
    decisions, roads, whole = Decisions(material.portfolio), Roads(), len(material.requests)
    for number, (request_id, value) in enumerate(material.requests):
        tell(str(document.path), number, whole)
        roads[str(request_id)] = await decisions.road_of(request_id, value)
    tell(str(document.path), whole, whole)
    return Run(material, roads)


async def through_kafka(run: Run, count: int, folder: Path, console: Console) -> Differing:
    """The first ``count`` questions of each set through the real pipeline: which of them went another way."""
    part = part_of(run.material, count)
    real = await pipeline.run(part, folder, console)
    found = {
        f"{each.name} {question.id}": list(differences(run.roads[str(request_id)], real[str(request_id)]))
        for each in part.sets
        for request_id, question in each.asked.items()
    }
    return {name: told for name, told in found.items() if told}


def asks_people(portfolio: Portfolio) -> list[str]:
    """Lanes that leave to people what no model is left for."""
    return [name for name, lane in portfolio.lanes.items() if lane.reviews is not None]
