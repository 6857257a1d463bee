"""Tools, calls of them and their results: taken as servers of models read them, else refused by their place."""

import json
from typing import Any
from uuid import UUID

import pytest

from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.problems import Refused

ASK = [{"role": "user", "content": "Where is the Louvre?"}]
TOOL = {"type": "function", "function": {"name": "where", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"messages": [*ASK, {"role": "tool", "tool_call_id": 1, "content": "on the Seine"}]}, "messages[1]"),
        ({"messages": [*ASK, {"role": "assistant", "tool_calls": [{"id": "c1"}]}]}, "messages[1]"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0]"),
        ({"tools": [TOOL], "tool_choice": {"type": "function"}}, "tool_choice"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place(body: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused) as refused:
        asked_of(json.dumps({"messages": ASK, **body}).encode(), UUID(int=1))
    problem = refused.value.problem
    assert (problem.status, problem.param) == (400, place)
    assert problem.message.startswith(f"{place}: ")


def test_calls_as_other_servers_read_them_are_taken_as_they_were_sent() -> None:
    calls = [{"function": {"name": "where", "arguments": told}} for told in ({"of": "it"}, None, "{}")]
    asking = [*ASK, {"role": "assistant", "content": None, "tool_calls": calls}, {"role": "tool", "content": "here"}]
    assert asked_of(json.dumps({"messages": asking}).encode(), UUID(int=1)).submitted.messages == tuple(asking)
