"""An answer in doubt is at hand until a better one comes: what fails above it does not take it away."""

from datetime import timedelta
from typing import Any

import pytest
from setbacks import NOW, Revisions, asking, attempt, critical, handlers, said, setback

from schemas.attempt import AtHand, AttemptDoubted, AttemptFailed, AttemptRejected, CheckResult, Cost, Usage, tried_of
from schemas.content import body_of
from schemas.example_request import LARGE, SECOND, SMALL, question
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.reaction import Received
from schemas.recall import CheckSummary
from schemas.review import ReviewAnswered, ReviewRequested
from schemas.vocabulary import Action, Reason, Risk, Role, Status, Verdict
from services.escalation.domain import reviews
from services.escalation.domain.life import ASKED, REFUSED
from services.escalation.domain.storm import Storm
from services.escalation.domain.timers import CANCELLED, EXPIRED, UNMOVED, Due, event_of
from services.escalation.handlers import Handlers

ANSWER = body_of(b'{"message":{"role":"assistant","content":"94.40"},"finish_reason":"stop"}')
BETTER = body_of(b'{"message":{"role":"assistant","content":"94.4"},"finish_reason":"stop"}')
USED = Usage(input_tokens=700, output_tokens=60)
UNDECIDED = AtHand(number=1, answer=ANSWER, check=CheckSummary(name="judge", verdict=Verdict.DOUBT))
ANSWERED = tried_of(attempt(), Reason.UNJUDGED, Cost(micro_usd=5), USED)
LOOKED = tried_of(attempt(LARGE, 2, Role.JUDGE, 0), Reason.UNDECIDED, Cost(micro_usd=3), Usage(input_tokens=900))
PEOPLE = {"ask": "desk", "within_s": 5}
ABOVE = attempt(LARGE, 3, Role.PRIMARY, 1)


def received() -> Received:
    return Received("attempt.failed", 0, 7, NOW, event_id="an-event")


def doubted(risk: Risk = Risk.LOW) -> AttemptDoubted:
    """A judge looked, and nobody knows."""
    return AttemptDoubted(
        request=asking(risk=risk),
        attempt=attempt(LARGE, 2, Role.JUDGE, 0),
        tried=(ANSWERED,),
        body=question(),
        answer=ANSWER,
        checks=(CheckResult(name="judge", verdict=Verdict.DOUBT),),
        look=Role.PRIMARY,
        reason=Reason.UNDECIDED,
        usage=Usage(input_tokens=900),
        cost=Cost(micro_usd=3),
        latency_ms=9,
    )


def failed(reason: Reason = Reason.TIMEOUT, at_hand: AtHand | None = UNDECIDED, **request: Any) -> AttemptFailed:
    """The tier above gave nothing."""
    return AttemptFailed(
        request=asking(**{"risk": Risk.LOW, "max_attempts": 2} | request),
        attempt=ABOVE,
        tried=(ANSWERED, LOOKED),
        body=question(),
        reason=reason,
        detail="nothing came",
        cost=Cost(micro_usd=40),
        at_hand=at_hand,
    )


def rejected(*checks: str, **request: Any) -> AttemptRejected:
    """The tier above gave something worse."""
    return AttemptRejected(
        request=asking(**{"risk": Risk.LOW, "max_attempts": 2} | request),
        attempt=ABOVE,
        tried=(ANSWERED, LOOKED),
        body=question(),
        answer=BETTER,
        checks=tuple(CheckResult(name=name, verdict=Verdict.FAIL) for name in checks),
        reason=Reason.CHECK_FAILED,
        detail="mend it",
        usage=Usage(),
        cost=Cost(micro_usd=40),
        latency_ms=9,
        at_hand=UNDECIDED,
    )


def assert_kept(end: object) -> None:
    """It ends with the small model's answer, at the price of everybody's."""
    assert isinstance(end, RequestCompleted)
    assert (end.status, end.model, end.provider) == (Status.UNVERIFIED, SMALL.model, SMALL.provider)
    assert end.answer == {"message": {"role": "assistant", "content": "94.40"}, "finish_reason": "stop"}
    assert (end.usage, end.cost_usd, end.attempts) == (USED, "0.000048", 3)
    assert [(check.name, check.verdict) for check in end.checks] == [("judge", "doubt")]


def test_an_undecided_answer_is_kept_when_the_request_goes_up() -> None:
    up = said(handlers().on_attempt_doubted(doubted(), received()))
    assert isinstance(up, RequestEscalated)
    assert (up.action, up.doubted, up.at_hand) == (Action.UP, None, UNDECIDED)


def test_where_the_risk_is_high_nothing_is_kept() -> None:
    up = said(handlers().on_attempt_doubted(doubted(Risk.HIGH), received()))
    assert isinstance(up, RequestEscalated)
    assert (up.action, up.at_hand) == (Action.UP, None)
    assert isinstance(said(handlers().on_attempt_failed(failed(at_hand=None), received())), RequestFailed)


