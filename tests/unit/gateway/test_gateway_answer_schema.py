"""An answer is not asked for in a form that is none: its client is told where, before anything is paid for."""

import json
from typing import Any
from uuid import UUID

import pytest

from schemas import answer_schema
from schemas.answer_schema import why_no_schema
from schemas.content import Json
from services.gateway.domain.chat_request import asked_of
from services.gateway.domain.messages_request import asked_of_messages
from services.gateway.domain.problems import Refused
from services.gateway.domain.responses_request import asked_of_responses

REQUEST_ID = UUID(int=1)
ASK = {"model": "auto", "messages": [{"role": "user", "content": "Where is the Louvre?"}]}
ELSEWHERE = "http://127.0.0.1:9/schema"


def by_openai(schema: Any) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    asked_of(json.dumps({**ASK, "response_format": wanted}).encode(), REQUEST_ID)


def by_anthropic(schema: Any) -> None:
    wanted = {"format": {"type": "json_schema", "schema": schema}}
    asked_of_messages(json.dumps({**ASK, "max_tokens": 9, "output_config": wanted}).encode(), REQUEST_ID)


def by_responses(schema: Any) -> None:
    wanted = {"format": {"type": "json_schema", "name": "place", "schema": schema}}
    asked_of_responses(json.dumps({"input": "Where is the Louvre?", "text": wanted}).encode(), REQUEST_ID)


def nested(depth: int) -> Json:
    return {"properties": {"a": nested(depth - 1)}} if depth else {}


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({"type": "objekt"}, "at /type: "),
        ({"properties": {"name": {"type": "string", "minLength": "two"}}}, "at /properties/name/minLength: "),
        ({"properties": ["name"]}, "at /properties: "),
        ({"required": "name"}, "at /required: "),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: Json, at: str) -> None:
    for ask, field in (
        (by_openai, "response_format.json_schema.schema"),
        (by_responses, "text.format.schema"),
        (by_anthropic, "output_config.format.schema"),
    ):
        with pytest.raises(Refused) as refused:
            ask(schema)
        problem = refused.value.problem
        assert (problem.status, problem.param) == (400, field)
        assert f"{field}: it is no JSON Schema: {at}" in problem.message
        assert len(problem.message) < 400


def members(number: int, inner: Any) -> Json:
    return {"properties": {f"p{index}": inner for index in range(number)}}


@pytest.mark.parametrize("schema", [members(70_000, 5), {"dependencies": {"a": members(20_000, 5)}}])
def test_of_a_large_one_that_is_none_it_is_not_asked_where(schema: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_schema, "_error", None)
    for quoted in (True, False):
        assert why_no_schema(schema, quoted=quoted) == "it is no JSON Schema; of one this large it is not told where"


def test_a_large_one_is_let_through() -> None:
    assert why_no_schema(members(40_000, {"type": "string"})) is None


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string", "pattern": "^[\\w-\\.]+$"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/Foo<Bar>", "definitions": {}},
        {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}},
        {"type": "array", "items": [{"type": "string"}]},  # draft 7
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},  # draft 4
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]},
        {"type": "string", "nullable": True, "x-order": 3},
        {"$schema": ELSEWHERE, "type": "objekt"},  # a dialect that is not known here, and never fetched
        {"$defs": {"a": {"$schema": ELSEWHERE, "$id": ELSEWHERE}}, "$ref": ELSEWHERE},
        nested(90),
    ],
)
def test_what_may_be_a_schema_is_let_through(schema: Json) -> None:
    by_openai(schema)
    by_responses(schema)
    by_anthropic(schema)
