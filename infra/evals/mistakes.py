"""How often a check is wrong on labelled answers, and what its mistakes cost where a failed answer moves up. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.evals.study import figure, share_by_question

PER_1K = 1_000
MILLI = 1_000
"""Micro-dollars a question are so many dollars a thousand questions: divided by this."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer to a question: whether the check let it pass, whether it is right, and what is spent where it does not
    pass."""

    question: str
    passed: bool
    right: bool
    spent_micro_usd: int = 0


Rows = Sequence[Checked]


def let_through_per_1k(rows: Rows) -> float:
    """Wrong answers that pass, of a thousand questions."""
    return PER_1K * sum(row.passed and not row.right for row in rows) / len(rows)


def needless_usd_per_1k(rows: Rows) -> float:
    """Dollars for going on from right answers, on a thousand questions."""
    return sum(row.spent_micro_usd for row in rows if row.right and not row.passed) / len(rows) / MILLI


def rates(rows: Rows) -> dict[str, Any]:
    """Of the wrong answers those that pass, of the right ones those that do not, with their intervals."""
    accepted = share_by_question([(row.question, row.passed) for row in rows if not row.right])
    rejected = share_by_question([(row.question, not row.passed) for row in rows if row.right])
    return {"false_accept": accepted.told(), "false_reject": rejected.told(), "n": len(rows)}


def rates_and_costs(rows: Rows) -> dict[str, Any]:
    """Beside the rates: what the mistakes let through, and what they make spend for nothing."""
    costs = {"let_through_per_1k": let_through_per_1k, "needless_usd_per_1k": needless_usd_per_1k}
    return {**rates(rows), **{name: figure(rows, of).told() for name, of in costs.items()}}
