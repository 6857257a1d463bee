"""What escalation answers to the story of the examples, event by event."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest

from schemas.attempt import (
    AttemptAccepted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptEvent,
    AttemptFailed,
    AttemptRejected,
    Usage,
)
from schemas.content import body_of
from schemas.example_request import REQUEST_ID, START, TENANT, TRACE_ID, after, portfolio
from schemas.examples import story
from schemas.outcome import RequestCancelled, RequestCompleted, RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Received, Said, Write
from schemas.recall import CheckSummary, Keep, Recalled
from schemas.request import Refusal, RequestProfiled
from schemas.vocabulary import Reason, Status, Verdict
from services.escalation.domain.life import REFUSED, Cancellation, Closing, Dispatch, Move, Opening
from services.escalation.domain.parts import ACCEPTED, DISPATCHED
from services.escalation.domain.storm import Storm
from services.escalation.domain.timers import DispatchFacts
from services.escalation.handlers import Handlers

E = TypeVar("E")
STORY = story()


@dataclass(frozen=True)
class Revisions:
    known: dict[str, Portfolio]

    def revision(self, name: str) -> Portfolio:
        return self.known[name]


REVISIONS = Revisions({portfolio().digest(): portfolio()})
HANDLERS = Handlers(REVISIONS, Storm())


def told(kind: type[E], number: int = 0) -> E:
    """The story's event of this kind (about attempt ``number``)."""
    return next(e for e in STORY if isinstance(e, kind) and (not number or number_of(e) == number))


def number_of(event: Any) -> int:
    return event.attempt.number if isinstance(event, AttemptEvent) else event.number


def received(milliseconds: int = 0) -> Received:
    return Received(
        "attempt.failed", 0, 7, after(milliseconds), event_id="by", trace_id=TRACE_ID, traceparent="00-a-b-01"
    )


def only(reaction: Any) -> Write:
    """Nothing is ever said without a row that let it be said."""
    (write,) = reaction.writes
    assert not reaction.says
    assert set(write.then) <= {DONE, REFUSED}
    return write


def says(write: Write) -> list[Any]:
    return [said.event for said in write.then.get(DONE, ()) if isinstance(said, Said)]


def test_a_profiled_request_begins_its_life_with_its_deadlines() -> None:
    event = told(RequestProfiled)
    write = only(HANDLERS.on_request_profiled(event, received()))

    assert write.row == Opening(
        REQUEST_ID, event.request.deadline_at, event.attempt_deadline_at, event.to_json(), "00-a-b-01"
    )
    assert (write.table, says(write)) == ("openings", [])


def test_a_refused_request_ends_at_once() -> None:
    refusal = Refusal(reason=Reason.QUOTA_SPENT, detail="the tenant's budget is spent", retry_at=after(3_600))
    event = told(RequestProfiled).model_copy(update={"refusal": refusal})
    write = only(HANDLERS.on_request_profiled(event, received(5)))

    (end,) = says(write)
    assert isinstance(end, RequestFailed)
    assert (end.reason, end.detail, end.attempts) == (refusal.reason, refusal.detail, 0)
    assert (end.failed_at, end.retry_at, end.trace_id) == (after(5), after(3_600), TRACE_ID)


def test_a_request_that_was_answered_before_ends_at_once_and_costs_nothing() -> None:
    event, first = told(RequestProfiled), uuid4()
    answer = body_of(b'{"message": {"role": "assistant", "content": "94.40"}, "finish_reason": "stop"}')
    passed = (CheckSummary(name="schema", verdict=Verdict.PASS),)
    found = Recalled(request_id=first, lane="critical", model="small", provider="local", answer=answer, checks=passed)
    write = only(HANDLERS.on_request_profiled(event.model_copy(update={"recalled": found}), received(5)))

    (end,) = says(write)
    assert isinstance(end, RequestCompleted)
    assert (end.status, end.recalled_from, end.checks, end.keep) == (Status.VERIFIED, first, passed, None)
    assert (end.attempts, end.cost_usd, end.usage, end.latency_ms) == (0, "0", Usage(), 5)
    assert end.answer == json.loads(answer.text())
    assert isinstance(write.row, Closing)


def test_where_an_answer_is_to_be_kept_is_told_with_it() -> None:
    keep = Keep(key="ab" * 32, for_s=60)
    accepted = told(AttemptAccepted)
    kept = accepted.model_copy(update={"request": accepted.request.model_copy(update={"keep": keep})})
    (end,) = says(only(HANDLERS.on_attempt_accepted(kept, received(2_600))))

    assert (end.keep, end.recalled_from) == (keep, None)


@pytest.mark.parametrize("more", [{}, {"tried": ()}], ids=["of an answer before", "of its own"])
def test_the_part_that_is_read_of_an_acceptance_ends_the_request_as_the_whole_does(more: dict[str, Any]) -> None:
    event = told(AttemptAccepted).model_copy(update=more)
    part = ACCEPTED.read(event.to_json())

    assert HANDLERS.on_attempt_accepted(part, received()) == HANDLERS.on_attempt_accepted(event, received())


