"""A ladder: models asked in turn until the answer of one meets all demands. Pure.

``follow`` tells the road of one question; ``seen`` does the same for all at once, for the many ladders of a choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from infra.evals.latency import seconds
from infra.evals.planner import Seen
from infra.evals.plans import Followed, Recorded


class Ladder(NamedTuple):
    """Models in the order in which they are asked. So long after the first was asked, no further one is."""

    models: tuple[str, ...]
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A prompt with the recorded answers to it, and those whose demands are met as far as the product can check."""

    name: str
    answers: Mapping[str, Recorded]
    passed: frozenset[str]


def follow(ladder: Ladder, case: Case) -> Followed:
    """The first model whose answer meets the demands; the last one's answer stands in any case."""
    asked = _asked(ladder, case)
    spent = sum(case.answers[model].cost_micro_usd for model in asked)
    return Followed(asked[-1], case.answers[asked[-1]].right, spent, asked)


def seconds_of(case: Case, asked: Sequence[str]) -> float:
    """How long models asked one after the other take, as modelled."""
    return sum(seconds(model, case.name, case.answers[model].characters) for model in asked)


def _asked(ladder: Ladder, case: Case) -> tuple[str, ...]:
    for place, model in enumerate(ladder.models, 1):
        asked = ladder.models[:place]
        if model in case.passed or (ladder.patience_s is not None and seconds_of(case, asked) > ladder.patience_s):
            return asked
    return ladder.models


class Column(NamedTuple):
    """One model's answers to all questions, in the order of the cases."""

    passed: NDArray[np.bool_]
    seen: Seen


def columns_of(cases: Sequence[Case], models: Sequence[str]) -> Mapping[str, Column]:
    """The answers by model."""
    return {model: _column(cases, model) for model in models}


def seen(ladder: Ladder, columns: Mapping[str, Column]) -> Seen:
    """How a ladder of at least one model does on every question: what ``follow`` tells of each."""
    first, *others = (columns[model] for model in ladder.models)
    rights, costs, took, is_open = first.seen.rights, first.seen.costs, first.seen.seconds, ~first.passed
    for column in others:
        is_open = is_open if ladder.patience_s is None else is_open & (took <= ladder.patience_s)
        rights = np.where(is_open, column.seen.rights, rights)
        costs = costs + column.seen.costs * is_open
        took = took + column.seen.seconds * is_open
        is_open = is_open & ~column.passed
    return Seen(rights, costs, took)


def _column(cases: Sequence[Case], model: str) -> Column:
    answers = [case.answers[model] for case in cases]
    took = [seconds_of(case, (model,)) for case in cases]
    told = Seen.of((one.right for one in answers), (one.cost_micro_usd for one in answers), took)
    return Column(np.array([model in case.passed for case in cases], np.bool_), told)
