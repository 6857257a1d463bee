"""What a request does whose first attempt went to a path above its plan, to learn of it."""

from setbacks import NOW, attempt, critical, setback

from schemas.attempt import Candidate, Plan
from schemas.example_request import LARGE, SMALL
from schemas.vocabulary import Action, Reason, Risk
from services.escalation.domain.decide import decide
from services.escalation.domain.setback import GiveUp, Step

PLAN = Plan(tiers=((SMALL,), (LARGE,)))
STRONGEST = Candidate(model="strongest", provider="azure")


USUAL = "simple"
"""A lane of the examples that is not critical."""


def test_from_the_last_tier_it_goes_back_to_its_plan() -> None:
    explored = (attempt(LARGE, tier=1, plan=PLAN), Reason.EMPTY, 0)

    assert decide(setback(explored, lane=USUAL, risk=Risk.LOW), critical(), NOW) == Step(Action.SIDEWAYS, 0)


def test_a_tier_above_comes_first() -> None:
    plan = Plan(tiers=((SMALL,), (LARGE,), (STRONGEST,)))
    explored = (attempt(LARGE, tier=1, plan=plan), Reason.EMPTY, 0)

    assert decide(setback(explored, lane=USUAL, risk=Risk.LOW), critical(), NOW) == Step(Action.UP, 2)


def test_a_tier_that_was_asked_is_not_asked_again() -> None:
    plan = Plan(tiers=((SMALL, Candidate(model="small", provider="elsewhere")), (LARGE,)))
    small = (attempt(SMALL, plan=plan), Reason.EMPTY, 0)
    large = (attempt(LARGE, 2, tier=1, plan=plan), Reason.EMPTY, 0)

    found = decide(setback(small, large, lane=USUAL, risk=Risk.LOW), critical(), NOW)
    assert isinstance(found, GiveUp)
    assert found.reason == Reason.TIERS_SPENT


def test_where_being_wrong_is_dear_nothing_weaker_is_asked() -> None:
    explored = (attempt(LARGE, tier=1, plan=PLAN), Reason.EMPTY, 0)

    assert isinstance(decide(setback(explored, lane=USUAL, risk=Risk.HIGH), critical(), NOW), GiveUp)
    assert isinstance(decide(setback(explored), critical(repairs=0), NOW), GiveUp)
