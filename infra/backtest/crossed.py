"""A document that learns, backtested on questions that it did not learn from: each part by what the others taught."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from infra.backtest.priors import learned, seeded, source_of
from infra.backtest.run import Document, Run, Sets, Tell, decided
from infra.evals.study import splits
from infra.local.following import Roads
from infra.local.recorded.material import QuestionSet
from infra.local.recorded.reading import DataUnreadable


async def cross_validated(document: Document, sets: Sets, folds: int, folder: Path, tell: Tell) -> Run:
    """Every question once, decided by the document with the priors of the other parts.

    Raises :class:`~infra.local.recorded.reading.DataUnreadable`.
    """
    runs: list[Run] = []
    for train, test in parts_of(sets, folds):
        found = await learned(document, train, folder, tell)
        after = seeded(document.portfolio, found, source_of(found, train))
        runs.append(await decided(Document(document.path, after), test, folder, tell))
    return joined(runs)


def parts_of(sets: Sets, folds: int) -> Iterator[tuple[Sets, Sets]]:
    """What is learned from, and what is decided then: of each set that has something of both in this part.

    Raises :class:`~infra.local.recorded.reading.DataUnreadable` for a set that has too few questions to be parted.
    """
    by_set = {name: list(splits(asked, None, lambda each: each.id, folds)) for name, asked in sets.items()}
    whole = {name: [part for part in parts if part.train and part.test] for name, parts in by_set.items()}
    if few := [name for name, parts in whole.items() if not parts]:
        raise DataUnreadable(f"{few[0]} has too few questions for {folds} parts")
    for number in range(folds):
        parted = {name: parts[number] for name, parts in by_set.items() if parts[number] in whole[name]}
        if parted:
            yield {name: part.train for name, part in parted.items()}, {n: part.test for n, part in parted.items()}


def joined(runs: Sequence[Run]) -> Run:
    """All parts as one run; its portfolio is the first's, since each was planned by its own."""
    roads = Roads()
    for run in runs:
        roads |= run.roads
    each = [one for run in runs for one in run.material.sets]
    sets = tuple(_of(name, each) for name in dict.fromkeys(one.name for one in each))
    requests = [request for run in runs for request in run.material.requests]
    return Run(replace(runs[0].material, sets=sets, requests=requests), roads)


def _of(name: str, sets: Sequence[QuestionSet]) -> QuestionSet:
    first, *more = (one for one in sets if one.name == name)
    return replace(first, asked={id_: asked for one in (first, *more) for id_, asked in one.asked.items()})
