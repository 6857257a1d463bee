"""An answer that was cut off: the same model with a greater bound, once; then a model with more room."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from setbacks import NOW, asking, attempt, critical, setback
from test_escalation_storm import Revisions as Examples
from test_escalation_storm import received, said

from schemas.attempt import Attempt, AttemptFailed, AttemptRejected, Plan, Usage
from schemas.example_request import LARGE, SECOND, SMALL, request
from schemas.examples import story
from schemas.models import Price
from schemas.portfolio import Portfolio
from schemas.reaction import DONE
from schemas.vocabulary import Action, Reason
from services.escalation.domain.decide import decide
from services.escalation.domain.longer import longer_bound
from services.escalation.domain.setback import GiveUp, Setback, Step
from services.escalation.domain.storm import Storm
from services.escalation.handlers import Handlers

WRITTEN = 1_000
SIDE_BY_SIDE = Plan(tiers=((SECOND, SMALL, LARGE),))


def cut_off(
    made: Attempt | None = None, took_s: float = 1, written: int = WRITTEN, prompt: int = 36, **fields: Any
) -> Setback:
    """An answer of so many tokens, written in so many seconds, that was not at its end."""
    found = setback((made or attempt(), Reason.CUT_OFF, 20), **fields)
    usage = Usage(input_tokens=prompt, output_tokens=written)
    return replace(found, tried=(found.tried[0].model_copy(update={"usage": usage}),), took=timedelta(seconds=took_s))


def asked_for(most: int | None) -> dict[str, Any]:
    """A profile of a request whose client sets this bound."""
    return {"profile": request().profile.model_copy(update={"most_output_tokens": most})}


def again(first: Setback, reason: Reason, written: int = 0) -> Setback:
    """The same model was asked for twice as much, and that came to this."""
    longer = attempt(SMALL, 2).model_copy(update={"most_output_tokens": 2 * WRITTEN})
    usage = Usage(input_tokens=36, output_tokens=written)
    last = first.tried[0].model_copy(
        update={"number": 2, "reason": reason, "usage": usage, "most_output_tokens": 2 * WRITTEN}
    )
    return replace(first, attempt=longer, tried=(*first.tried, last), reason=reason)


def test_the_same_model_is_asked_for_twice_as_much() -> None:
    assert decide(cut_off(), critical(), NOW) == Step(Action.LONGER, 0, most_output_tokens=2 * WRITTEN)


@pytest.mark.parametrize(
    ("own", "expected"),
    [(WRITTEN, Step(Action.UP, 1)), (4 * WRITTEN, Step(Action.LONGER, 1))],
    ids=["it cut the answer off", "the context did"],
)
def test_the_clients_own_bound_is_never_exceeded(own: int, expected: Step) -> None:
    assert decide(cut_off(**asked_for(own)), critical(), NOW) == expected


def test_a_bound_is_what_the_context_still_holds() -> None:
    found = decide(cut_off(prompt=2_596), critical(), NOW)

    assert found == Step(Action.LONGER, 0, most_output_tokens=1_500)
    assert decide(cut_off(prompt=3_000), critical(), NOW) == Step(Action.LONGER, 1), "hardly more than was written"


def test_a_bound_is_what_the_model_writes_at_most() -> None:
    assert decide(cut_off(), limited("small", 1_400), NOW) == Step(Action.LONGER, 0, most_output_tokens=1_400)
    assert decide(cut_off(), limited("small", WRITTEN), NOW) == Step(Action.LONGER, 1)


def limited(model: str, most: int, **changes: Any) -> Portfolio:
    """The portfolio, where a model writes no more than this."""
    portfolio = critical(**changes)
    short = portfolio.models[model].model_copy(update={"most_output_tokens": most})
    return portfolio.model_copy(update={"models": {**portfolio.models, model: short}})


def test_a_bound_is_what_can_be_written_in_the_time_that_is_left() -> None:
    found = decide(cut_off(took_s=10), critical(), NOW)

    assert found == Step(Action.LONGER, 0, most_output_tokens=1_400), "half of 28 s, as another may follow"
    last = decide(cut_off(took_s=20, max_attempts=2), critical(), NOW)
    assert last == Step(Action.LONGER, 0, most_output_tokens=1_400), "all of it for the last"
    assert decide(cut_off(took_s=12), critical(), NOW) == Step(Action.LONGER, 1)


def test_a_bound_is_what_the_budget_still_pays() -> None:
    large = attempt(LARGE, tier=1)
    found = decide(cut_off(large, budget_micro_usd=15_110), critical(), NOW)

    assert found == Step(Action.LONGER, 1, most_output_tokens=1_500), "after 20 spent and 90 for the prompt"
    assert decide(cut_off(large, budget_micro_usd=9_000), critical(), NOW) == Step(Action.SIDEWAYS, 1)


@given(
    rates=st.tuples(*[st.decimals(0, 50, places=2)] * 2),
    prompt=st.integers(1, 3_000),
    budget=st.integers(0, 5_000),
)
@example(rates=(Decimal(1), Decimal(0)), prompt=36, budget=40)
@example(rates=(Decimal("0.98"), Decimal("0.01")), prompt=36, budget=40)
def test_a_bound_is_paid_for_at_any_price(rates: tuple[Decimal, Decimal], prompt: int, budget: int) -> None:
    price = Price(input=rates[0], output=rates[1])
    made = cut_off(prompt=prompt, written=100, budget_micro_usd=budget)
    bound = longer_bound(made.request, made.tried, priced(price), timedelta(seconds=9), None)

    assert bound is None or price.micro_usd(prompt, bound) <= budget - 20


def priced(price: Price) -> Portfolio:
    """The portfolio, where the small model has this price."""
    portfolio = critical()
    small = portfolio.models["small"]
    ends = tuple(end.model_copy(update={"price": price}) for end in small.endpoints)
    dear = small.model_copy(update={"endpoints": ends})
    return portfolio.model_copy(update={"models": {**portfolio.models, "small": dear}})


def test_what_an_older_service_forgot_to_say_is_not_asked_for_again() -> None:
    twice = again(cut_off(), Reason.CUT_OFF, 2 * WRITTEN)
    forgotten = tuple(each.model_copy(update={"most_output_tokens": None}) for each in twice.tried)
    older = replace(twice, attempt=attempt(SMALL, 2), tried=forgotten)

    assert decide(older, critical(), NOW) == Step(Action.LONGER, 1)


def test_it_is_asked_for_more_only_once() -> None:
    twice = again(cut_off(), Reason.CUT_OFF, 2 * WRITTEN)

    assert decide(twice, critical(), NOW) == Step(Action.LONGER, 1), "a model with a longer context"


@pytest.mark.parametrize("reason", [Reason.INVALID_REQUEST, Reason.CONTEXT_TOO_LONG])
def test_a_model_that_does_not_take_the_bound_has_not_refused_the_request(reason: Reason) -> None:
    assert decide(again(cut_off(), reason), critical(), NOW) == Step(Action.LONGER, 1)
    top = replace(again(cut_off(), reason), attempt=attempt(SMALL, 2, plan=Plan(tiers=((SMALL,),))))
    bound = replace(top, attempt=top.attempt.model_copy(update={"most_output_tokens": 2 * WRITTEN}))
    end = decide(bound, critical(), NOW)
    assert isinstance(end, GiveUp)
    assert (end.reason, "more max_tokens" in end.detail) == (Reason.CUT_OFF, True)
    spent = decide(replace(bound, request=asking(max_attempts=2)), critical(), NOW)
    assert isinstance(spent, GiveUp)
    assert spent.reason is Reason.CUT_OFF


def test_a_longer_context_is_looked_for_beside_it_too() -> None:
    beside = cut_off(attempt(SECOND, plan=SIDE_BY_SIDE), **asked_for(9_000))

    assert decide(beside, critical(), NOW) == Step(Action.LONGER, 0)


def test_where_no_model_has_more_room_it_goes_on_as_usual() -> None:
    top = cut_off(attempt(LARGE, plan=Plan(tiers=((LARGE,), (SECOND,)))), **asked_for(9_000))

    assert decide(top, critical(), NOW) == Step(Action.UP, 1)


def test_an_answer_that_was_cut_off_where_no_path_is_left_wants_more_tokens() -> None:
    made = [(attempt(LARGE, tier=1), Reason.CUT_OFF, 0), (attempt(SECOND, 2, tier=1), Reason.CUT_OFF, 0)]
    end = decide(setback(*made), critical(), NOW)
    assert isinstance(end, GiveUp)
    assert "more max_tokens" in end.detail


@pytest.mark.parametrize("key", ["cut_off", "not_cut_off"])
def test_a_lane_may_wish_otherwise(key: str) -> None:
    made = replace(cut_off(), failed_checks=("not_cut_off",))

    assert decide(made, critical(on_fail={key: "up"}), NOW) == Step(Action.UP, 1)


def test_a_longer_answer_is_no_wish_for_anything_else() -> None:
    with pytest.raises(ValueError, match="only an answer that was cut off"):
        critical(on_fail={"schema": "longer"})


def test_a_longer_answer_is_mended_within_its_own_bound() -> None:
    event = next(each for each in story() if isinstance(each, AttemptRejected))
    longer = attempt(SMALL, 2).model_copy(update={"most_output_tokens": 2 * WRITTEN})
    rejected = event.model_copy(update={"attempt": longer, "tried": cut_off().tried, "reason": Reason.CHECK_FAILED})
    (write,) = Handlers(Examples(), Storm()).on_attempt_rejected(rejected, received()).writes
    mended = said(write, DONE)

    assert (mended.action, mended.most_output_tokens) == (Action.REPAIR, 2 * WRITTEN)


def turned_away(told: timedelta | None = timedelta(seconds=1)) -> Setback:
    """The longer answer was refused for the moment, by the only path there is."""
    only = {"plan": Plan(tiers=((SMALL,),))}
    refused = replace(again(cut_off(), Reason.RATE_LIMITED), retry_after=told)
    return replace(refused, attempt=refused.attempt.model_copy(update=only))


def test_a_longer_answer_that_was_refused_for_the_moment_is_asked_for_again_after_a_wait() -> None:
    for told in (timedelta(seconds=1), None):
        step = decide(turned_away(told), critical(), NOW)
        assert isinstance(step, Step)
        assert (step.action, step.not_before is not None) == (Action.AGAIN, True)


def test_it_is_asked_for_with_its_own_bound() -> None:
    refused = turned_away()
    event = next(each for each in story() if isinstance(each, AttemptFailed))
    told = {"attempt": refused.attempt, "tried": refused.tried[:1], "reason": refused.reason, "doubted": None}
    failed = event.model_copy(update={**told, "retry_after_ms": 1_000})
    (write,) = Handlers(Examples(), Storm()).on_attempt_failed(failed, received()).writes
    waiting = said(write, DONE)

    assert (waiting.action, waiting.most_output_tokens) == (Action.AGAIN, 2 * WRITTEN)
