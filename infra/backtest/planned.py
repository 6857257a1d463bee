"""Whether another model must agree, how alike, and if a third settles it: left to the live planner, and beside that.

``python -m infra.backtest.planned``, on recorded answers. What each model achieves alone, and confirmed, is learned as
``portfolio priors`` does on one half of the questions, and the other half is answered by the document that holds it,
through all services' own handlers; then the other way round.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from infra.backtest.figures import Line, cost_share, gain_points
from infra.backtest.priors import learned, seeded, source_of
from infra.backtest.run import Document, Sets, decided, questions
from infra.evals.prices import price_of
from infra.evals.report import table
from infra.evals.study import Folders, Split, figure, share, splits
from infra.local.recorded.folder import usual_folder
from infra.local.recorded.reading import DataUnreadable
from schemas.portfolio import Portfolio

GPT_MINI, LLAMA = "gpt-4o-mini-2024-07-18", "hugging-quants/Meta-Llama-3.1-8B-Instruct-AWQ-INT4"
SONNET, SMALL_LLAMA = "claude-3-5-sonnet-20241022", "Meta-Llama-3.1-8B-Instruct"
THREE = ("gemini-1.5-flash", SMALL_LLAMA, GPT_MINI, SONNET)
WAYS: Mapping[str, tuple[Any, ...]] = {
    "always": ("agreement",),
    "planned": ({"agreement": {"when": "planned"}},),
    "threshold": ({"agreement": {"threshold": "planned"}},),
    "both": ({"agreement": {"when": "planned", "threshold": "planned"}},),
    "never": (),
    "third": ({"agreement": {"opinions": 3}},),
    "opinions": ({"agreement": {"opinions": "planned"}},),
}
OF_TWO = ("always", "planned", "threshold", "both", "never")
HALVES = 2


@dataclass(frozen=True, slots=True)
class Case:
    """A lane: a set's name, the models of its tiers, what is checked besides, its bar, and the ways it is run in."""

    task: str
    tiers: tuple[str, ...]
    checks: tuple[str, ...]
    bar: float | None = None
    ways: tuple[str, ...] = OF_TWO


CASES: Mapping[str, Case] = {
    "gsm8k": Case("gsm8k", ("gemini-1.5-flash", GPT_MINI, SONNET), ("format",)),
    "gsm8k_bar_85": Case("gsm8k", ("gemini-1.5-flash", GPT_MINI, SONNET), ("format",), 0.85),
    "gsm8k_bar_95": Case("gsm8k", ("gemini-1.5-flash", GPT_MINI, SONNET), ("format",), 0.95),
    "gsm8k_weak_pair": Case("gsm8k", ("gemma-2-2b-it", "gpt-3.5-turbo-0125", SONNET), ("format",), 0.9),
    "gsm8k_three": Case("gsm8k", THREE, ("format",), ways=("always", "third", "opinions")),
    "gsm8k_three_bar_85": Case("gsm8k", THREE, ("format",), 0.85, ("opinions",)),
    "gsm8k_three_bar_90": Case("gsm8k", THREE, ("format",), 0.9, ("opinions",)),
    "gsm8k_three_bar_95": Case("gsm8k", THREE, ("format",), 0.95, ("opinions",)),
    "ifeval": Case("ifeval", (LLAMA, GPT_MINI, "gpt-4o-2024-08-06"), ("format", "demands")),
}


def measured(folders: Folders) -> Mapping[str, object]:
    """By case and way: success, and cost of the strongest's, each with its 95 % interval."""
    return {name: {way: _told(lines_of(case, way, folders)) for way in case.ways} for name, case in CASES.items()}


def _told(lines: Sequence[Line]) -> dict[str, object]:
    figures = {
        "success": share([line.right for line in lines]),
        "gain_points": figure(lines, gain_points),
        "cost_share": figure(lines, cost_share),
    }
    return {**{name: each.told() for name, each in figures.items()}, "n": len(lines)}


def lines_of(case: Case, way: str, folders: Folders) -> list[Line]:
    """Every question that is reported on. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    document = Document(Path(f"{case.task}.yaml"), portfolio(case, way))
    train = questions(folders.train, [document], None)[case.task]
    test = questions(folders.test, [document], None)[case.task] if folders.test else None
    with tempfile.TemporaryDirectory(prefix="model-portfolio-planned-") as folder:
        parts = splits(train, test, lambda question: question.id, HALVES)
        return [line for part in parts for line in asyncio.run(_lines(document, case.task, part, Path(folder)))]


async def _lines(document: Document, task: str, part: Split[Any], folder: Path) -> Sequence[Line]:
    sets: Sets = {task: part.train}
    found = await learned(document, sets, folder, _quietly)
    after = seeded(document.portfolio, found, source_of(found, sets))
    (told,) = (await decided(Document(document.path, after), {task: part.test}, folder, _quietly)).found()
    return told.lines


def _quietly(doing: str, done: int, whole: int) -> None:
    """The section says what it does itself."""


def portfolio(case: Case, way: str) -> Portfolio:
    """A document of one lane, whose models are called as they are recorded."""
    lane = {
        "tasks": [case.task],
        "tiers": [[model] for model in map(_name, case.tiers)],
        "checks": [*case.checks, *WAYS[way]],
        "bar": {"success": case.bar},
        "repairs": 0,
        "explore": 0,
        "max_attempts": 4,
        "deadline_s": 240,
    }
    return Portfolio.of(
        {
            "defaults": {"data_class": "public", "lane": case.task},
            "tasks": {case.task: {"describe": "a recorded set"}},
            "providers": {"recorded": {"adapter": "litellm"}},
            "models": {_name(model): _model(model) for model in case.tiers},
            "lanes": {case.task: lane},
        }
    )


def _name(recorded: str) -> str:
    return recorded.rsplit("/", 1)[-1].lower()


def _model(recorded: str) -> dict[str, Any]:
    endpoint = {"provider": "recorded", "model": recorded, "price": price_of(recorded).model_dump(mode="json")}
    return {"kind": "recorded", "owner": "evals", "context_tokens": 128_000, "endpoints": [endpoint]}


def main() -> None:
    """Measure all cases, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m infra.backtest.planned", description=__doc__)
    parser.add_argument("--data", type=Path, default=usual_folder(), help="recorded answers: learn and report in turn")
    parser.add_argument("--train", type=Path, help="learn from this folder instead")
    parser.add_argument("--test", type=Path, help="and report on this one")
    told = parser.parse_args()
    if (told.train is None) != (told.test is None):
        parser.error("--train and --test go together: learn from one, report on the other")
    try:
        Console().print(table({}, measured(Folders(told.train or told.data, told.test))))
    except DataUnreadable as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