def test_a_dispatch_is_remembered_for_its_timer_by_the_part_that_is_read_of_it() -> None:
    event = told(AttemptDispatched, 3)
    write = only(HANDLERS.on_attempt_dispatched(DISPATCHED.read(event.to_json()), received()))

    assert isinstance(write.row, Dispatch)
    assert write.key == (REQUEST_ID, 3)
    assert DispatchFacts.read(write.row.attempt) == DispatchFacts(attempt=event.attempt, tried=event.tried)
    assert says(write) == []


@pytest.mark.parametrize(
    ("kind", "ended", "milliseconds"),
    [(AttemptRejected, 1, 900), (AttemptDoubted, 2, 1_700), (AttemptFailed, 3, 1_850)],
)
def test_the_story_goes_on_as_it_is_told(kind: type[AttemptEvent], ended: int, milliseconds: int) -> None:
    name = {AttemptRejected: "rejected", AttemptDoubted: "doubted", AttemptFailed: "failed"}[kind]
    event = told(kind, ended)
    write = only(getattr(HANDLERS, f"on_attempt_{name}")(event, received(milliseconds)))
    (escalated,) = says(write)

    assert escalated == told(RequestEscalated, ended + 1)
    assert write.row == Move(
        request_id=REQUEST_ID,
        number=ended,
        by="attempt.failed:0:7",
        deadline_at=event.request.deadline_at,
        attempt_deadline_at=escalated.attempt_deadline_at,
        context=escalated.to_json(),
        traceparent="00-a-b-01",
    )


def test_an_acceptance_closes_whatever_attempt_is_current() -> None:
    write = only(HANDLERS.on_attempt_accepted(told(AttemptAccepted), received(2_600)))

    assert says(write) == [told(RequestCompleted)]
    assert write.row == Closing(
        REQUEST_ID, "attempt.failed:0:7", told(RequestProfiled).request.deadline_at, only_attempt=None
    )


def test_only_the_record_that_closed_a_request_can_say_its_end_again() -> None:
    event, heard = told(AttemptAccepted), received(2_600)
    first, again, copy = (
        only(HANDLERS.on_attempt_accepted(event, record)).row.by
        for record in (heard, received(2_600), heard._replace(offset=8, source="another"))
    )

    assert first == again
    assert copy != first


def test_giving_up_closes_only_while_that_attempt_is_current() -> None:
    event = told(AttemptFailed, 3)
    spent = event.model_copy(update={"request": event.request.model_copy(update={"max_attempts": 3})})
    write = only(HANDLERS.on_attempt_failed(spent, received(1_850)))

    (end,) = says(write)
    assert isinstance(end, RequestFailed)
    assert (end.reason, end.attempts) == (Reason.ATTEMPTS_SPENT, 3)
    assert end.cost_usd == "0.000045"
    assert isinstance(write.row, Closing)
    assert write.row.only_attempt == 3


def test_a_lanes_wish_is_that_of_the_revision_of_the_request() -> None:
    rejected = told(AttemptRejected)
    lanes = dict(portfolio().lanes)
    lanes["critical"] = lanes["critical"].model_copy(update={"repairs": 0, "on_fail": {}})
    handlers = Handlers(Revisions({portfolio().digest(): portfolio().model_copy(update={"lanes": lanes})}))

    (escalated,) = says(only(handlers.on_attempt_rejected(rejected, received(900))))
    assert (escalated.action, escalated.tier, escalated.repair) == ("up", 1, None)


def test_a_request_that_its_client_left_is_handed_to_the_timers() -> None:
    event = RequestCancelled(request_id=REQUEST_ID, tenant=TENANT, by="client", cancelled_at=START)
    heard = received()
    write = only(HANDLERS.on_request_cancelled(event, heard))

    assert (write.table, write.row, says(write)) == ("cancellations", Cancellation(REQUEST_ID, heard.at), [])


def test_a_refusal_by_a_breaker_leaves_time_for_the_attempts_that_are_still_allowed() -> None:
    event = told(AttemptFailed, 3)
    last_but_one = event.model_copy(update={"request": event.request.model_copy(update={"max_attempts": 4})})
    refused = event.tried[0].model_copy(update={"reason": Reason.BREAKER_OPEN})
    one_left, two_left = (
        says(only(HANDLERS.on_attempt_failed(each, received())))[0]
        for each in (last_but_one, last_but_one.model_copy(update={"tried": (refused, *event.tried[1:])}))
    )
    assert two_left.attempt_deadline_at < one_left.attempt_deadline_at


def test_the_next_attempts_deadline_lies_inside_the_requests() -> None:
    event = told(AttemptFailed, 3)
    for milliseconds in (0, 10_000, 29_000, 29_749):
        (escalated,) = says(only(HANDLERS.on_attempt_failed(event, received(milliseconds))))
        assert after(milliseconds) < escalated.attempt_deadline_at < event.request.deadline_at
    assert event.request.deadline_at == START + timedelta(seconds=30)
