"""What a chat may hold over Kafka: what the gateway refuses is refused, and what it lets through is let through."""

import json
from typing import Any

import pytest
from asking import asked, portfolio, received

from schemas.chat import UNSUPPORTED
from schemas.content import Json, Question
from schemas.places import LONGEST_SHOWN
from schemas.request import Refusal, RequestSubmitted
from schemas.vocabulary import Operation, Reason
from services.profiler.domain.admit import Terms, profile

TERMS = Terms("rev-1", longest_deadline_s=3_600, reply_topics=frozenset())
ASK = {"role": "user", "content": "Where is the Louvre?"}
TOOL = {"type": "function", "function": {"name": "where", "parameters": {"type": "object"}}}
CHOSEN = {"type": "function", "function": {"name": "where"}}
SECRET = "tell-nobody"


def refusal_of(**fields: Any) -> Refusal | None:
    submitted = RequestSubmitted.read(json.dumps({"messages": [ASK], **fields}))
    return profile(submitted, received(), "bank", portfolio(), TERMS).refusal


def called(calls: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": calls}


def schema(of: Any) -> Json:
    return {"type": "json_schema", "json_schema": {"name": "place", "schema": of}}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"messages": [ASK, {"role": "usr", "content": SECRET}]}, "messages[1]: role is one of developer, system"),
        ({"messages": [{"role": "user"}]}, "messages[0]: content is wanted"),
        ({"messages": [{"role": "tool", "content": None}]}, "messages[0]: content is wanted"),
        (
            {"messages": [ASK, {"role": "tool", "tool_call_id": 5, "content": SECRET}]},
            "messages[1]: a tool_call_id is a string",
        ),
        ({"messages": [ASK, called(SECRET)]}, "messages[1]: tool_calls is a list"),
        ({"messages": [ASK, called([SECRET])]}, "messages[1]: a tool call is"),
        ({"messages": [ASK, called([{"id": "1", "type": "function"}])]}, "messages[1]: a tool call is"),
        (
            {"messages": [ASK, called([{"id": "1", "function": {"name": "f", "arguments": []}}])]},
            "messages[1]: a tool call",
        ),
        ({"checks": [{"name": "format"}, {"name": SECRET}]}, "checks[1]: there is no check of this name: there are"),
        ({"checks": [{"name": "words", SECRET: 5}]}, "checks[0]: words has no such setting: there are at_least"),
        ({"checks": [{"name": "policy", "value": SECRET}]}, "checks[0]: the portfolio has no policy of this name"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0]: a tool is"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": SECRET}}]},
            "tools[0]: its parameters",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": SECRET}}}]},
            "tools[0].function.parameters: it is no JSON Schema: at /type",
        ),
        ({"tools": [TOOL], "params": {"tool_choice": {}}}, "params.tool_choice: one of none, auto, required"),
        ({"tools": [TOOL], "params": {"tool_choice": {"type": "function"}}}, "params.tool_choice: one of none, auto"),
        ({"tools": [TOOL, {"type": SECRET}]}, 'tools[1]: a tool is {"type": "function"'),
        ({"tools": [{"type": "function", "function": SECRET}]}, "tools[0]: a tool is"),
        ({"response_format": {"type": SECRET}}, "response_format: type is text, json_object or json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}}, "response_format: a json_schema"),
        ({"response_format": schema({"type": SECRET})}, "response_format.json_schema.schema: it is no JSON Schema"),
        ({"params": {"temperature": SECRET}}, "params.temperature: Input should be a valid number"),
        ({"params": {"temperature": 3}}, "params.temperature: Input should be less than or equal to 2"),
        ({"params": {"temperature": float("nan")}}, "params.temperature: "),
        ({"params": {"max_tokens": -1}}, "params.max_tokens: Input should be greater than or equal to 1"),
        ({"params": {"max_completion_tokens": 1.5}}, "params.max_completion_tokens: "),
        ({"params": {"max_tokens": 0.0}}, "params.max_tokens: Input should be greater than or equal to 1"),
        ({"params": {"seed": "7"}}, "params.seed: "),
        ({"params": {"stop": ["a", 5]}}, "params.stop: a string or a list of strings is wanted"),
        ({"params": {"user": 7}}, "params.user: "),
        ({"params": {"parallel_tool_calls": "yes"}}, "params.parallel_tool_calls: "),
        ({"params": {"logit_bias": {SECRET: "much"}}}, "params.logit_bias: a number is wanted"),
        ({"params": {"logit_bias": {SECRET: float("nan")}}}, "params.logit_bias: a number is wanted"),
        ({"params": {"logit_bias": {SECRET: float("inf")}}}, "params.logit_bias: a number is wanted"),
        ({"tools": [TOOL], "params": {"tool_choice": SECRET}}, "params.tool_choice: one of none, auto, required"),
        ({"tools": [TOOL], "params": {"tool_choice": "any"}}, "params.tool_choice: write required for this"),
        ({"tools": [TOOL], "params": {"tool_choice": {"type": "any"}}}, "params.tool_choice: write required for this"),
        ({"tools": [TOOL], "params": {"tool_choice": {"type": "auto"}}}, "params.tool_choice: write auto for this"),
        (
            {"tools": [TOOL], "params": {"tool_choice": {"type": "tool", "name": SECRET}}},
            'params.tool_choice: write {"type": "function", "function": {"name": ...}} for this',
        ),
        (
            {"tools": [TOOL], "params": {"tool_choice": {"type": "function", "name": SECRET}}},
            'params.tool_choice: a tool is named within function: write {"type": "function", "function": {"name"',
        ),
        (
            {"tools": [TOOL], "params": {"tool_choice": {"name": SECRET}}},
            "params.tool_choice: a tool is named within function",
        ),
        ({"params": {"tool_choice": "required"}}, "params.tool_choice: required wants a tool called"),
    ],
)
def test_what_no_model_can_be_asked_is_refused_by_its_place(fields: Json, says: str) -> None:
    refusal = refusal_of(**fields)
    assert refusal is not None
    assert refusal.reason == Reason.INVALID_REQUEST
    assert refusal.detail.startswith(says)
    assert SECRET not in refusal.detail, "it is said where content may be sealed"


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (
            {"properties": {SECRET: {"type": "string", "minLength": "two"}}},
            'at /properties/*/minLength: it is not of type "integer"',
        ),
        (
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "$vocabulary": {f"urn:{SECRET}": "yes"}},
            'at /$vocabulary/*: it is not of type "boolean"',
        ),
    ],
)
def test_a_schemas_own_names_are_not_told(of: Json, says: str) -> None:
    refusal = refusal_of(response_format=schema(of))
    assert refusal is not None
    assert refusal.detail == f"response_format.json_schema.schema: it is no JSON Schema: {says}"


