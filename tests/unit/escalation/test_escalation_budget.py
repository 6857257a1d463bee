"""What is left of a request's budget: nothing is asked that it cannot pay, and an end for want of money says so."""

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from setbacks import NOW, attempt, critical, setback

from schemas.attempt import Candidate, Plan
from schemas.example_request import DOCUMENT, LARGE, SECOND, SMALL
from schemas.portfolio import Portfolio
from schemas.vocabulary import Action, Reason
from services.escalation.domain.decide import decide
from services.escalation.domain.setback import GiveUp, Step

TIMEOUT = Reason.TIMEOUT


def test_the_budget_counts_every_attempt() -> None:
    made = [(attempt(), TIMEOUT, 60), (attempt(LARGE, 2, tier=1), TIMEOUT, 40)]

    assert isinstance(decide(setback(*made, budget_micro_usd=100), critical(), NOW), GiveUp)
    assert isinstance(decide(setback(*made, budget_micro_usd=200), critical(), NOW), Step)


def test_a_path_that_is_free_is_asked_though_nothing_is_left() -> None:
    models: Any = deepcopy(DOCUMENT["models"])
    models["second"]["endpoints"][0]["price"] = {"input": "0", "output": "0"}
    free = Portfolio.of({**DOCUMENT, "models": models})
    made = setback((attempt(), TIMEOUT, 0), budget_micro_usd=0)

    assert decide(made, free, NOW) == Step(Action.UP, 1)
    spent = decide(
        setback((attempt(), TIMEOUT, 0), (attempt(SECOND, 2, tier=1), TIMEOUT, 0), budget_micro_usd=0), free, NOW
    )
    assert isinstance(spent, GiveUp)
    assert spent.reason == Reason.BUDGET_SPENT


def test_a_repair_that_cannot_be_paid_is_not_asked_for() -> None:
    wrong = setback((attempt(), Reason.CHECK_FAILED, 48), failed_checks=("schema",), budget_micro_usd=50)

    assert decide(wrong, critical(), NOW) == GiveUp(
        Reason.BUDGET_SPENT, "the last answer failed schema; what is left of the budget pays no other path"
    )


def test_an_end_for_want_of_money_says_so() -> None:
    end = decide(setback((attempt(), TIMEOUT, 90), budget_micro_usd=100), critical(), NOW)

    assert end == GiveUp(Reason.BUDGET_SPENT, "what went wrong; what is left of the budget pays no other path")


def test_that_holds_for_paths_which_no_plan_held_any_more() -> None:
    alone = attempt(plan=Plan(tiers=((SMALL,), ())))
    end = decide(setback((alone, TIMEOUT, 90), budget_micro_usd=100), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason == Reason.BUDGET_SPENT


def test_where_nothing_is_short_the_end_is_another() -> None:
    alone = attempt(plan=Plan(tiers=((SMALL,), ())))
    end = decide(setback((alone, TIMEOUT, 90), budget_micro_usd=50_000), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason == TIMEOUT


@pytest.mark.parametrize(
    "cannot",
    [
        {"models": {"large": {"retires": "2026-03-02"}, "second": {"retires": "2026-03-02"}}},
        {"models": {"large": {"lifecycle": "candidate"}, "second": {"lifecycle": "retired"}}},
        {"models": {"large": {"context_tokens": 10}, "second": {"context_tokens": 10}}},
        {"providers": {"azure": {"region": "us"}, "mistral": {"region": "us"}}},
    ],
)
def test_no_money_would_help_where_no_other_path_may_serve(cannot: dict[str, dict[str, Any]]) -> None:
    document: Any = deepcopy(critical().model_dump(mode="json"))
    for kind, named in cannot.items():
        for name, changes in named.items():
            document[kind][name] |= changes
    alone = attempt(plan=Plan(tiers=((SMALL,), ())))
    end = decide(setback((alone, TIMEOUT, 90), budget_micro_usd=100), Portfolio.of(document), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason == TIMEOUT


def test_a_free_path_that_is_shut_for_a_while_is_waited_for_though_nothing_is_left() -> None:
    told = attempt(Candidate(model="", provider=""), plan=Plan(tiers=((), ())))
    shut = setback((told, Reason.BREAKER_OPEN, 0), retry_after=timedelta(seconds=1), budget_micro_usd=0)
    decision = decide(shut, critical(), NOW)

    assert isinstance(decision, Step), decision
    assert decision.action == Action.AGAIN


def test_where_the_lane_has_no_other_path_the_repair_that_cannot_be_paid_says_so() -> None:
    alone = attempt(plan=Plan(tiers=((SMALL,),)))
    wrong = setback((alone, Reason.CHECK_FAILED, 48), failed_checks=("schema",), budget_micro_usd=50)

    end = decide(wrong, critical(tiers=[["small"]]), NOW)
    assert isinstance(end, GiveUp)
    assert end.reason == Reason.BUDGET_SPENT
