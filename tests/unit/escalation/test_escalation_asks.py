"""When a person is asked, until when, and how a review ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from setbacks import NOW, attempt, critical, later, setback

from schemas.attempt import CheckResult
from schemas.content import Body, body_of
from schemas.example_request import LARGE, SECOND, question
from schemas.next_actions import ACTIONS
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.reaction import Said
from schemas.review import ReviewAnswered
from schemas.vocabulary import Action, Reason, Role, Status, Verdict
from services.escalation.domain.decide import LEAST_TIME, decide
from services.escalation.domain.endings import ends_of
from services.escalation.domain.reviews import (
    ANSWERED,
    DEFERRED,
    UNREVIEWED,
    WITHDRAWN,
    asked_of,
    deferred,
    review_end,
)
from services.escalation.domain.setback import Ask, GiveUp, Step
from services.escalation.domain.timers import Due

STAFFED = {"reviews": {"ask": "underwriters", "within_s": 5}}
ANSWER = body_of(b'{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}')

OTHER = body_of(b'{"message":{"role":"assistant","content":"no"},"finish_reason":"stop"}')


def staffed(**changes: Any):
    return critical(**STAFFED, **changes)


def test_a_person_is_asked_when_no_path_is_left() -> None:
    spent = setback((attempt(LARGE, tier=1), Reason.TIMEOUT, 0), (attempt(SECOND, 2, tier=1), Reason.TIMEOUT, 0))

    found = decide(spent, staffed(), NOW)
    assert isinstance(found, Ask)
    assert (found.who, found.due_at) == ("underwriters", NOW + timedelta(seconds=5))
    assert isinstance(decide(spent, critical(), NOW), GiveUp), "a lane that names nobody gives up"


def test_a_person_is_asked_when_attempts_or_money_are_spent() -> None:
    made = (attempt(), Reason.TIMEOUT, 50)

    assert isinstance(decide(setback(made, max_attempts=1), staffed(), NOW), Ask)
    assert isinstance(decide(setback(made, budget_micro_usd=50), staffed(), NOW), Ask)


def test_a_lane_may_wish_for_a_person_before_anything_else() -> None:
    made = setback((attempt(), Reason.CHECK_FAILED, 0), failed_checks=("schema",))

    assert isinstance(decide(made, staffed(on_fail={"schema": "human"}), NOW), Ask)
    assert not isinstance(decide(made, staffed(), NOW), Ask)


def test_a_refusal_goes_sideways_once_and_then_to_a_person() -> None:
    assert ACTIONS[Reason.REFUSED] == (Action.SIDEWAYS, Action.HUMAN, Action.UP)


def test_nobody_is_asked_about_a_request_that_is_not_valid() -> None:
    assert isinstance(decide(setback((attempt(), Reason.INVALID_REQUEST, 0)), staffed(), NOW), GiveUp)


@given(
    reason=st.sampled_from([*ACTIONS, "of a newer service"]),
    at=st.floats(0, 60),
    within_s=st.floats(0.1, 1_000),
)
def test_a_review_is_never_due_after_the_deadline_nor_after_the_lanes_time(
    reason: str, at: float, within_s: float
) -> None:
    made = setback((attempt(LARGE, tier=1), reason, 0), max_attempts=1)
    found = decide(made, critical(reviews={"ask": "a", "within_s": within_s}), later(at))

    left = made.request.deadline_at - later(at)
    if isinstance(found, Ask):
        assert left >= LEAST_TIME
        assert later(at) <= found.due_at <= min(made.request.deadline_at, later(at) + timedelta(seconds=within_s))
    else:
        assert isinstance(found, Step) or left < LEAST_TIME or reason == Reason.INVALID_REQUEST


@given(at=st.floats(0, 60), within_s=st.floats(1, 1_000), share=st.floats(0.01, 1))
def test_a_lane_may_let_a_review_go_on_so_long_after_the_deadline(at: float, within_s: float, share: float) -> None:
    made, beyond_s = setback((attempt(LARGE, tier=1), Reason.TIMEOUT, 0), max_attempts=1), within_s * share
    reviews = {"ask": "a", "within_s": within_s, "after_deadline_s": beyond_s}
    found = decide(made, critical(reviews=reviews), later(at))

    latest = made.request.deadline_at + timedelta(seconds=beyond_s)
    if latest - later(at) >= LEAST_TIME:
        assert isinstance(found, Ask)
        assert found.due_at == min(later(at) + timedelta(seconds=within_s), latest)
    else:
        assert isinstance(found, GiveUp)


def due(state: str, word: ReviewAnswered | None = None) -> Due:
    made = setback((attempt(), Reason.TIMEOUT, 50))
    asked = asked_of(made, Ask("underwriters", later(5), "no path is left"), question(), None, ())
    request_id = made.request.request_id
    return Due(request_id, state, 2, asked.to_json(), None, None, "t" * 32, later(4), word.to_json() if word else None)


def word(answered: bool, note: str | None = None) -> ReviewAnswered:
    answer = ANSWER if answered else None
    return ReviewAnswered(request_id=uuid4(), reviewer="clerk", answer=answer, note=note, answered_at=later(3))


def test_a_persons_answer_completes_the_request_with_what_its_attempts_cost() -> None:
    _, end = review_end(due(ANSWERED, word(answered=True)))

    assert isinstance(end, RequestCompleted)
    assert (end.status, end.model, end.provider, end.cost_usd) == (Status.HUMAN, "person", "person", "0.00005")
    assert end.answer == {"message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}


def test_that_it_goes_on_past_the_deadline_is_said_with_until_when_and_who() -> None:
    request, told = deferred(due(DEFERRED))

    assert (told.request_id, told.tenant, told.until) == (request.request_id, request.tenant, later(5))
    until = f"{later(5):%Y-%m-%d %H:%M:%S}Z"
    assert told.detail == f"no path is left; underwriters were asked, and may answer until {until}"
    assert ends_of(request.model_copy(update={"reply_to": "desk.replies", "reply_key": "k"}), told) == (
        Said(told, topic="desk.replies", key=b"k"),
        Said(told, key=b"k"),
    )


@pytest.mark.parametrize(
    ("role", "shown", "verdict", "confirms"),
    [
        (Role.PRIMARY, ANSWER, Verdict.FAIL, 2),
        (Role.JUDGE, ANSWER, Verdict.FAIL, 2),
        (Role.AGREEMENT, ANSWER, Verdict.FAIL, None),
        (Role.PRIMARY, ANSWER, Verdict.DOUBT, None),
        (Role.PRIMARY, OTHER, Verdict.FAIL, None),
        (Role.PRIMARY, None, Verdict.FAIL, None),
    ],
)
def test_a_rejected_answer_that_a_person_takes_as_it_is_is_confirmed(
    role: Role, shown: Body | None, verdict: Verdict, confirms: int | None
) -> None:
    made = setback((attempt(), Reason.CHECK_FAILED, 5), (attempt(LARGE, 2, role, 0), Reason.CHECK_FAILED, 5))
    checks = (CheckResult(name="schema", verdict=verdict),)
    asked = asked_of(made, Ask("underwriters", later(5), "no path is left"), question(), shown, checks)
    spoken = due(ANSWERED, word(answered=True))
    _, end = review_end(replace(spoken, context=asked.to_json()))
    assert isinstance(end, RequestCompleted)
    assert end.confirms == confirms


@pytest.mark.parametrize(
    ("ended", "reason", "detail"),
    [
        (due(ANSWERED, word(answered=False, note="not ours")), "review_rejected", "not ours"),
        (due(UNREVIEWED), "review_unanswered", "underwriters were asked, and nobody answered"),
        (due(WITHDRAWN), "cancelled", "the request was cancelled"),
    ],
)
def test_without_an_answer_it_fails_and_says_why(ended: Due, reason: str, detail: str) -> None:
    _, end = review_end(ended)

    assert isinstance(end, RequestFailed)
    assert (end.reason, end.attempts) == (reason, 1)
    assert detail in end.detail