@pytest.mark.parametrize(
    "event",
    [
        failed(Reason.TIMEOUT),
        failed(Reason.NO_ELIGIBLE_MODEL, max_attempts=5),
        failed(Reason.PROVIDER_ERROR, max_attempts=5, budget_micro_usd=48),
        failed(Reason.TIMEOUT, max_attempts=5, deadline_at=NOW + timedelta(milliseconds=100)),
    ],
    ids=["attempts", "no path", "budget", "time"],
)
def test_it_is_the_end_where_the_tier_above_fails(event: AttemptFailed) -> None:
    assert_kept(said(handlers().on_attempt_failed(event, received())))


def test_it_is_the_end_where_the_answer_above_is_worse() -> None:
    assert_kept(said(handlers().on_attempt_rejected(rejected("schema"), received())))


def test_it_is_kept_while_there_is_another_path_to_try() -> None:
    on = said(handlers().on_attempt_failed(failed(max_attempts=5), received()))
    assert isinstance(on, RequestEscalated)
    assert (on.action, on.at_hand) == (Action.SIDEWAYS, UNDECIDED)


def test_an_answer_whose_agreement_nobody_gave_is_kept_too() -> None:
    nobody = failed(Reason.NO_ELIGIBLE_MODEL, None, max_attempts=5).model_copy(
        update={"attempt": attempt(SECOND, 2, Role.AGREEMENT, 0), "tried": (ANSWERED,), "doubted": ANSWER}
    )
    up = said(handlers().on_attempt_failed(nobody, received()))
    assert isinstance(up, RequestEscalated)
    assert (up.action, up.doubted) == (Action.UP, None)
    unasked = CheckSummary(name="agreement", verdict=Verdict.CANNOT_TELL)
    assert up.at_hand == AtHand(number=1, answer=ANSWER, check=unasked)


def test_while_a_newer_answer_is_looked_at_the_older_one_stays() -> None:
    newer = doubted().model_copy(
        update={"attempt": ABOVE, "tried": (ANSWERED, LOOKED), "reason": Reason.UNJUDGED, "at_hand": UNDECIDED}
    )
    look = said(handlers().on_attempt_doubted(newer.model_copy(update={"answer": BETTER}), received()))
    assert isinstance(look, RequestEscalated)
    assert (look.action, look.doubted, look.at_hand) == (Action.JUDGE, BETTER, UNDECIDED)


def test_an_answer_that_another_model_contradicted_is_not_kept() -> None:
    contradicted = rejected("agreement").model_copy(
        update={"at_hand": None, "attempt": attempt(SECOND, 2, Role.AGREEMENT, 0), "reason": Reason.DISAGREED}
    )
    assert isinstance(said(handlers().on_attempt_rejected(contradicted, received())), RequestFailed)


def test_a_storm_that_stops_the_next_move_up_leaves_it() -> None:
    # The document lets nobody up: the outcome of the write decides, and both words are ready.
    three = {"tiers": [["small"], ["second"], ["large"]]}
    event = failed(max_attempts=5).model_copy(update={"attempt": attempt(SECOND, 3, tier=0), "detail": "nothing came"})
    reaction = Handlers(Revisions(critical(**three)), Storm()).on_attempt_failed(event, received())
    assert isinstance(said(reaction), RequestEscalated)
    assert_kept(said(reaction, REFUSED))


def test_nobody_is_asked_beside_it_unless_the_lane_wishes_it() -> None:
    assert_kept(said(handlers(reviews=PEOPLE).on_attempt_failed(failed(), received())))
    assert_kept(said(handlers(reviews=PEOPLE).on_attempt_rejected(rejected("schema"), received())))


@pytest.mark.parametrize("name", ["policy", "check_failed"])
def test_a_lane_may_wish_for_a_person_all_the_same(name: str) -> None:
    wish = handlers(reviews=PEOPLE, on_fail={name: "human"})
    asked = said(wish.on_attempt_rejected(rejected("policy"), received()), ASKED)
    assert isinstance(asked, ReviewRequested)
    assert asked.answer == BETTER


def test_a_person_is_shown_it_where_nothing_newer_came() -> None:
    wish = handlers(reviews=PEOPLE, on_fail={"timeout": "human"})
    asked = said(wish.on_attempt_failed(failed(), received()), ASKED)
    assert isinstance(asked, ReviewRequested)
    assert asked.answer == ANSWER


