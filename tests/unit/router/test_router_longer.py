"""The path of a longer answer: the same with its bound and what that may cost, or one with more room."""

from routing import NOW, alive, asking, portfolio, shut
from test_router_handlers import RECEIVED, handlers, said

from schemas.attempt import AttemptDispatched, Usage, tried_of
from schemas.example_request import LARGE, SECOND, SMALL, question
from schemas.examples import FIRST, PLAN
from schemas.models import Price
from schemas.outcome import RequestEscalated
from schemas.vocabulary import Action, Reason, Role

MOST = 2_000


def longer(most: int | None, tier: int = 0) -> RequestEscalated:
    """The first answer was cut off."""
    tried = tried_of(FIRST, Reason.CUT_OFF, usage=Usage(input_tokens=36, output_tokens=1_000))
    return RequestEscalated(
        request=asking(),
        body=question(),
        number=2,
        action=Action.LONGER,
        reason=Reason.CUT_OFF,
        detail="cut off",
        tier=tier,
        plan=PLAN,
        tried=(tried,),
        attempt_deadline_at=FIRST.deadline_at,
        most_output_tokens=most,
    )


def test_the_same_path_is_asked_with_the_bound_and_what_it_may_cost() -> None:
    event = said(handlers().on_request_escalated(longer(MOST), RECEIVED))
    price = portfolio().models["small"].endpoints[0].price

    assert isinstance(event, AttemptDispatched)
    assert (event.attempt.model, event.attempt.role, event.attempt.most_output_tokens) == ("small", Role.PRIMARY, MOST)
    assert isinstance(price, Price)
    assert event.choice.expected_micro_usd == price.micro_usd(36, MOST)
    assert event.choice.why == "the same model, for an answer of up to 2000 tokens"
    assert event.repair is None


def test_where_that_path_is_shut_another_is_asked_without_its_bound() -> None:
    event = said(handlers(shut(SMALL)).on_request_escalated(longer(MOST), RECEIVED))

    assert (event.attempt.model, event.attempt.most_output_tokens) == ("large", None)


def test_a_repair_of_a_longer_answer_keeps_its_bound() -> None:
    mending = longer(MOST).model_copy(update={"action": Action.REPAIR, "reason": Reason.CHECK_FAILED})
    event = said(handlers().on_request_escalated(mending, RECEIVED))

    assert (event.attempt.model, event.attempt.role, event.attempt.most_output_tokens) == ("small", Role.REPAIR, MOST)


def test_a_longer_answer_that_was_refused_for_the_moment_is_asked_for_again_with_its_bound() -> None:
    asked = longer(MOST)
    refused = asked.tried[0].model_copy(
        update={"number": 2, "reason": Reason.RATE_LIMITED, "most_output_tokens": MOST, "usage": None}
    )
    again = {"number": 3, "action": Action.AGAIN, "reason": Reason.RATE_LIMITED, "tried": (*asked.tried, refused)}
    event = said(handlers().on_request_escalated(asked.model_copy(update=again), RECEIVED))

    assert (event.attempt.model, event.attempt.role, event.attempt.most_output_tokens) == ("small", Role.PRIMARY, MOST)


def test_without_a_bound_a_model_with_more_room_is_asked() -> None:
    event = said(handlers().on_request_escalated(longer(None, tier=0), RECEIVED))

    assert (event.attempt.model, event.attempt.tier, event.attempt.most_output_tokens) == ("large", 1, None)
    assert event.choice.why == "a path with room for a longer answer"


def test_a_model_whose_room_is_no_greater_is_passed_over() -> None:
    asked = longer(None, tier=1)
    by_second = asked.tried[0].model_copy(update={"model": SECOND.model, "provider": SECOND.provider, "tier": 1})
    event = said(handlers().on_request_escalated(asked.model_copy(update={"tried": (by_second,), "tier": 0}), RECEIVED))

    assert (event.attempt.model, event.attempt.tier) == (LARGE.model, 1)


def test_where_no_path_has_more_room_any_that_is_left_is_asked() -> None:
    view = alive("local", "mistral")
    asked = longer(None)
    by_large = asked.tried[0].model_copy(update={"model": LARGE.model, "provider": LARGE.provider, "tier": 1})
    event = said(handlers(view).on_request_escalated(asked.model_copy(update={"tried": (by_large,)}), RECEIVED))

    assert event.attempt.model == SMALL.model
    assert event.attempt.deadline_at > NOW
