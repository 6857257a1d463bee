from datetime import timedelta
from typing import Any

from schemas.attempt import AttemptFailed
from schemas.deadlines import attempt_deadline
from schemas.example_request import REQUEST_ID, START, TRACE_ID, question, request
from schemas.examples import ASKED, TRIED, story
from schemas.ids import attempt_id_of
from schemas.outcome import RequestEscalated, RequestFailed
from schemas.request import RequestProfiled
from schemas.vocabulary import CostKind, Reason
from services.escalation.domain.timers import CANCELLED, EXPIRED, DispatchFacts, Due, event_of

PROFILED = RequestProfiled(
    request=request(), body=question(), attempt_deadline_at=attempt_deadline(START, request().deadline_at, 5)
)
(ESCALATED,) = (event for event in story() if isinstance(event, RequestEscalated) and event.number == 3)
DISPATCHED = DispatchFacts(attempt=ASKED, tried=TRIED[:2]).to_json()
NOW = START + timedelta(seconds=30)


def due(**changes: Any) -> Due:
    at_first: dict[str, Any] = {
        "request_id": REQUEST_ID,
        "state": "open",
        "number": 1,
        "context": PROFILED.to_json(),
        "dispatched": None,
        "traceparent": None,
        "trace_id": TRACE_ID,
        "now": NOW,
    }
    return Due(**at_first | changes)


def third(**changes: Any) -> Due:
    return due(**{"number": 3, "context": ESCALATED.to_json(), "dispatched": DISPATCHED, **changes})


def test_an_attempt_of_which_nothing_was_heard_has_failed() -> None:
    of, event = event_of(third())

    assert of == request()
    assert isinstance(event, AttemptFailed)
    assert (event.attempt, event.tried) == (ASKED, TRIED[:2])
    assert event.reason is Reason.DEADLINE
    assert event.cost.kind is CostKind.BOUNDED
    assert "attempt 3 (large@azure)" in event.detail


def test_a_failure_by_deadline_is_another_event_than_the_workers_own() -> None:
    _, event = event_of(third())

    assert event.counter == "3/deadline"


def test_a_doubted_answer_is_not_lost_with_the_opinion_that_never_came() -> None:
    _, event = event_of(third())

    assert isinstance(event, AttemptFailed)
    assert event.doubted == ESCALATED.doubted is not None
    assert event.body == ESCALATED.body


def test_an_attempt_that_was_never_dispatched_is_told_as_such() -> None:
    _, event = event_of(due())

    assert isinstance(event, AttemptFailed)
    assert event.attempt.attempt_id == attempt_id_of(REQUEST_ID, 1)
    assert event.attempt.plan.tiers == ()
    assert "not dispatched yet" in event.detail


def test_a_later_attempt_that_was_never_dispatched_keeps_its_plan_and_what_was_tried() -> None:
    _, event = event_of(third(dispatched=None))

    assert isinstance(event, AttemptFailed)
    assert (event.attempt.plan, event.attempt.tier) == (ESCALATED.plan, ESCALATED.tier)
    assert event.tried == ESCALATED.tried


def test_a_request_past_its_deadline_ends() -> None:
    _, event = event_of(third(state=EXPIRED))

    assert isinstance(event, RequestFailed)
    assert (event.reason, event.attempts, event.trace_id) == (Reason.DEADLINE, 3, TRACE_ID)
    assert event.cost_usd == "0.000045"
    assert event.failed_at == NOW
    assert "attempt 3 (large@azure)" in event.detail


def test_a_request_that_its_client_left_ends_with_what_was_tried() -> None:
    _, event = event_of(third(state=CANCELLED))

    assert isinstance(event, RequestFailed)
    assert (event.reason, event.attempts) == (Reason.CANCELLED, 2)