def reviewed(state: str, word: ReviewAnswered | None = None) -> RequestCompleted | RequestFailed:
    """The end of a review that a lane wished for beside the answer at hand."""
    wish = handlers(reviews=PEOPLE, on_fail={"timeout": "human"})
    asked = said(wish.on_attempt_failed(failed(), received()), ASKED)
    spoken = word.to_json() if word else None
    _, end = reviews.review_end(Due(asked.request.request_id, state, 4, asked.to_json(), None, None, None, NOW, spoken))
    return end


def test_it_is_the_end_where_a_person_was_asked_and_nobody_answered() -> None:
    assert_kept(reviewed(reviews.UNREVIEWED))


def test_a_person_who_turns_the_request_down_turns_it_down_too() -> None:
    word = ReviewAnswered(request_id=asking().request_id, reviewer="clerk", note="not ours", answered_at=NOW)
    end = reviewed(reviews.ANSWERED, word)
    assert isinstance(end, RequestFailed)
    assert (end.reason, end.detail) == (Reason.REVIEW_REJECTED, "not ours")


def test_a_client_that_left_while_a_person_was_asked_is_given_nothing() -> None:
    end = reviewed(reviews.WITHDRAWN)
    assert isinstance(end, RequestFailed)
    assert end.reason == Reason.CANCELLED


def due(state: str, **context: Any) -> Due:
    """The row of a request that went up, and whose time has come."""
    up = said(handlers().on_attempt_doubted(doubted(), received()))
    told = up.model_copy(update=context).to_json()
    return Due(up.request.request_id, state, 3, told, None, None, None, NOW)


@pytest.mark.parametrize(("state", "attempts"), [(EXPIRED, 3), (UNMOVED, 2)])
def test_time_that_runs_out_does_not_take_it_away(state: str, attempts: int) -> None:
    _, end = event_of(due(state))
    assert isinstance(end, RequestCompleted)
    assert (end.status, end.model, end.usage) == (Status.UNVERIFIED, SMALL.model, USED)
    assert (end.attempts, end.cost_usd) == (attempts, "0.000008")


@pytest.mark.parametrize(("action", "check"), [(Action.JUDGE, "judge"), (Action.AGREEMENT, "agreement")])
def test_an_answer_that_was_being_looked_at_is_kept_at_the_deadline(action: Action, check: str) -> None:
    _, end = event_of(due(EXPIRED, action=action, doubted=BETTER, at_hand=None))
    assert isinstance(end, RequestCompleted)
    assert end.answer is not None
    assert end.answer["message"]["content"] == "94.4"
    assert [(each.name, each.verdict) for each in end.checks] == [(check, "cannot_tell")]


@pytest.mark.parametrize("state", [EXPIRED, UNMOVED])
def test_of_high_risk_nothing_is_given_at_the_deadline(state: str) -> None:
    _, end = event_of(due(state, request=asking(risk=Risk.HIGH), doubted=BETTER, at_hand=None))
    assert isinstance(end, RequestFailed)


def test_a_client_that_left_is_given_nothing() -> None:
    _, end = event_of(due(CANCELLED))
    assert isinstance(end, RequestFailed)


def test_an_attempt_that_nobody_heard_of_leaves_it_at_hand() -> None:
    _, event = event_of(due("open"))
    assert isinstance(event, AttemptFailed)
    assert event.at_hand == UNDECIDED


def test_a_setback_of_nothing_has_nothing_at_hand() -> None:
    assert setback((attempt(), Reason.TIMEOUT, 0)).at_hand is None


def unsure(risk: Risk = Risk.LOW, **request: Any) -> AttemptRejected:
    """The model was not sure enough of its words."""
    check = CheckResult(name="confidence", verdict=Verdict.FAIL, reason=Reason.UNSURE, score=0.4, threshold=0.9)
    return AttemptRejected(
        request=asking(**{"risk": risk, "max_attempts": 2} | request),
        attempt=attempt(),
        body=question(),
        answer=ANSWER,
        checks=(check,),
        reason=Reason.UNSURE,
        detail="unsure",
        usage=USED,
        cost=Cost(micro_usd=5),
        latency_ms=9,
    )


@pytest.mark.parametrize("risk", [Risk.LOW, Risk.HIGH])
def test_an_answer_of_which_its_model_was_unsure_goes_up_and_stays_at_hand_unless_the_risk_is_high(risk: Risk) -> None:
    up = said(handlers().on_attempt_rejected(unsure(risk), received()))
    assert isinstance(up, RequestEscalated)
    assert (up.action, up.reason, up.doubted) == (Action.UP, Reason.UNSURE, None)
    assert (up.at_hand is None) is (risk is Risk.HIGH)


def test_where_nobody_is_left_to_ask_it_is_the_end_and_unverified() -> None:
    end = said(handlers().on_attempt_rejected(unsure(max_attempts=1), received()))
    assert isinstance(end, RequestCompleted)
    assert (end.status, [check.name for check in end.checks]) == (Status.UNVERIFIED, ["confidence"])
