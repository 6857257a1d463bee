"""The path of a model that was approved for what policies doubt."""

from typing import Any

from routing import alive, asking, portfolio, shut
from test_router_handlers import RECEIVED, Revisions, said

from schemas.attempt import AttemptFailed, tried_of
from schemas.example_request import SECOND, question
from schemas.examples import FIRST, PLAN
from schemas.outcome import RequestEscalated
from schemas.standing import BreakerChanged
from schemas.vocabulary import Action, Reason
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

APPROVED = ("models/second/policy_approved", True)
STAFFED = ("lanes/critical/reviews", {"ask": "clerks", "within_s": 20})


def routed(view: StandingView, *changes: tuple[str, Any]) -> Any:
    """What the router says where the first answer broke a policy."""
    document = portfolio(*changes)
    asked = RequestEscalated(
        request=asking(revision=document.digest()),
        body=question(),
        number=2,
        action=Action.APPROVED,
        reason=Reason.CHECK_FAILED,
        detail="it broke a policy",
        tier=1,
        plan=PLAN,
        tried=(tried_of(FIRST, Reason.CHECK_FAILED),),
        attempt_deadline_at=FIRST.deadline_at,
    )
    return said(Handlers(Revisions({document.digest(): document}), view).on_request_escalated(asked, RECEIVED))


def test_the_approved_model_is_asked_though_another_is_cheaper() -> None:
    event = routed(alive(), APPROVED)

    assert (event.attempt.model, event.attempt.tier) == ("second", 1)
    assert event.choice.why == "a model approved for what policies doubt"


def test_where_it_is_shut_a_person_is_next_and_no_other_model() -> None:
    event = routed(shut(SECOND), APPROVED, STAFFED)

    assert isinstance(event, AttemptFailed)
    assert event.reason == Reason.NO_ELIGIBLE_MODEL


def test_nor_does_a_request_wait_for_it_where_a_person_can_answer() -> None:
    view = shut(SECOND)
    until = {"model": "second", "provider": "mistral", "state": "open", "reason": "timeout", "at": RECEIVED.at}
    view.apply_breaker(BreakerChanged.of({**until, "until": FIRST.deadline_at}))

    assert routed(view, APPROVED, STAFFED).reason == Reason.NO_ELIGIBLE_MODEL


def test_where_it_is_shut_and_nobody_is_named_another_model_is_asked() -> None:
    assert routed(shut(SECOND), APPROVED).attempt.model == "large"
