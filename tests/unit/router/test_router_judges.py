"""Who judges an answer: a model that the check names, not the one that gave it, and the same one twice."""

from datetime import timedelta
from typing import Any

import pytest
from routing import NOW, alive, path_of, portfolio, shut

from schemas.attempt import AtHand, AttemptDispatched, AttemptFailed, Candidate, Tried
from schemas.content import body_of
from schemas.example_request import LARGE, PLAN, SECOND, SMALL, question, request
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import Received, Said
from schemas.recall import CheckSummary
from schemas.vocabulary import Action, Reason, Role, Verdict
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

RECEIVED = Received("request.escalated", 0, 7, NOW)
ANSWER = body_of(b'{"message":{"role":"assistant","content":"94.40"},"finish_reason":"stop"}')

EARLIER = AtHand(number=1, answer=ANSWER, check=CheckSummary(name="judge", verdict=Verdict.DOUBT))


class Revisions:
    def __init__(self, document: Portfolio) -> None:
        self._document = document

    def revision(self, name: str) -> Portfolio:
        return self._document


def tried(number: int, path: Candidate, role: Role, reason: Reason) -> Tried:
    return Tried(number=number, role=role, tier=0, model=path.model, provider=path.provider, reason=reason)


ANSWERED = tried(1, SMALL, Role.PRIMARY, Reason.UNJUDGED)


def asked(ask: list[str], view: StandingView | None = None, *looks: Tried, **of_request: Any) -> Any:
    """What the router says when a judge is asked for."""
    document = portfolio(("lanes/critical/checks", ["citations", {"judge": {"ask": ask}}]))
    event = RequestEscalated(
        request=request().model_copy(update=of_request),
        body=question(),
        number=2 + len(looks),
        action=Action.JUDGE,
        reason=Reason.UNJUDGED,
        detail="the lane asks for a judge",
        tier=0,
        plan=PLAN,
        tried=(ANSWERED, *looks),
        attempt_deadline_at=NOW + timedelta(seconds=9),
        doubted=ANSWER,
        at_hand=EARLIER,
    )
    (said,) = Handlers(Revisions(document), view or alive()).on_request_escalated(event, RECEIVED).says
    assert isinstance(said, Said)
    return said.event


def test_the_first_that_the_check_names_is_asked_and_keeps_the_plan() -> None:
    event = asked(["second", "large"])
    assert isinstance(event, AttemptDispatched)
    assert (path_of(event), event.attempt.role, event.attempt.tier) == (SECOND, Role.JUDGE, 0)
    assert (event.attempt.plan, event.doubted, event.at_hand) == (PLAN, ANSWER, EARLIER)


def test_no_model_judges_its_own_answer_where_another_can() -> None:
    assert path_of(asked(["small", "large"])) == LARGE
    only_itself = asked(["small", "large"], shut(LARGE))
    assert path_of(only_itself) == SMALL
    assert "its own answer" in only_itself.choice.why


def test_a_second_look_is_the_same_models() -> None:
    look = tried(2, LARGE, Role.JUDGE, Reason.JUDGED_GOOD)
    assert path_of(asked(["second", "large"], None, look)) == LARGE
    assert path_of(asked(["second", "large"], shut(LARGE), look)) == SECOND


def test_a_judge_that_failed_is_not_asked_again() -> None:
    look = tried(2, SECOND, Role.JUDGE, Reason.TIMEOUT)
    assert path_of(asked(["second", "large"], None, look)) == LARGE


@pytest.mark.parametrize("pinned", [None, "small"])
def test_a_client_that_pins_a_model_does_not_choose_the_judge(pinned: str | None) -> None:
    assert path_of(asked(["second"], None, pinned_model=pinned)) == SECOND


def test_a_replaying_provider_may_judge_what_it_has_no_answer_to() -> None:
    assert path_of(asked(["second"], alive(holds={"second": ("of another question",)}))) == SECOND


def test_without_a_judge_it_says_which_line_would_help() -> None:
    event = asked(["second"], shut(SECOND))
    assert isinstance(event, AttemptFailed)
    assert (event.reason, event.attempt.role, event.doubted) == (Reason.NO_ELIGIBLE_MODEL, Role.JUDGE, ANSWER)
    assert event.at_hand == EARLIER
    assert "lanes.critical.checks.judge" in event.detail
    assert "its circuit breaker is open" in event.detail


def test_data_goes_to_no_judge_that_may_not_see_it() -> None:
    event = asked(["large", "second"], None, data_class="restricted")
    assert isinstance(event, AttemptFailed)
    assert "restricted data may not go to region" in event.detail


def test_a_judge_that_the_budget_does_not_pay_is_passed_over_for_one_that_it_does() -> None:
    none = asked(["second", "large"], budget_micro_usd=0)

    assert path_of(asked(["second", "large"], budget_micro_usd=10_000)) == SECOND
    assert path_of(asked(["second", "large"], budget_micro_usd=32)) == LARGE
    assert isinstance(none, AttemptFailed)
    assert "the shortest answer costs" in none.detail
