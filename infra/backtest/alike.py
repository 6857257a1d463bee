"""Whether how alike two models' answers are tells which are right: ``python -m infra.backtest.alike``.

For each case of ``infra.backtest.planned``, each model but the last and the one that would be asked to agree: the area
under the curve, which is how often a right answer is more alike than a wrong one. One half is chance.
"""

import argparse
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from infra.backtest.planned import CASES
from infra.evals.report import table
from infra.evals.study import figure
from infra.local.recorded.folder import usual_folder
from infra.local.recorded.question import Question as Asked
from infra.local.recorded.question import chosen
from infra.local.recorded.reading import DataUnreadable, read_set
from schemas.check_settings import USUAL_THRESHOLD
from schemas.content import Answer, Question
from services.validator.domain.agreement import compared

WORDS = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer: how alike it is to another model's, and whether it was recorded as right."""

    score: float
    right: bool


def measured(folder: Path) -> Mapping[str, object]:
    """By pair of models. Raises :class:`~infra.local.recorded.reading.DataUnreadable`."""
    return dict(_pairs(folder))


def _pairs(folder: Path) -> Iterator[tuple[str, object]]:
    told: set[tuple[str, str]] = set()
    for case in CASES.values():
        for first, second in pairwise(case.tiers):
            if (first, second) not in told:
                told.add((first, second))
                asked = chosen(read_set(case.task, folder), [first, second], 10**9)
                name = f"{case.task} {_short(first)} by {_short(second)}"
                yield name, _told([_of(question, first, second) for question in asked])


def _short(model: str) -> str:
    """The first words of a long name; a dot would look like the figures' own."""
    return "-".join(model.rsplit("/", 1)[-1].replace(".", "_").split("-")[:WORDS])


def _of(asked: Asked, first: str, second: str) -> Scored:
    question = Question(messages=({"role": "user", "content": asked.prompt},))
    one, other = (_answer(asked.answers[model].text) for model in (first, second))
    return Scored(compared(question, one, other).score, asked.answers[first].right)


def _answer(text: str) -> Answer:
    return Answer(message={"role": "assistant", "content": text}, finish_reason="stop")


def _told(cases: Sequence[Scored]) -> Mapping[str, object]:
    same = [case for case in cases if case.score >= USUAL_THRESHOLD]
    wrong = sum(not case.right for case in same)
    found = {"n": len(cases), "area": figure(cases, area).told(), "same": len(same), "same_wrong": wrong}
    return {**found, "area_of_same": figure(same, area).told()} if wrong else found


def area(cases: Sequence[Scored]) -> float:
    """How often a right one is more alike than a wrong one, a tie counting half; chance where one kind is missing."""
    right = [case.score for case in cases if case.right]
    wrong = sorted(case.score for case in cases if not case.right)
    if not right or not wrong:
        return 0.5
    below = sum((bisect_left(wrong, score) + bisect_right(wrong, score)) / 2 for score in right)
    return below / (len(right) * len(wrong))


def main() -> None:
    """Measure all pairs, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m infra.backtest.alike", description=__doc__)
    parser.add_argument("--data", type=Path, default=usual_folder(), help="recorded answers")
    try:
        Console().print(table({}, measured(parser.parse_args().data)))
    except DataUnreadable as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
