"""The decision after a setback: every reason, every limit, and that it always ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from setbacks import NOW, asking, attempt, critical, later, setback

from schemas.attempt import Attempt, Candidate, Plan, Tried, Usage, attempts_made, tried_of
from schemas.example_request import LARGE, SECOND, SMALL
from schemas.next_actions import ACTIONS, actions_for
from schemas.paths import FOR_NOW
from schemas.portfolio import MOST_DISPATCHES, Portfolio
from schemas.request import Request
from schemas.vocabulary import Action, Reason, Role
from services.escalation.domain.decide import LEAST_TIME, decide
from services.escalation.domain.setback import GiveUp, Setback, Step

TIMEOUT = Reason.TIMEOUT
LEAST_MICRO_USD = 19
"""The shortest answer of ``large``: 7 tokens at 1.25, as its provider has read them before, and one at 10."""


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.CHECK_FAILED, Step(Action.REPAIR, 1)),
        (Reason.EMPTY, Step(Action.SIDEWAYS, 1)),
        (Reason.CUT_OFF, Step(Action.UP, 2)),
        (Reason.REFUSED, Step(Action.SIDEWAYS, 1)),
        (Reason.DISAGREED, Step(Action.UP, 2)),
        (Reason.DOUBTED, Step(Action.AGREEMENT, 1)),
        (Reason.TIMEOUT, Step(Action.SIDEWAYS, 1)),
        (Reason.DEADLINE, Step(Action.SIDEWAYS, 1)),
        (Reason.STARVED, Step(Action.SIDEWAYS, 1)),
        (Reason.UNCALLED, Step(Action.AGAIN, 1)),
        (Reason.RATE_LIMITED, Step(Action.SIDEWAYS, 1)),
        (Reason.PROVIDER_ERROR, Step(Action.SIDEWAYS, 1)),
        (Reason.UNREACHABLE, Step(Action.SIDEWAYS, 1)),
        (Reason.UNAUTHORIZED, Step(Action.SIDEWAYS, 1)),
        (Reason.BAD_ANSWER, Step(Action.SIDEWAYS, 1)),
        (Reason.OUTCOME_UNKNOWN, Step(Action.SIDEWAYS, 1)),
        (Reason.CONTENT_FILTERED, Step(Action.SIDEWAYS, 1)),
        (Reason.CONTEXT_TOO_LONG, Step(Action.UP, 2)),
        (Reason.NO_RECORDED_ANSWER, Step(Action.SIDEWAYS, 1)),
        (Reason.UNKNOWN_MODEL, Step(Action.SIDEWAYS, 1)),
        (Reason.LACKS_ABILITY, Step(Action.SIDEWAYS, 1)),
        (Reason.NO_ELIGIBLE_MODEL, GiveUp(Reason.NO_ELIGIBLE_MODEL, "what went wrong")),
        (Reason.BUDGET_SPENT, GiveUp(Reason.BUDGET_SPENT, "what went wrong")),
        (Reason.INVALID_REQUEST, GiveUp(Reason.INVALID_REQUEST, "what went wrong")),
        ("a_reason_of_tomorrow", Step(Action.SIDEWAYS, 1)),
    ],
)
def test_each_reason_has_its_next_step(reason: str, expected: Step | GiveUp) -> None:
    """From the middle of three tiers, with another path beside and one above."""
    strongest = Candidate(model="strongest", provider="azure")
    plan = Plan(tiers=((SMALL,), (LARGE, SECOND), (strongest,)))
    made = attempt(LARGE, tier=1, plan=plan)

    assert decide(setback((made, reason, 0)), critical(), NOW) == expected


def test_every_reason_of_an_attempt_stands_in_the_table() -> None:
    of_the_request = {
        Reason.UNKNOWN_LANE, Reason.UNKNOWN_TASK, Reason.UNSUPPORTED_PARAMETER, Reason.TOO_LARGE,
        Reason.NOT_ALLOWED, Reason.QUOTA_SPENT, Reason.ATTEMPTS_SPENT, Reason.TIERS_SPENT,
        Reason.ESCALATION_CAPPED, Reason.CANCELLED, Reason.REVIEW_REJECTED, Reason.REVIEW_UNANSWERED,
    }  # fmt: skip

    assert set(ACTIONS) == set(Reason) - of_the_request


def test_a_lanes_own_wish_comes_before_the_usual_step() -> None:
    made = (attempt(), Reason.CHECK_FAILED, 0)

    assert decide(setback(made, failed_checks=("schema",)), critical(), NOW) == Step(Action.REPAIR, 0)
    wish = critical(on_fail={"schema": "up"})
    assert decide(setback(made, failed_checks=("schema",)), wish, NOW) == Step(Action.UP, 1)
    assert decide(setback(made, failed_checks=("tool_calls",)), wish, NOW) == Step(Action.REPAIR, 0)


def test_a_wish_that_cannot_be_followed_falls_back_to_the_usual_steps() -> None:
    made = (attempt(LARGE, tier=1), Reason.CHECK_FAILED, 0)
    wish = critical(on_fail={"schema": "human"})

    assert decide(setback(made, failed_checks=("schema",)), wish, NOW) == Step(Action.REPAIR, 1)


def test_a_lane_may_wish_by_reason_and_a_checks_own_wish_comes_first() -> None:
    wish = {"check_failed": Action.UP, "schema": Action.SIDEWAYS}

    assert actions_for(Reason.CHECK_FAILED, ("words",), wish)[0] is Action.UP
    assert actions_for(Reason.CHECK_FAILED, ("schema",), wish)[:2] == (Action.SIDEWAYS, Action.UP)
    made = (attempt(LARGE, tier=0, plan=Plan(tiers=((LARGE, SECOND), (SMALL,)))), TIMEOUT, 0)
    assert decide(setback(made), critical(on_fail={"timeout": "up"}), NOW) == Step(Action.UP, 1)


def test_two_refusals_are_not_followed_by_a_third_of_the_same_tier() -> None:
    third = Candidate(model="third", provider="azure")
    plan = Plan(tiers=((LARGE, SECOND, third), (SMALL,)))
    made = [(attempt(LARGE, plan=plan), Reason.REFUSED, 0)]
    assert decide(setback(*made), critical(), NOW) == Step(Action.SIDEWAYS, 0)

    made.append((attempt(SECOND, 2, plan=plan), Reason.REFUSED, 0))
    assert decide(setback(*made), critical(), NOW) == Step(Action.UP, 1)


def test_each_step_is_tried_once() -> None:
    wish = {"schema": Action.UP, "tool_calls": Action.UP}

    assert actions_for(Reason.CHECK_FAILED, ("schema", "tool_calls"), wish) == (
        Action.UP,
        Action.REPAIR,
        Action.SIDEWAYS,
        Action.HUMAN,
    )


@pytest.mark.parametrize("repairs", [0, 1, 2])
def test_an_answer_is_mended_as_often_as_its_lane_allows(repairs: int) -> None:
    made: list[Any] = [(attempt(LARGE, tier=1), Reason.CHECK_FAILED, 0)]
    for number in range(2, repairs + 2):
        assert decide(setback(*made), critical(repairs=repairs), NOW) == Step(Action.REPAIR, 1)
        made.append((attempt(LARGE, number, Role.REPAIR, 1), Reason.CHECK_FAILED, 0))

    assert decide(setback(*made), critical(repairs=repairs), NOW) == Step(Action.SIDEWAYS, 1)


def test_a_repair_of_one_model_leaves_another_its_own() -> None:
    made = [
        (attempt(), Reason.CHECK_FAILED, 0),
        (attempt(SMALL, 2, Role.REPAIR), Reason.CHECK_FAILED, 0),
        (attempt(LARGE, 3, tier=1), Reason.CHECK_FAILED, 0),
    ]

    assert decide(setback(*made), critical(), NOW) == Step(Action.REPAIR, 1)


def test_without_a_path_beside_it_goes_up() -> None:
    assert decide(setback((attempt(), TIMEOUT, 0)), critical(), NOW) == Step(Action.UP, 1)


def test_without_a_path_above_or_beside_it_ends_and_says_which_line_would_help() -> None:
    made = [(attempt(LARGE, tier=1), TIMEOUT, 0), (attempt(SECOND, 2, tier=1), Reason.BAD_ANSWER, 0)]
    end = decide(setback(*made), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is Reason.TIERS_SPENT
    assert "what went wrong" in end.detail
    assert "lanes.critical.tiers" in end.detail


def test_what_was_too_long_for_a_model_goes_to_a_longer_context_and_to_no_other() -> None:
    plan = Plan(tiers=((LARGE, SMALL), (SECOND,), (SMALL,)))
    too_long = [(attempt(SECOND, tier=1, plan=plan), Reason.CONTEXT_TOO_LONG, 0)]
    assert isinstance(decide(setback(*too_long), critical(), NOW), GiveUp), "the only one above is shorter"

    plan = Plan(tiers=((SECOND, SMALL), (SMALL,), (LARGE,)))
    too_long = [(attempt(SECOND, plan=plan), Reason.CONTEXT_TOO_LONG, 0)]
    assert decide(setback(*too_long), critical(), NOW) == Step(Action.UP, 2)

    plan = Plan(tiers=((SECOND, LARGE),))
    too_long = [(attempt(SECOND, plan=plan), Reason.CONTEXT_TOO_LONG, 0)]
    assert decide(setback(*too_long), critical(), NOW) == Step(Action.SIDEWAYS, 0)


@pytest.mark.parametrize("reason", [Reason.CONTEXT_TOO_LONG, Reason.CONTENT_FILTERED, Reason.LACKS_ABILITY])
def test_the_client_is_told_what_of_the_request_no_path_takes(reason: Reason) -> None:
    end = decide(setback((attempt(LARGE, plan=Plan(tiers=((LARGE,),))), reason, 0)), critical(), NOW)

    assert isinstance(end, GiveUp)
    assert end.reason is reason
    assert "what went wrong" in end.detail
    assert "lanes.critical.tiers" in end.detail


def test_a_provider_that_refuses_our_key_is_not_asked_again_by_another_model() -> None:
    elsewhere, same = Candidate(model="second", provider="azure"), Candidate(model="third", provider="azure")
    locked = [(attempt(LARGE, plan=Plan(tiers=((LARGE, elsewhere), (same,), (SMALL,)))), Reason.UNAUTHORIZED, 0)]
    assert decide(setback(*locked), critical(), NOW) == Step(Action.UP, 2)

    locked = [(attempt(LARGE, plan=Plan(tiers=((LARGE, elsewhere), (same,)))), Reason.UNAUTHORIZED, 0)]
    assert isinstance(decide(setback(*locked), critical(), NOW), GiveUp)


def test_a_model_that_disagrees_sends_the_request_above_the_answer_in_doubt() -> None:
    """The opinion came from a tier above: what counts is where the doubted answer came from."""
    made = [(attempt(), Reason.DOUBTED, 0), (attempt(LARGE, 2, Role.AGREEMENT, 1), Reason.DISAGREED, 0)]

    assert decide(setback(*made), critical(), NOW) == Step(Action.UP, 1)


def test_an_opinion_that_did_not_come_is_asked_of_another() -> None:
    made = [(attempt(), Reason.DOUBTED, 0), (attempt(LARGE, 2, Role.AGREEMENT, 1), TIMEOUT, 0)]

    assert decide(setback(*made), critical(), NOW) == Step(Action.AGREEMENT, 1)


def test_without_anybody_to_ask_the_request_goes_up() -> None:
    nobody = Candidate(model="", provider="")
    made = [(attempt(), Reason.DOUBTED, 0), (attempt(nobody, 2, Role.AGREEMENT), Reason.NO_ELIGIBLE_MODEL, 0)]

    assert decide(setback(*made), critical(), NOW) == Step(Action.UP, 1)


def test_an_attempt_that_was_never_planned_is_asked_for_again() -> None:
    nowhere = attempt(Candidate(model="", provider=""), plan=Plan(tiers=()))

    assert decide(setback((nowhere, Reason.DEADLINE, 0)), critical(), NOW) == Step(Action.SIDEWAYS, 0)


@pytest.mark.parametrize(
    ("fields", "cost", "at_s", "reason"),
    [
        ({"max_attempts": 1}, 0, 1, TIMEOUT),
        ({"max_attempts": 2}, 0, 1, None),
        ({"budget_micro_usd": 100}, 100, 1, Reason.BUDGET_SPENT),
        ({"budget_micro_usd": 100}, 100 - LEAST_MICRO_USD, 1, None),
        ({"budget_micro_usd": 100}, 101 - LEAST_MICRO_USD, 1, Reason.BUDGET_SPENT),
        ({"budget_micro_usd": None}, 10**9, 1, None),
        ({"budget_micro_usd": 0}, 0, 1, Reason.BUDGET_SPENT),
        ({}, 0, 30 - LEAST_TIME.total_seconds(), None),
        ({}, 0, 30.001 - LEAST_TIME.total_seconds(), Reason.DEADLINE),
        ({}, 0, 60, Reason.DEADLINE),
    ],
)
def test_attempts_money_and_time_are_capped(fields: dict[str, Any], cost: int, at_s: float, reason: Any) -> None:
    decision = decide(setback((attempt(), TIMEOUT, cost), **fields), critical(), later(at_s))

    assert (decision.reason if isinstance(decision, GiveUp) else None) == reason


def test_an_attempt_that_an_open_breaker_refused_is_none_of_the_requests() -> None:
    made = [(attempt(), Reason.BREAKER_OPEN, 0), (attempt(LARGE, 2, tier=1), TIMEOUT, 0)]

    assert decide(setback(*made, max_attempts=2), critical(), NOW) == Step(Action.SIDEWAYS, 1)
    end = decide(setback(*made, max_attempts=1), critical(), NOW)
    assert isinstance(end, GiveUp)
    assert (end.reason, "its one attempt was made" in end.detail) == (TIMEOUT, True)


def test_refusals_are_bounded_too() -> None:
    refused = [(attempt(SMALL, number), Reason.BREAKER_OPEN, 0) for number in range(1, MOST_DISPATCHES)]
    assert isinstance(decide(setback(*refused), critical(), NOW), Step)
    end = decide(setback(*refused, (attempt(SMALL, MOST_DISPATCHES), Reason.BREAKER_OPEN, 0)), critical(), NOW)
    assert isinstance(end, GiveUp)
    assert end.reason is Reason.BREAKER_OPEN
    assert f"dispatched {MOST_DISPATCHES} times" in end.detail


reasons = st.sampled_from([*ACTIONS, "a_reason_of_tomorrow"])
plans = st.lists(st.lists(st.sampled_from(["small", "large", "second", "a"]), max_size=3, unique=True), max_size=4).map(
    lambda tiers: Plan(tiers=tuple(tuple(Candidate(model=m, provider=p) for m in t for p in "xy") for t in tiers))
)
lanes = st.builds(
    lambda repairs, wish: critical(repairs=repairs, on_fail=wish),
    st.integers(0, 3),
    st.dictionaries(
        st.sampled_from(["schema", "format"]),
        st.sampled_from([a for a in Action if a not in (Action.AGAIN, Action.JUDGE, Action.LONGER)]),
        max_size=2,
    ),
)


def routed(step: Step, setback: Setback, plan: Plan) -> tuple[Candidate, int, Role] | None:
    """What the router makes of a step, by its own rules: see ``services/router/domain/choose.py``."""
    if step.action is Action.JUDGE:
        return Candidate(model="judge", provider="z"), step.tier, Role.JUDGE
    used = [Candidate(model=t.model or "", provider=t.provider or "") for t in setback.tried if t.role != Role.JUDGE]
    if step.most_output_tokens is not None:
        return used[-1], step.tier, Role.PRIMARY
    if step.action is Action.REPAIR:
        return used[-1], step.tier, Role.REPAIR
    if step.action is Action.AGAIN:
        role = Role.AGREEMENT if setback.tried[-1].role == Role.AGREEMENT else Role.PRIMARY
        return used[-1], step.tier, role
    tiers = list(range(step.tier, len(plan.tiers)))
    if step.action is Action.AGREEMENT:
        models = {path.model for path in used}
        tiers += range(min(step.tier, len(plan.tiers)))
        free = ((c, n) for n in tiers for c in plan.tiers[n] if c.model not in models)
        return next(((c, n, Role.AGREEMENT) for c, n in free), None)
    return next(((c, n, Role.PRIMARY) for n in tiers for c in plan.tiers[n] if c not in used), None)


@given(data=st.data(), plan=plans, serving=lanes, most=st.integers(1, 10))
def test_every_request_ends_and_no_path_is_paid_twice(
    data: st.DataObject, plan: Plan, serving: Portfolio, most: int
) -> None:
    """Any sequence of setbacks: at most ``max_attempts`` calls, and one path twice only to mend its own answer,
    once for a longer one, or after it turned the request away."""
    request: Request = asking(max_attempts=most, budget_micro_usd=None)
    nowhere = Candidate(model="", provider="")
    made: Attempt = attempt(plan.tiers[0][0] if plan.tiers and plan.tiers[0] else nowhere, plan=plan)
    tried: tuple[Tried, ...] = ()
    now = NOW
    for _ in range(MOST_DISPATCHES + 1):
        reason = Reason.NO_ELIGIBLE_MODEL if made.model == "" else data.draw(reasons)
        usage = Usage(input_tokens=100, output_tokens=data.draw(st.integers(0, 3_000)))
        tried = (*tried, tried_of(made, reason, usage=usage))
        told = data.draw(st.none() | st.timedeltas(timedelta(), timedelta(seconds=20)))
        failed_checks = data.draw(st.sampled_from([(), ("schema",), ("format",)]))
        here = Setback(request, made, tried, reason, "", failed_checks, retry_after=told)
        decision = decide(here, serving, now)
        if isinstance(decision, GiveUp):
            break
        assert isinstance(decision, Step)
        now = decision.not_before or now
        assert now < request.deadline_at
        path, tier, role = routed(decision, here, plan) or (nowhere, decision.tier, Role.PRIMARY)
        if decision.action is Action.AGREEMENT and path == nowhere:
            role = Role.AGREEMENT
        made = attempt(path, made.number + 1, role, tier, plan)
        made = made.model_copy(update={"most_output_tokens": decision.most_output_tokens})
    else:
        pytest.fail("it did not end")

    longer = [t for t in tried if t.most_output_tokens is not None]
    assert len(longer) <= 1
    answering = [t for t in tried if t.role not in (Role.REPAIR, Role.JUDGE) and t not in longer]
    paths = [(t.model, t.provider) for t in answering if t.model and t.reason not in FOR_NOW]
    assert attempts_made(tried) <= most
    assert len(tried) <= MOST_DISPATCHES
    assert len(paths) == len(set(paths))


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.floats(-100, 100))
def test_no_attempt_is_made_past_any_limit(budget: int, cost: int, at_s: float) -> None:
    here = setback((attempt(), TIMEOUT, cost), budget_micro_usd=budget)
    decision = decide(here, critical(), later(at_s))
    allowed = cost + LEAST_MICRO_USD <= budget and here.request.deadline_at - later(at_s) >= LEAST_TIME

    assert isinstance(decision, Step) is allowed


def test_a_bound_is_not_money_spent() -> None:
    """A timeout of a strong model may have cost a dollar, and most probably did not."""
    made = attempt(LARGE, plan=Plan(tiers=((LARGE, SECOND),)))
    paid = setback((made, Reason.TIMEOUT, 1_280_000), budget_micro_usd=20_000)
    bounded = replace(paid, tried=(paid.tried[0].model_copy(update={"bounded": True}),))

    assert decide(bounded, critical(), NOW) == Step(Action.SIDEWAYS, 0)
    spent = decide(paid, critical(), NOW)
    assert isinstance(spent, GiveUp)
    assert spent.reason == Reason.BUDGET_SPENT
