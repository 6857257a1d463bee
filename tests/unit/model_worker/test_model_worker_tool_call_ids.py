"""Every tool call has an id that its result can name, and a type, though some servers of models tell neither."""

import json
from uuid import UUID, uuid4

from dispatches import HELLO

from schemas.content import Answer, Json
from services.model_worker.domain.calls import Answered, Call
from services.model_worker.domain.completion import outcome_of

FUNCTION: Json = {"name": "lookup", "arguments": "{}"}


def calls_in(told: list[Json], attempt_id: UUID) -> list[Json]:
    call = Call(attempt_id, "small", {"model": "m", "messages": list(HELLO)}, "0", 0, 4096, 32, 100)
    raw = json.dumps({"choices": [{"message": {"role": "assistant", "tool_calls": told}}]}).encode()
    outcome = outcome_of(raw, call)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    return outcome.answer.message["tool_calls"]


def test_calls_that_nobody_named_are_named_apart() -> None:
    told = [{"function": FUNCTION}, {"id": "", "type": None, "function": FUNCTION}, {"id": 7, "function": FUNCTION}]
    attempt_id = uuid4()
    found = calls_in(told, attempt_id)
    assert [call["type"] for call in found] == ["function"] * 3
    assert len({call["id"] for call in found}) == 3
    assert all(call["id"].startswith("call_") and len(call["id"]) <= 40 for call in found)
    assert calls_in(told, attempt_id) == found
    assert not {call["id"] for call in calls_in(told, uuid4())} & {call["id"] for call in found}


def test_calls_that_have_a_name_keep_it() -> None:
    told: list[Json] = [{"id": "a", "type": "function", "function": FUNCTION}, {"id": "b", "type": "custom"}]
    assert calls_in(told, uuid4()) == told
