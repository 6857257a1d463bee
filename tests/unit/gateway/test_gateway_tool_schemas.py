"""A tool whose parameters are no JSON Schema is refused at each door: no call could be held to it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import to_json

from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.messages_request import asked_of_messages
from services.gateway.domain.problems import Refused
from services.gateway.domain.responses_request import asked_of_responses

SAID = [{"role": "user", "content": "Where is the Louvre?"}]
NONE: Any = {"type": "object", "properties": {"city": {"type": "strng"}}}
Read = Callable[[bytes, UUID], object]


def chat(schema: Any) -> dict[str, Any]:
    return {"messages": SAID, "tools": [{"type": "function", "function": {"name": "where", "parameters": schema}}]}


def response(schema: Any) -> dict[str, Any]:
    return {"model": "m", "input": SAID, "tools": [{"type": "function", "name": "where", "parameters": schema}]}


def message(schema: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 9, "messages": SAID, "tools": [{"name": "where", "input_schema": schema}]}


DOORS = [
    (asked_of, chat, "tools[0].function.parameters"),
    (asked_of_responses, response, "tools[0].parameters"),
    (asked_of_messages, message, "tools[0].input_schema"),
]


@pytest.mark.parametrize(("read", "body", "place"), DOORS)
def test_parameters_that_are_no_schema_are_refused(read: Read, body: Callable[[Any], dict[str, Any]], place: str):
    with pytest.raises(Refused) as refused:
        read(to_json(body(NONE)), UUID(int=1))
    assert (refused.value.problem.status, refused.value.problem.param) == (400, place)
    assert "it is no JSON Schema: at /properties/city/type" in refused.value.problem.message


@pytest.mark.parametrize(("read", "body", "place"), DOORS)
def test_parameters_that_are_a_schema_are_taken(read: Read, body: Callable[[Any], dict[str, Any]], place: str):
    for schema in ({}, {"type": "object", "properties": {"city": {"type": "string"}}}):
        assert read(to_json(body(schema)), UUID(int=1))
