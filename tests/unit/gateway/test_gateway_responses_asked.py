"""What a body of OpenAI's Responses asks for, in the words of chats; and what is refused, by its name and place."""

import json
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Json
from services.gateway.domain.chat_request import Asked, asked_of
from services.gateway.domain.problems import Problem, Refused
from services.gateway.domain.responses_content import messages_of
from services.gateway.domain.responses_request import asked_of_responses

ID = UUID(int=1)
USER = {"role": "user", "content": "Where is the Louvre?"}
TOOL: Json = {"type": "function", "name": "where", "parameters": {"type": "object"}}
OTHER: Json = {"type": "function", "name": "when"}
CALLED: Json = {"type": "function_call", "call_id": "c1", "name": "where", "arguments": "{}"}
RESULT: Json = {"type": "function_call_output", "call_id": "c1", "output": "here"}
PNG = "data:image/png;base64,aGk="
IMAGE: Json = {"type": "input_image", "image_url": PNG}
THOUGHT: Json = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "?"}


def asked(**told: Any) -> Asked:
    return asked_of_responses(json.dumps({"model": "auto", "input": "Hi", **told}).encode(), ID)


def refused(**told: Any) -> Problem:
    with pytest.raises(Refused) as caught:
        asked(**told)
    return caught.value.problem


def text(kind: str, told: str) -> Json:
    return {"type": kind, "text": told}


@pytest.mark.parametrize(
    "item", [USER, {**USER, "type": "message"}, {**USER, "content": [text("input_text", USER["content"])]}]
)
def test_a_message_in_each_of_its_forms_is_the_same_message(item: Json):
    assert asked(input=[item]).submitted.messages == (USER,)


def test_roles_stay_as_they_are():
    said = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "phase": "final_answer"}
    answer = {**text("output_text", "It is there."), "annotations": [], "logprobs": []}
    items = [{"role": role, "content": role} for role in ("system", "developer", "user", "assistant")]
    told = messages_of("Be short.", [*items, {**said, "content": [answer]}])
    assert told == (
        {"role": "system", "content": "Be short."},
        *items,
        {"role": "assistant", "content": "It is there."},
    )


def test_images_are_shown_in_their_places():
    parts = [text("input_text", "What is it?"), {**IMAGE, "detail": "low"}]
    [message] = messages_of(None, [{"role": "user", "content": parts}])
    image = {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}
    assert message["content"] == [text("text", "What is it?"), image]


def test_calls_belong_to_what_was_said_before_them_and_thoughts_are_left_out():
    said = {"role": "assistant", "content": "I look."}
    again = {**CALLED, "call_id": "c2", "id": "fc_2", "status": "completed"}
    told = messages_of(None, [USER, said, THOUGHT, CALLED, THOUGHT, again, RESULT, {**RESULT, "call_id": "c2"}])
    calls = [
        {"id": each, "type": "function", "function": {"name": "where", "arguments": "{}"}} for each in ("c1", "c2")
    ]
    results = [{"role": "tool", "tool_call_id": each, "content": "here"} for each in ("c1", "c2")]
    assert list(told) == [USER, {**said, "tool_calls": calls}, *results]


def test_images_that_tools_gave_back_are_shown_after_all_results():
    seen = {**RESULT, "output": [text("input_text", "a"), IMAGE, text("input_text", "b")]}
    told = messages_of(None, [USER, CALLED, {**CALLED, "call_id": "c2"}, seen, {**RESULT, "call_id": "c2"}])
    assert [message["role"] for message in told] == ["user", "assistant", "tool", "tool", "user"]
    assert told[2]["content"] == "a\n\nb"
    assert told[4]["content"] == [{"type": "image_url", "image_url": {"url": PNG}}]


@pytest.mark.parametrize("between", [{**USER, "content": "Be quick."}, {"role": "assistant", "content": "I look."}])
def test_results_follow_their_calls_whatever_was_said_between(between: Json):
    again, other = {**CALLED, "call_id": "c2"}, {**RESULT, "call_id": "c2"}
    seen = {**other, "output": [text("input_text", "there"), IMAGE]}
    told = messages_of(None, [USER, CALLED, again, RESULT, between, seen, {**RESULT, "call_id": "c9"}])
    roles = [message["role"] for message in told]
    assert roles == ["user", "assistant", "tool", "tool", between["role"], "tool", "user"]
    assert [message.get("tool_call_id") for message in told[2:6]] == ["c1", "c2", None, "c9"]
    assert told[4] == between


def may_follow(role: str, after: str) -> bool:
    """What one says at once is one message, and results stand right behind their calls."""
    return after in ("assistant", "tool") if role == "tool" else (role, after) != ("assistant", "assistant")


