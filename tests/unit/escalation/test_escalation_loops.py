"""What the timers' loop says of rows: one that cannot be read holds up no other, and is not lost."""

from uuid import UUID, uuid4

import pytest
from opentelemetry.trace import get_tracer
from setbacks import NOW, asking, critical

from schemas.example_request import question
from schemas.examples import escalated
from schemas.outcome import RequestFailed
from schemas.portfolio import Portfolio
from schemas.request import RequestProfiled
from schemas.vocabulary import Action, Reason
from services.escalation.domain.held import sorted_out
from services.escalation.domain.reviews import DEFERRED
from services.escalation.domain.storm import Storm
from services.escalation.domain.timers import EXPIRED, HELD, Due
from services.escalation.loops import what_is_said

WRITTEN_LATER = b'{"question": "what a client asked"}'


class Revisions:
    def revision(self, name: str) -> Portfolio:
        return critical()


def due(state: str, context: bytes, number: int = 1, request_id: UUID | None = None) -> Due:
    return Due(request_id or uuid4(), state, number, context, None, None, None, NOW)


def expired() -> Due:
    event = RequestProfiled(request=asking(), body=question(), attempt_deadline_at=asking().deadline_at)
    return due(EXPIRED, event.to_json(), request_id=asking().request_id)


def test_a_row_that_cannot_be_read_stops_nobody_elses_end(caplog: pytest.LogCaptureFixture) -> None:
    first, unreadable, last = expired(), due(DEFERRED, WRITTEN_LATER), expired()
    said = what_is_said([first, unreadable, last], get_tracer("test"))
    assert [row for row, _ in said] == [first, last], "what is not said is not settled, and is due again"
    for _, [(told, _)] in said:
        assert isinstance(told.event, RequestFailed)
    assert f"request {unreadable.request_id} is due (deferred), and cannot be told of: ValidationError" in caplog.text
    assert "what a client asked" not in caplog.text


def test_a_row_that_waits_and_cannot_be_read_holds_up_no_other() -> None:
    event = escalated(2, Action.UP, Reason.TIMEOUT, 1, "nothing came", 900)
    waits = due(HELD, event.to_json(), 2, event.request.request_id)
    found = sorted_out([due(HELD, WRITTEN_LATER, 2), waits], Storm(), Revisions())
    assert [one.due for one in found.go] == [waits]
    assert found.over == []
