"""Hearing a dispatched attempt: one row, or an answer where it is too late; and readiness and variables."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from dispatches import AT, TRACEPARENT, dispatched, portfolio, received

from schemas.attempt import AttemptFailed
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCancelled
from schemas.portfolio import MOST_DISPATCHES, Portfolio
from schemas.reaction import NOTHING, NotYet, Reaction, Said
from schemas.standing import WorkerReady
from schemas.vocabulary import Reason
from services.model_worker.domain.claims import AttemptRow, CancelledRequest
from services.model_worker.domain.readiness import Readiness, must_say, readiness_of, worker_ready
from services.model_worker.domain.variables import VariableMissing, resolved
from services.model_worker.handlers import Handlers


class OneRevision:
    """The revision ``r1``, and no other."""

    def revision(self, name: str) -> Portfolio:
        if name != "r1":
            raise NotYet(name)
        return portfolio()


HANDLERS = Handlers(OneRevision())


def row_of(reaction: Reaction) -> AttemptRow:
    (write,) = reaction.writes
    assert write.table == "attempts"
    assert write.key == write.row.attempt_id
    return write.row


def test_an_attempt_is_one_row_with_its_lanes_priority_and_its_trace() -> None:
    event = dispatched(lane="urgent")
    heard = received(event)
    row = row_of(HANDLERS.on_attempt_dispatched(event, heard))
    assert row == AttemptRow(
        attempt_id=event.attempt.attempt_id,
        provider="acme",
        priority=1,
        deadline_at=event.attempt.deadline_at,
        event=heard.value,
        traceparent=TRACEPARENT,
        opened_at=event.request.admitted_at,
        request_id=event.request.request_id,
        dispatched=event,
    )
    assert row.dispatched is event


def test_a_lane_that_the_revision_does_not_have_gets_the_default_priority() -> None:
    event = dispatched(lane="gone")
    assert row_of(HANDLERS.on_attempt_dispatched(event, received(event))).priority == 5


def test_the_same_event_again_gives_the_same_row() -> None:
    event = dispatched()
    heard = received(event)
    assert HANDLERS.on_attempt_dispatched(event, heard) == HANDLERS.on_attempt_dispatched(event, heard)


@pytest.mark.parametrize("late_ms", [0, 1, 60_000])
def test_what_reaches_the_log_after_its_deadline_is_answered_and_no_row(late_ms: int) -> None:
    event = dispatched(deadline_at=AT)
    reaction = HANDLERS.on_attempt_dispatched(event, received(event, AT + timedelta(milliseconds=late_ms)))
    (said,) = reaction.says
    assert reaction.writes == NOTHING.writes
    assert isinstance(said, Said)
    assert isinstance(said.event, AttemptFailed)
    assert said.event.reason is Reason.UNCALLED


def test_a_revision_on_its_way_is_waited_for() -> None:
    event = dispatched(revision="r2")
    with pytest.raises(NotYet):
        HANDLERS.on_attempt_dispatched(event, received(event))


def test_a_cancellation_reaches_every_attempt_that_its_request_can_have() -> None:
    event = RequestCancelled(request_id=uuid4(), tenant="acme", by="the client", cancelled_at=AT)
    heard = received(dispatched())
    (write,) = HANDLERS.on_request_cancelled(event, heard).writes
    attempts = tuple(attempt_id_of(event.request_id, n) for n in range(1, MOST_DISPATCHES + 1))
    assert write.row == CancelledRequest(event.request_id, attempts, heard.at)


def ready(mine: Readiness) -> WorkerReady:
    return worker_ready("acme", "w2", mine, AT)


READY, GONE = Readiness(ready=True), Readiness(ready=False)


@pytest.mark.parametrize(
    ("mine", "said", "stands", "must"),
    [
        (READY, None, None, True),
        (READY, READY, None, False),
        (READY, READY, ready(READY), False),
        (READY, READY, ready(GONE), True),
        (Readiness(True, {"small": ("a",)}), READY, ready(READY), True),
        (Readiness(True, {"small": ("a",)}), Readiness(True, {"small": ("a",)}), ready(READY), False),
        (GONE, None, ready(READY), False),
        (GONE, READY, ready(READY), False),
    ],
)
def test_readiness_is_said_when_it_changes_and_when_a_parting_worker_took_it_back(
    mine: Readiness, said: Readiness | None, stands: WorkerReady | None, must: bool
) -> None:
    assert must_say(mine, said, stands) is must


def test_a_replaying_provider_holds_nothing_for_a_model_that_it_has_no_answers_of() -> None:
    assert readiness_of(portfolio(), "acme", None) == READY
    assert readiness_of(portfolio(), "acme", {"other": ("f",)}) == Readiness(True, {"small": ()})
    assert readiness_of(portfolio(), "elsewhere", None) == GONE


def test_variables_come_from_the_environment_alone() -> None:
    environ = {"HOST": "http://h", "PORT": "81"}
    assert resolved("${HOST}:${PORT}/v1", environ, "acme", "base_url") == "http://h:81/v1"
    assert resolved("http://plain/$HOST", environ, "acme", "base_url") == "http://plain/$HOST"


@pytest.mark.parametrize("environ", [{}, {"MISSING_URL": ""}])
def test_a_missing_variable_is_named_with_what_needs_it(environ: dict[str, Any]) -> None:
    with pytest.raises(VariableMissing, match=r"MISSING_URL.*base_url of provider acme") as raised:
        resolved("${MISSING_URL}/v1", environ, "acme", "base_url")
    assert raised.value.variable == "MISSING_URL"