TEXTS = st.text(max_size=20)
CALLS = st.lists(st.tuples(st.text(min_size=1, max_size=9), st.text(max_size=9)), min_size=1, max_size=3)
TURNS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["user", "system", "developer"]), TEXTS),
        st.tuples(st.just("assistant"), TEXTS, CALLS),
        st.tuples(st.just("tool"), TEXTS),
    ),
    min_size=1,
    max_size=9,
).filter(lambda turns: all(may_follow(b[0], after=a[0]) for a, b in pairwise(turns)))


def chat_of(turn: Any) -> Json:
    match turn:
        case ("assistant", said, calls):
            told = [
                {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for n, (name, arguments) in enumerate(calls)
            ]
            return {"role": "assistant", "content": said, "tool_calls": told}
        case ("tool", said):
            return {"role": "tool", "tool_call_id": "c0", "content": said}
        case (role, said):
            return {"role": role, "content": said}
    raise AssertionError(turn)


def items_of(message: Json) -> list[Json]:
    """What a client that speaks Responses sends for a message of a chat."""
    if message["role"] == "tool":
        return [{"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}]
    calls = [
        {"type": "function_call", "call_id": call["id"], **call["function"]} for call in message.get("tool_calls", ())
    ]
    return [{"role": message["role"], "content": message["content"]}, *calls]


@given(turns=TURNS)
def test_a_chat_told_in_items_is_the_same_chat(turns: list[Any]):
    chat = [chat_of(turn) for turn in turns]
    items = [item for message in chat for item in items_of(message)]
    by_chat = asked_of(json.dumps({"model": "auto", "messages": chat}).encode(), ID)
    assert asked(input=items).submitted == by_chat.submitted


def test_a_whole_body_is_the_same_request_at_both_addresses():
    function = {"name": "where", "parameters": {"type": "object"}, "strict": False}
    schema = {"name": "place", "schema": {"type": "object"}, "strict": True, "description": "a place"}
    chat = {
        "model": "auto",
        "messages": [USER],
        "tools": [{"type": "function", "function": function, "x-effect": "read"}],
        "tool_choice": {"type": "function", "function": {"name": "where"}},
        "response_format": {"type": "json_schema", "json_schema": schema},
        "max_tokens": 9,
    }
    told = asked(
        input=[USER],
        tools=[{"type": "function", **function, "x-effect": "read"}],
        tool_choice={"type": "function", "name": "where"},
        text={"format": {"type": "json_schema", **schema}},
        max_output_tokens=9,
    )
    assert told.submitted == asked_of(json.dumps(chat).encode(), ID).submitted


@pytest.mark.parametrize(("given", "wanted"), [("json_object", {"type": "json_object"}), ("text", None)])
def test_forms_without_a_schema(given: str, wanted: Json | None):
    assert asked(text={"format": {"type": given}}).submitted.response_format == wanted


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_only_the_tools_that_are_allowed_are_offered(mode: str):
    choice = {"type": "allowed_tools", "mode": mode, "tools": [{"type": "function", "name": "when"}]}
    told = asked(tools=[TOOL, OTHER], tool_choice=choice).submitted
    assert told.tools == ({"type": "function", "function": {"name": "when"}},)
    assert told.params["tool_choice"] == mode


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_how_to_call_tools_is_not_said_where_none_is_offered(choice: str):
    told = {"tool_choice": choice, "parallel_tool_calls": True}
    assert asked(tools=[], **told).submitted.params == {}
    assert asked(tools=[TOOL], **told).submitted.params == told


HARMLESS: Json = {
    "background": False,
    "client_metadata": {"session_id": "s-1"},
    "include": ["reasoning.encrypted_content", "file_search_call.results"],
    "max_tool_calls": 3,
    "previous_response_id": None,
    "conversation": None,
    "reasoning": {"effort": None, "summary": "auto", "context": "auto", "mode": "standard"},
    "service_tier": "default",
    "store": True,
    "top_logprobs": 0,
    "truncation": "disabled",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_asks_for_nothing_is_taken(name: str):
    assert asked(**{name: HARMLESS[name]}).submitted.params == {}


def unserved(kind: str) -> Json:
    return {"input": [USER, {"type": kind, "id": "x"}]}


def with_part(part: Json, role: str = "user") -> Json:
    return {"input": [{"role": role, "content": [part]}]}


@pytest.mark.parametrize(
    ("told", "param", "says"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id", "send all of it in input"),
        ({"conversation": "conv_1"}, "conversation", "send all of it in input"),
        ({"background": True}, "background", "POST /v1/requests"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", "send instructions and input"),
        ({"context_management": [{"type": "compaction"}]}, "context_management", "leave it out"),
        ({"moderation": {"model": "m"}}, "moderation", "leave it out"),
        ({"prompt_cache_options": {"mode": "explicit"}}, "prompt_cache_options", "leave it out"),
        ({"prompt_cache_retention": "24h"}, "prompt_cache_retention", "leave it out"),
        ({"service_tier": "flex"}, "service_tier", "the lane decides"),
        ({"top_logprobs": 3}, "top_logprobs", "leave it out"),
        ({"truncation": "auto"}, "truncation", "nothing is cut"),
        ({"include": ["message.output_text.logprobs"]}, "include[0]", "is not told here: leave it out"),
        ({"max_tokens": 5}, "max_tokens", "did you mean max_output_tokens?"),
        ({"messages": [USER]}, "messages", "Unknown parameter"),
        ({"stream_options": {}}, "stream_options", "send stream: true"),
        ({"stream": True, "stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation", ""),
        ({"reasoning": {"summary": "detailed"}}, "reasoning.summary", ""),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context", ""),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode", ""),
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"max_output_tokens": 0}, "max_output_tokens", ""),
        ({"safety_identifier": "s" * 65}, "safety_identifier", ""),
        ({"input": 7}, "input", "a string or a list"),
        ({"input": []}, "input", "a string or a list of at least one entry"),
        ({"input": [THOUGHT]}, "input", "at least one message"),
        ({"input": [7]}, "input[0].type", "None is not served here"),
        ({"input": [{"id": "msg_1"}]}, "input[0].type", "is not served here"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role", ""),
        ({"input": [{"role": "user"}]}, "input[0].content", ""),
        ({"input": [{**USER, "name": "Ann"}]}, "input[0].name", "there is no such field"),
        ({"input": [{**CALLED, "namespace": 7}]}, "input[0].namespace", ""),
        ({"input": [{**RESULT, "output": None}]}, "input[0].output", "a string or a list"),
        ({"input": [{**RESULT, "output": [{"type": "input_file"}]}]}, "input[0].output[0].type", "send input_text"),
        (
            unserved("item_reference"),
            "input[1].type",
            "send the item itself, as the AI SDK does with store",
        ),
        *(
            (unserved(kind), "input[1].type", f"'{kind}' is not served here: send message")
            for kind in (
                "custom_tool_call",
                "custom_tool_call_output",
                "web_search_call",
                "file_search_call",
                "computer_call",
                "computer_call_output",
                "code_interpreter_call",
                "mcp_call",
                "image_generation_call",
                "local_shell_call",
                "shell_call",
                "apply_patch_call",
                "compaction",
            )
        ),
        (
            with_part({"type": "input_file", "file_id": "f"}),
            "input[0].content[0].type",
            "send input_text or input_image",
        ),
        (with_part({"type": "input_image", "file_id": "f"}), "input[0].content[0].image_url", "required"),
        (with_part({**IMAGE, "file_id": "f"}), "input[0].content[0].file_id", ""),
        (with_part({**IMAGE, "detail": "original"}), "input[0].content[0].detail", ""),
        (with_part(IMAGE, "system"), "input[0].content[0].type", "send input_text"),
        (with_part(text("input_text", "x"), "assistant"), "input[0].content[0].type", "send output_text or refusal"),
        (with_part(text("output_text", "x")), "input[0].content[0].type", "send input_text or input_image"),
        *(
            ({"tools": [{"type": kind}]}, "tools[0]", f"a tool of type '{kind}' is not served")
            for kind in (
                "web_search",
                "file_search",
                "computer_use_preview",
                "code_interpreter",
                "mcp",
                "image_generation",
                "local_shell",
                "shell",
                "apply_patch",
                "custom",
                "tool_search",
            )
        ),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name", ""),
        ({"tools": [{**TOOL, "output_schema": {}}]}, "tools[0].output_schema", ""),
        ({"tools": [{**TOOL, "parameters": []}]}, "tools[0].parameters", ""),
        ({"tool_choice": "required"}, "tool_choice", "offer one in tools"),
        ({"tools": [TOOL], "tool_choice": "any"}, "tool_choice", "one of none, auto, required"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "who"}}, "tool_choice", "not among tools"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "web_search"}},
            "tool_choice.type",
            "send function or allowed_tools",
        ),
        (
            {
                "tools": [TOOL],
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "auto",
                    "tools": [{"type": "function", "name": "where"}, {"type": "function", "name": "who"}],
                },
            },
            "tool_choice.tools[1]",
            "not among tools",
        ),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type", ""),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format", "needs a name and a schema"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format", "needs a name and a schema"),
        ({"text": {"format": {"type": "text", "schema": {}}}}, "text.format", "no other takes a schema"),
        (
            {"text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "objekt"}}}},
            "text.format.schema",
            "it is no JSON Schema: at /type",
        ),
        ({"portfolio": {"lanes": "x"}}, "portfolio.lanes", ""),
    ],
)
def test_what_is_wrong_or_not_served_is_named(told: Json, param: str, says: str):
    problem = refused(**told)
    assert (problem.status, problem.type, problem.param) == (400, "invalid_request_error", param)
    assert param in problem.message and says in problem.message


def test_input_is_wanted():
    with pytest.raises(Refused) as caught:
        asked_of_responses(b'{"model": "auto", "inptu": "Hi"}', ID)
    assert caught.value.problem.message == "input: Field required; did you mean it by inptu?"
