"""Functions in namespaces: a model is told one name for each, and its calls come back under the client's two."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseFunctionToolCall

from schemas.content import Json
from schemas.outcome import RequestCompleted
from schemas.request import RequestSubmitted
from services.gateway.domain.chat_request import Asked
from services.gateway.domain.problems import Refused
from services.gateway.domain.responses_live import LiveResponse
from services.gateway.domain.responses_reply import response_of
from services.gateway.domain.responses_request import asked_of_responses
from services.gateway.domain.responses_tools import LONGEST_NAME, flat_name

ID = UUID(int=1)
LOOK: Json = {"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}}
TELL: Json = {"type": "function", "name": "tell", "x-effect": "write"}
SHELL: Json = {"type": "function", "name": "shell"}
NOTES: Json = {"type": "namespace", "name": "mcp__notes", "description": "Notes of the team.", "tools": [LOOK, TELL]}
names = st.text("abc_-", min_size=1, max_size=90)

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]


def asked(**told: Any) -> Asked:
    return asked_of_responses(json.dumps({"model": "auto", "input": "Hi", **told}).encode(), ID)


def refused(**told: Any) -> str:
    with pytest.raises(Refused) as caught:
        asked(**told)
    return caught.value.problem.message


def calling(name: str) -> Json:
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": "{}"}}


def answer_of(*names: str) -> Json:
    calls = [calling(name) for name in names]
    return {"message": {"role": "assistant", "content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}


def test_each_function_of_a_namespace_is_told_the_model_and_the_namespace_once() -> None:
    tools = asked(tools=[SHELL, NOTES]).submitted.tools
    described = "Looks.\n\nNotes of the team."
    assert tools == (
        {"type": "function", "function": {"name": "shell"}},
        {
            "type": "function",
            "function": {
                "name": "mcp__notes__look",
                "description": described,
                "parameters": {"type": "object"},
            },
        },
        {"type": "function", "function": {"name": "mcp__notes__tell"}, "x-effect": "write"},
    )


def test_calls_of_earlier_turns_have_the_names_that_the_model_was_told() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "look", "namespace": "mcp__notes", "arguments": "{}"}
    result = {"type": "function_call_output", "call_id": "c1", "namespace": "mcp__notes", "output": "seven"}
    [_, said, _] = asked(tools=[NOTES], input=[{"role": "user", "content": "Hi"}, call, result]).submitted.messages
    assert said["tool_calls"] == [calling("mcp__notes__look")]


def test_a_call_comes_back_under_its_namespace(make_completed: MakeCompleted) -> None:
    form = asked(tools=[SHELL, NOTES]).form
    completed = make_completed(ID, answer=answer_of("mcp__notes__look", "shell", "mcp__notes__gone"))
    calls = [ResponseFunctionToolCall.model_validate(item) for item in response_of(completed, form)["output"]]
    assert [(call.namespace, call.name) for call in calls] == [
        ("mcp__notes", "look"),
        (None, "shell"),
        (None, "mcp__notes__gone"),
    ]


def test_a_live_call_comes_under_its_namespace_from_its_first_event(make_completed: MakeCompleted) -> None:
    live = LiveResponse(str(ID), 1, asked(tools=[NOTES]).form)
    told = live.told({"tool_calls": [{"index": 0, **calling("mcp__notes__look")}]}, "small")
    told += live.ended(make_completed(ID, answer=answer_of("mcp__notes__look")), {})
    events = [json.loads(part.split(b"\ndata: ", 1)[1]) for part in told.split(b"\n\n") if part]
    items = [event["item"] for event in events if "item" in event]
    assert [(item["namespace"], item["name"], item["status"]) for item in items] == [
        ("mcp__notes", "look", "in_progress"),
        ("mcp__notes", "look", "completed"),
    ]


async def test_the_official_client_runs_a_function_of_a_namespace(gateway: Gateway, make_completed: MakeCompleted):
    def ended(submitted: RequestSubmitted) -> RequestCompleted:
        return make_completed(submitted.subject, answer=answer_of("mcp__notes__look"))

    async with gateway(ended) as running, running.client(max_retries=0) as client:
        [call] = (await client.responses.create(model="auto", input="Hi", tools=[NOTES])).output
        assert (call.namespace, call.name) == ("mcp__notes", "look")
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "seven"}
        await client.responses.create(model="auto", input=[call, result], tools=[NOTES])
        again = running.kafka.published[-1][0]
        assert isinstance(again, RequestSubmitted)
        assert again.messages[0]["tool_calls"][0]["function"]["name"] == "mcp__notes__look"


def test_a_choice_names_a_function_as_the_model_knows_it() -> None:
    chosen = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "mcp__notes__tell"}]}
    tools = asked(tools=[NOTES, SHELL], tool_choice=chosen).submitted.tools
    assert tools is not None
    assert [tool["function"]["name"] for tool in tools] == ["mcp__notes__tell"]


@given(names, names)
def test_a_name_is_no_longer_than_models_take_and_always_the_same(namespace: str, name: str) -> None:
    told = flat_name(name, namespace)
    assert len(told) <= LONGEST_NAME
    assert told == flat_name(name, namespace)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert flat_name("a" * 80 + "b", "n") != flat_name("a" * 80 + "c", "n")


@pytest.mark.parametrize("namespace", ["crm", "crm_", "crm__"])
def test_a_namespace_that_ends_with_what_joins_is_joined_once(namespace: str) -> None:
    assert flat_name("find", namespace) == "crm__find"


@pytest.mark.parametrize(
    ("tools", "says"),
    [
        ([{**NOTES, "tools": []}], "tools[0].tools: at least 1 is wanted"),
        ([{"type": "namespace", "name": "n"}], "a tool of type namespace needs tools, and no other takes any"),
        ([{**LOOK, "tools": [TELL]}], "a tool of type namespace needs tools, and no other takes any"),
        ([{**NOTES, "strict": True}], "the rest belongs to its functions"),
        ([{**NOTES, "tools": [{"type": "custom", "name": "x"}]}], "tools[0].tools[0]: a tool of type 'custom'"),
        ([{**NOTES, "tools": [{**LOOK, "defer_loading": True}]}], "tools[0].tools[0].defer_loading"),
        ([NOTES, {**SHELL, "name": "mcp__notes__look"}], "two functions are called mcp__notes__look: rename one"),
        ([NOTES, {**NOTES, "name": "mcp__notes__"}], "tools[1]: two functions are called mcp__notes__look"),
    ],
)
def test_what_cannot_be_told_is_refused_by_its_place(tools: list[Json], says: str) -> None:
    assert says in refused(tools=tools)
