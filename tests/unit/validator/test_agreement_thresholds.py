"""How alike two answers must be: by the lane, or by the plan as far as the lane leaves that to it."""

from typing import Any

import pytest
from answered_attempts import RECEIVED, Asked, Judge, OneRevision, portfolio_with, said_of

from schemas.attempt import AttemptAccepted, AttemptRejected, CheckResult
from schemas.reaction import Said
from schemas.vocabulary import Risk, Role
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers

PLANNED = [{"agreement": {"threshold": "planned"}}]
ASKS_ITSELF = {"checks": [{"name": "agreement"}]}


def alike(planned: float | None = None, **more: Any) -> Asked:
    """Half of their words are the same, which is a score of 0.3125."""
    told = {"agreement": planned} if planned is not None else {}
    first, second = said_of("red blue green gold"), said_of("red blue pink grey")
    return Asked(second, role=Role.AGREEMENT, number=2, doubted=first, text="Tell.", thresholds=told, **more)


def agreement_of(event: Any) -> CheckResult:
    """Told last: before it what is wrong with its settings."""
    return next(check for check in reversed(event.checks) if check.name == "agreement")


@pytest.mark.parametrize(
    ("asked", "checks", "threshold", "agrees"),
    [
        (alike(), ["agreement"], 0.5, False),
        (alike(), [{"agreement": {"threshold": 0.3}}], 0.3, True),
        (alike(), PLANNED, 0.5, False),
        (alike(0.3), PLANNED, 0.3, True),
        (alike(0.9), PLANNED, 0.9, False),
        (alike(0.3), ["agreement"], 0.5, False),
        (alike(0.3), [{"agreement": {"threshold": 0.4}}], 0.4, False),
        (alike(0.3), [{"agreement": {"threshold": "low"}}], 0.5, False),
        (alike(0.3, question=ASKS_ITSELF), PLANNED, 0.5, False),
        (alike(0.9, question=ASKS_ITSELF), PLANNED, 0.9, False),
        (alike(0.3, risk=Risk.HIGH), PLANNED, 0.5, False),
        (alike(0.9, risk=Risk.HIGH), PLANNED, 0.9, False),
    ],
)
def test_the_threshold_that_counts_stands_in_the_evidence(
    judge: Judge, asked: Asked, checks: list[Any], threshold: float, agrees: bool
) -> None:
    event = judge(asked, checks)

    found = agreement_of(event)
    assert isinstance(event, AttemptAccepted if agrees else AttemptRejected)
    assert (found.score, found.threshold) == (0.3125, threshold)
    assert f"compared by text: 0.3125 alike, of which {threshold:g} is asked for" in (found.detail or "")


@pytest.mark.parametrize("lane", [{"priority": 1}, {"bar": {"compliance_risk": 5}}])
def test_no_plan_goes_below_the_fixed_one_where_being_wrong_is_dear(schemas: SchemaChecker, lane: dict) -> None:
    told = portfolio_with(PLANNED).model_dump(mode="json")
    told["lanes"]["simple"] |= lane
    portfolio = type(portfolio_with([])).of(told)

    (said,) = Handlers(OneRevision(portfolio), schemas).on_attempt_completed(alike(0.3).completed(), RECEIVED).says

    assert isinstance(said, Said)
    assert agreement_of(said.event).threshold == 0.5
