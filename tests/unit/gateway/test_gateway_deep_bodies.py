"""A body whose values lie deeper in each other than the parser reads is called that, and not a body of another form."""

import json
from uuid import UUID

import pytest

from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.problems import Refused


def nested(times: int) -> object:
    schema: object = {"type": "string"}
    for _ in range(times):
        schema = {"type": "object", "properties": {"in": schema}}
    return schema


def body_of(schema: object) -> bytes:
    tool = {"type": "function", "function": {"name": "look", "parameters": schema}}
    return json.dumps({"messages": [{"role": "user", "content": "Where is it?"}], "tools": [tool]}).encode()


def test_what_is_nested_too_deeply_is_called_so():
    with pytest.raises(Refused) as caught:
        asked_of(body_of(nested(200)), UUID(int=1))
    assert (caught.value.problem.status, caught.value.problem.code) == (400, "invalid_json")
    assert caught.value.problem.message.startswith("The body is not JSON: it is nested too deeply")


def test_what_clients_nest_is_taken():
    assert asked_of(body_of(nested(40)), UUID(int=1)).submitted.tools
