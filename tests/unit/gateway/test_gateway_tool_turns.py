"""Tools, calls of them and their results: what no server of models can read is refused by its place."""

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
        ({"messages": [*ASK, {"role": "tool", "content": "on the Seine"}]}, "messages[1]"),
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
