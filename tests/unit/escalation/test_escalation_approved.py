"""An answer that broke a policy: a model that was approved for it, then a person."""

from typing import Any

import pytest
from setbacks import NOW, attempt, critical, setback

from schemas.attempt import Plan
from schemas.example_request import LARGE, SECOND, SMALL
from schemas.portfolio import Portfolio
from schemas.vocabulary import Action, Reason
from services.escalation.domain.decide import decide
from services.escalation.domain.setback import Ask, GiveUp, Setback, Step

ONE_BY_ONE = Plan(tiers=((SMALL,), (LARGE,), (SECOND,)))
STAFFED = {"reviews": {"ask": "clerks", "within_s": 20}}


def approving(*names: str, **changes: Any) -> Portfolio:
    """The portfolio, where these models are approved."""
    portfolio = critical(**changes)
    approved = {name: portfolio.models[name].model_copy(update={"policy_approved": True}) for name in names}
    return portfolio.model_copy(update={"models": {**portfolio.models, **approved}})


def broke(*made: Any, checks: tuple[str, ...] = ("policy",)) -> Setback:
    """These attempts' answers broke the policy."""
    return setback(*((each, Reason.CHECK_FAILED, 0) for each in made), failed_checks=checks)


def test_the_approved_model_comes_before_a_repair_and_a_person() -> None:
    first = broke(attempt(plan=ONE_BY_ONE))

    assert decide(first, approving("second", **STAFFED), NOW) == Step(Action.APPROVED, 2)


def test_one_below_is_asked_where_none_is_above() -> None:
    top = broke(attempt(LARGE, tier=1, plan=ONE_BY_ONE))

    assert decide(top, approving("small"), NOW) == Step(Action.APPROVED, 0)


def test_after_the_approved_model_comes_a_person_and_never_the_same_model_again() -> None:
    both = broke(attempt(plan=ONE_BY_ONE), attempt(SECOND, 2, tier=2, plan=ONE_BY_ONE))

    assert isinstance(decide(both, approving("second", **STAFFED), NOW), Ask)
    assert decide(both, approving("small", "second"), NOW) == Step(Action.REPAIR, 2), "where nobody is named"


def test_without_either_it_goes_on_as_after_any_failed_check() -> None:
    assert decide(broke(attempt()), critical(), NOW) == Step(Action.REPAIR, 0)
    assert decide(broke(attempt()), critical(repairs=0), NOW) == Step(Action.UP, 1)


def test_a_failure_of_another_check_asks_for_no_approved_model() -> None:
    assert decide(broke(attempt(), checks=("schema",)), approving("large"), NOW) == Step(Action.REPAIR, 0)


@pytest.mark.parametrize("key", ["policy", "check_failed"])
def test_a_lane_may_wish_otherwise(key: str) -> None:
    assert decide(broke(attempt()), approving("large", on_fail={key: "repair"}), NOW) == Step(Action.REPAIR, 0)


def test_a_lane_may_wish_for_the_approved_model_after_another_check() -> None:
    wish = approving("large", on_fail={"schema": "approved"})

    assert decide(broke(attempt(), checks=("schema",)), wish, NOW) == Step(Action.APPROVED, 1)


def test_limits_hold_for_it_as_for_any_attempt() -> None:
    spent = setback((attempt(), Reason.CHECK_FAILED, 100), failed_checks=("policy",), budget_micro_usd=100)

    assert isinstance(decide(spent, approving("large"), NOW), GiveUp)
