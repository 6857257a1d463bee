"""What the timers' loop says of rows: one that cannot be read holds up no other, and is not lost."""

from uuid import UUID, uuid4

import pytest
from opentelemetry.trace import get_tracer
from setbacks import NOW, asking, critical

from schemas.example_request import question
from schemas.examples import escalated
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.portfolio import Portfolio
from schemas.request import Request, RequestProfiled
from schemas.vocabulary import Action, Reason
from services.escalation.domain.endings import ends_of, failed_with
from services.escalation.domain.held import Released, sorted_out
from services.escalation.domain.reviews import DEFERRED
from services.escalation.domain.storm import Storm
from services.escalation.domain.timers import EXPIRED, HELD, Due
from services.escalation.loops import Says, taken_of, told_of, what_is_said

WRITTEN_LATER = b'{"question": "what a client asked"}'


class Revisions:
    def revision(self, name: str) -> Portfolio:
        return critical()


def due(state: str, context: bytes, number: int = 1, request_id: UUID | None = None) -> Due:
    return Due(request_id or uuid4(), state, number, context, None, None, None, NOW)


def expired() -> Due:
    event = RequestProfiled(request=asking(), body=question(), attempt_deadline_at=asking().deadline_at)
    return due(EXPIRED, event.to_json(), request_id=asking().request_id)


def released() -> Released:
    event = escalated(2, Action.UP, Reason.TIMEOUT, 1, "nothing came", 900)
    return Released(due(HELD, event.to_json(), 2), event)


def ends(request: Request) -> Says:
    """What is said of a request that came to its deadline."""
    end = failed_with(request, Reason.DEADLINE, "no answer", (), NOW, None)
    return [(said, None) for said in ends_of(request, end)]


def test_a_row_that_cannot_be_read_stops_nobody_elses_end(caplog: pytest.LogCaptureFixture) -> None:
    first, unreadable, last = expired(), due(DEFERRED, WRITTEN_LATER), expired()
    said = what_is_said([first, unreadable, last], get_tracer("test"))
    assert [row for row, _ in said] == [first, last], "what is not said is not settled, and is due again"
    for _, [(told, _)] in said:
        assert isinstance(told.event, RequestFailed)
    assert f"request {unreadable.request_id} is due (deferred), and cannot be told of: ValidationError" in caplog.text
    assert "what a client asked" not in caplog.text


async def test_an_end_that_kafka_does_not_take_is_not_settled(caplog: pytest.LogCaptureFixture) -> None:
    """Its topic may be missing, or not be granted: once that is mended, the end is said."""
    asked = asking(request_id=uuid4()), asking(request_id=uuid4(), reply_to="answers.web")
    rows = [due(EXPIRED, b"", request_id=request.request_id) for request in asked]
    mute, replied = ((row, ends(request)) for row, request in zip(rows, asked, strict=True))

    async def say(says: Says) -> dict[int, str]:
        assert [said.topic for said, _ in says] == [None, "answers.web", None]
        return {0: "TopicAuthorizationFailedError", 1: "UnknownTopicOrPartitionError"}

    assert await told_of([mute, replied], say) == [rows[1]], "the main topic has told the other's end"
    why = "its own topic: TopicAuthorizationFailedError", "answers.web: UnknownTopicOrPartitionError"
    for row, told in zip(rows, why, strict=True):
        assert f"RequestFailed of request {row.request_id} is not taken by {told}" in caplog.text
    assert await told_of([], say) == []


@pytest.mark.parametrize(
    ("why", "is_settled"),
    [
        ("UnknownTopicOrPartitionError", False),
        ("TopicAuthorizationFailedError", False),
        ("MessageSizeTooLargeError", True),
    ],
)
async def test_an_answer_that_its_topic_may_take_yet_is_not_settled(why: str, is_settled: bool) -> None:
    """The main topic has only its facts, and the row forgets it once it is settled."""
    request = asking(request_id=uuid4(), reply_to="answers.web")
    row = due(EXPIRED, b"", request_id=request.request_id)
    end = RequestCompleted.model_construct(request_id=request.request_id, answer={"role": "assistant"}, body=None)
    says: Says = [(said, None) for said in ends_of(request, end)]

    async def say(says: Says) -> dict[int, str]:
        assert [said.topic for said, _ in says] == ["answers.web", None]
        return {0: why}

    assert await told_of([(row, says)], say) == ([row] if is_settled else [])


async def test_what_was_held_and_is_not_taken_stays_held(caplog: pytest.LogCaptureFixture) -> None:
    go = [released(), released()]

    async def say(says: Says) -> dict[int, str]:
        assert [said.event for said, _ in says] == [one.event for one in go]
        return {0: "UnknownTopicOrPartitionError"}

    assert await taken_of(go, say) == go[1:]
    assert f"request {go[0].due.request_id} is held: what lets it go is not taken: Unknown" in caplog.text
    assert await taken_of([], say) == []


def test_a_row_that_waits_and_cannot_be_read_holds_up_no_other() -> None:
    event = escalated(2, Action.UP, Reason.TIMEOUT, 1, "nothing came", 900)
    waits = due(HELD, event.to_json(), 2, event.request.request_id)
    found = sorted_out([due(HELD, WRITTEN_LATER, 2), waits], Storm(), Revisions())
    assert [one.due for one in found.go] == [waits]
    assert found.over == []