@pytest.mark.parametrize(
    "fields",
    [
        {
            "messages": [
                {"role": role, "content": "x"} for role in ("developer", "system", "user", "assistant", "function")
            ]
        },
        {"messages": [ASK, {"role": "tool", "tool_call_id": "1", "content": "x"}]},
        {"messages": [ASK, called([{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}}])]},
        {"messages": [ASK, called([{"function": {"name": "f", "arguments": ""}}]), called([]), called(None)]},
        {"messages": [ASK, called([{"function": {"name": "f", "arguments": told}} for told in ({"of": [1]}, None)])]},
        {"messages": [ASK, called([{"function": {"name": "f"}}]), {"role": "tool", "content": "x"}]},
        {"messages": [ASK, {"role": "tool", "tool_call_id": None, "content": "x"}]},
        {"messages": [ASK, called([{"id": "1", "type": "custom", "custom": {"name": "f", "input": "x"}}])]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": None}}]},
        {"tools": [TOOL], "params": {"tool_choice": {"type": "of_tomorrow"}}},
        {"messages": [{**ASK, "name": "ann", "of_another_api": [1]}]},
        {"tools": [{**TOOL, "x-effect": "read", "cache_control": {"type": "ephemeral"}}]},
        {"tools": []},
        {"response_format": {"type": "text"}},
        {"response_format": schema({"type": "object", "x-order": 3})},
        {"tools": [TOOL], "params": {"tool_choice": CHOSEN}},
        {"params": {"stop": "\n", "seed": 7, "temperature": 0, "top_p": 1, "max_tokens": 9, "user": "u"}},
        {"params": {"logit_bias": {"50256": 10**400}}},
        {"params": {"logit_bias": {"50256": -100}, "reasoning_effort": "of another year"}},
        {"params": {"temperature": None, "n": 1, "stream": False}},
        {"params": {"max_tokens": 4.0, "max_completion_tokens": 5.0, "seed": -1.0}},
        {"params": {"n": 1.0}},
        {"colour": "blue"},
    ],
)
def test_what_the_gateway_lets_through_is_let_through(fields: Json) -> None:
    assert refusal_of(**fields) is None


def test_a_whole_number_told_as_a_double_goes_on_as_one_and_bounds_the_answer() -> None:
    event = profile(asked(params={"max_tokens": 4.0, "temperature": 1.0}), received(), "bank", portfolio(), TERMS)
    assert event.request.profile.most_output_tokens == 4
    params = Question.read(event.body.text()).params
    assert params == {"max_tokens": 4, "temperature": 1.0}
    assert type(params["max_tokens"]) is int


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, how in UNSUPPORTED.items() for value in (*how.harmless, None)]
)
def test_a_parameter_that_asks_for_nothing_is_taken_as_at_the_gateway(name: str, value: Any) -> None:
    assert refusal_of(params={name: value}) is None


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("functions", "use tools"),
        ("response_format", "it stands beside params, in the request itself"),
        ("top_k", "leave it out"),
    ],
)
def test_a_parameter_that_is_not_served_is_refused_with_its_remedy(name: str, remedy: str) -> None:
    detail = f"params.{name} is not supported: {remedy}"
    assert refusal_of(params={name: [7]}) == Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=detail)


def test_a_parameters_name_is_told_as_far_as_names_go() -> None:
    detail = f"params.{'x' * LONGEST_SHOWN}... is not supported: leave it out"
    assert refusal_of(params={"x" * 3_000: 1}) == Refusal(reason=Reason.UNSUPPORTED_PARAMETER, detail=detail)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"dimensions": "many"}, "params.dimensions: Input should be a valid integer"),
        ({"dimensions": 0}, "params.dimensions: "),
        ({"user": 7}, "params.user: "),
    ],
)
def test_so_are_those_of_requests_for_vectors(params: Json, says: str) -> None:
    submitted = asked(operation=Operation.EMBEDDINGS, params=params)
    refusal = profile(submitted, received(), "bank", portfolio(), TERMS).refusal
    assert refusal is not None
    assert (refusal.reason, refusal.detail[: len(says)]) == (Reason.INVALID_REQUEST, says)


def test_whose_texts_they_are_is_nobodys_concern_where_vectors_are_asked_for() -> None:
    submitted = RequestSubmitted(operation=Operation.EMBEDDINGS, messages=({"role": "document", "content": "one"},))
    refusal = profile(submitted, received(), "bank", portfolio(), TERMS).refusal
    assert refusal is None or refusal.reason != Reason.INVALID_REQUEST
