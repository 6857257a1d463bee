"""Anthropic's Messages over a real loopback port, with the official client; and what is refused, by name."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import anthropic
import httpx
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import Message
from http_waits import until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.content import fingerprint
from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.cache import recall_of
from services.gateway.domain.messages_content import Turn, messages_of
from services.gateway.domain.messages_reply import message_of, message_streamed
from services.gateway.domain.messages_request import asked_of_messages, counted

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
PLAIN = {"model": "auto", "max_tokens": 50, "messages": ASK}
CALL = {"id": "call_1", "type": "function", "function": {"name": "where", "arguments": '{"of":"Louvre"}'}}
CALLS = {"message": {"role": "assistant", "content": "I look.", "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
WHERE: Any = {"name": "where", "description": "finds", "input_schema": {"type": "object"}}
ID = UUID("11111111-2222-4333-8444-555555555555")
RESULT = {"type": "tool_result", "tool_use_id": "t"}
PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


def client_of(running: Any) -> AsyncAnthropic:
    return AsyncAnthropic(base_url=running.url, api_key="any", max_retries=0)


async def post(url: str, body: Any, path: str = "/v1/messages") -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}{path}", json=body)


async def test_the_official_client_gets_its_message(gateway: Gateway):
    async with gateway() as running, client_of(running) as client:
        raw = await client.messages.with_raw_response.create(
            **PLAIN,
            system="Be short.",
            stop_sequences=["END"],
            metadata={"user_id": "u-1"},
            extra_body={"temperature": 0.2, "top_p": 0.9, "portfolio": {"risk": "high"}},
        )
        asked = running.asked
    told = await raw.parse()
    [block] = told.content
    assert block.type == "text" and block.text == "Paris."
    assert (told.id, told.stop_reason, told.model) == (f"msg_{asked.request_id}", "end_turn", "small")
    assert (told.usage.input_tokens, told.usage.cache_read_input_tokens, told.usage.output_tokens) == (8, 4, 3)
    assert raw.headers["x-portfolio-request-id"] == str(asked.request_id)
    assert list(asked.messages) == [{"role": "system", "content": "Be short."}, *ASK]
    params = {"max_tokens": 50, "temperature": 0.2, "top_p": 0.9, "stop": ["END"], "user": "u-1"}
    assert (asked.params, asked.model, asked.risk) == (params, "auto", "high")


async def test_tools_go_through_and_tool_use_comes_back(gateway: Gateway, make_completed: MakeCompleted):
    async with (
        gateway(lambda asked: make_completed(asked.request_id, answer=CALLS)) as running,
        client_of(running) as client,
    ):
        choice: Any = {"type": "any", "disable_parallel_tool_use": True}
        told = await client.messages.create(**PLAIN, tools=[WHERE], tool_choice=choice)
        asked = running.asked
    function = {"name": "where", "description": "finds", "parameters": {"type": "object"}}
    assert list(asked.tools) == [{"type": "function", "function": function}]
    assert asked.params == {"max_tokens": 50, "tool_choice": "required", "parallel_tool_calls": False}
    assert told.stop_reason == "tool_use"
    text, use = told.content
    assert text.type == "text" and text.text == "I look."
    assert use.type == "tool_use" and (use.id, use.name, use.input) == ("call_1", "where", {"of": "Louvre"})


async def test_a_schema_is_a_response_format(gateway: Gateway):
    schema = {"type": "object", "additionalProperties": False}
    async with gateway() as running, client_of(running) as client:
        await client.messages.create(**PLAIN, output_config={"format": {"type": "json_schema", "schema": schema}})
        asked = running.asked
    assert asked.response_format == {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


@pytest.mark.parametrize("progress_s", [60, 0.01])
async def test_a_stream_is_the_message_in_events(gateway: Gateway, make_completed: MakeCompleted, progress_s: float):
    async with gateway(lambda asked: None, progress_s=progress_s) as running, client_of(running) as client:
        running.kafka.pipeline = lambda asked: make_completed(asked.request_id, answer=CALLS)
        async with client.messages.stream(**PLAIN, tools=[WHERE]) as stream:
            kinds = [event.type async for event in stream]
            told = await stream.get_final_message()
    assert kinds[0] == "message_start" and kinds[-1] == "message_stop"
    assert [kind for kind in kinds if kind.startswith("content_block_st")] == [
        "content_block_start",
        "content_block_stop",
    ] * 2
    assert told.stop_reason == "tool_use" and told.usage.output_tokens == 3
    assert told.content[1].type == "tool_use" and told.content[1].input == {"of": "Louvre"}


async def test_a_stream_that_waits_pings_and_then_tells_what_went_wrong(gateway: Gateway, make_failed: MakeFailed):
    async with (
        gateway(lambda asked: None, progress_s=0.01) as running,
        httpx.AsyncClient() as client,
        client.stream("POST", f"{running.url}/v1/messages", json={**PLAIN, "stream": True}) as reply,
    ):
        lines = reply.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == ["event: ping", 'data: {"type":"ping"}', ""]
        running.kafka.handlers.on_request_failed(make_failed(running.asked.request_id), None)
        rest = [line async for line in lines if line]
    assert rest[-2] == "event: error"
    error = json.loads(rest[-1].removeprefix("data: "))["error"]
    assert error["type"] == "api_error" and "small and large were tried" in error["message"]


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        ("unknown_model", 404, "not_found_error"),
        ("budget_spent", 402, "billing_error"),
        ("rate_limited", 429, "rate_limit_error"),
        ("invalid_request", 400, "invalid_request_error"),
        ("deadline", 504, "timeout_error"),
        ("tiers_spent", 502, "api_error"),
    ],
)
async def test_an_honest_end_has_anthropics_shape(
    gateway: Gateway, make_failed: MakeFailed, reason: str, status: int, kind: str
):
    async with (
        gateway(lambda asked: make_failed(asked.request_id, reason=reason)) as running,
        client_of(running) as client,
    ):
        with pytest.raises(anthropic.APIStatusError) as caught:
            await client.messages.create(**PLAIN)
    assert caught.value.status_code == status
    body: Any = caught.value.body
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert caught.value.response.headers["x-portfolio-status"] == "failed"


async def test_too_many_is_overloaded(gateway: Gateway):
    async with gateway(lambda asked: None, max_waiting=1) as running:
        first = asyncio.create_task(post(running.url, PLAIN))
        await until(lambda: len(running.waiting) == 1)
        told = await post(running.url, PLAIN)
        first.cancel()
    assert (told.status_code, told.json()["error"]["type"]) == (529, "overloaded_error")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"max_tokens": None}, "max_tokens"),
        ({"top_k": 5}, "top_k is not supported: use top_p"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking is not supported"),
        ({"mcp_servers": [{"type": "url"}]}, "mcp_servers"),
        ({"stop_sequence": []}, "did you mean stop_sequences?"),
        ({"temperature": 1.5}, "temperature"),
        ({"output_config": {"effort": "low"}}, "output_config.effort"),
        (
            {"tools": [{"type": "web_search_20260318", "name": "web_search"}]},
            "tools[0]: a tool of type 'web_search_20260318'",
        ),
        ({"tool_choice": {"type": "tool"}}, "tool_choice: a choice of type tool needs"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "document"}]}]},
            "messages[0].content[0].type: 'document'",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        *(
            (
                {"messages": [{"role": "user", "content": [{**RESULT, "content": told}]}]},
                "messages[0].content[0].content: ",
            )
            for told in (0, False, {}, 7)
        ),
        ({"messages": [*ASK, {"role": "assistant", "content": "It"}]}, "the last one must not be the assistant's"),
        ({"system": [PNG]}, "system[0].type: 'image'"),
        ({"portfolio": {"lanes": "x"}}, "portfolio.lanes"),
    ],
)
async def test_what_is_wrong_or_not_served_is_named(gateway: Gateway, change: dict[str, Any], named: str):
    async with gateway() as running:
        told = await post(running.url, {**PLAIN, **change})
        assert running.kafka.published == []
    error = told.json()["error"]
    assert (told.status_code, error["type"]) == (400, "invalid_request_error")
    assert named in error["message"]


async def test_marks_of_prompt_caching_go_on_where_they_stand(gateway: Gateway):
    day, hour = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "18", "cache_control": day}
    call = {"type": "tool_use", "id": "t", "name": "look", "input": {}, "cache_control": hour}
    body = {
        "system": [{"type": "text", "text": "The rules.", "cache_control": hour}, {"type": "text", "text": "Today."}],
        "tools": [{"name": "look", "input_schema": {}, "cache_control": hour}, {"name": "b", "input_schema": {}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": day}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Yes?"}, call]},
            {"role": "user", "content": [result, {"type": "text", "text": "And?"}]},
        ],
        "cache_control": day,
    }
    async with gateway() as running:
        assert (await post(running.url, {**PLAIN, **body})).status_code == 200
        asked = running.asked
    rules = {"type": "text", "text": "The rules.", "cache_control": hour}
    system, hello, said, done, last = asked.messages
    assert system["content"] == [rules, {"type": "text", "text": "Today."}]
    assert hello["content"] == [{"type": "text", "text": "Hi", "cache_control": day}]
    assert (said["content"], said["cache_control"], done["cache_control"]) == ("Yes?", hour, day)
    assert last == {"role": "user", "content": "And?", "cache_control": day}
    assert asked.tools is not None
    assert [tool.get("cache_control") for tool in asked.tools] == [hour, None]


@pytest.mark.parametrize("mark", [{}, {"cache_control": {"type": "ephemeral"}}])
def test_what_claude_code_accounts_for_at_each_turn_is_left_out_of_the_prompts_beginning(mark: dict[str, Any]):
    def told(turn: str, *more: dict[str, Any]) -> Any:
        accounts = {"type": "text", "text": f"x-anthropic-billing-header: cc_version=2.1; cch={turn};"}
        body = {**PLAIN, "system": [accounts, *more]}
        return asked_of_messages(json.dumps(body).encode(), ID).submitted.messages[0]["content"]

    rules = {"type": "text", "text": "You are a coder.", **mark}
    assert told("eb6c6", rules) == told("71fea", rules) == ([rules] if mark else "You are a coder.")
    assert told("eb6c6") == "x-anthropic-billing-header: cc_version=2.1; cch=eb6c6;"


def test_what_the_providers_cache_did_is_told_in_anthropics_counts(make_completed: Callable[..., RequestCompleted]):
    usage = {"input_tokens": 75, "cached_input_tokens": 30, "cache_write_tokens": 40, "output_tokens": 3}
    told = message_of(make_completed(uuid4(), usage=usage))["usage"]
    assert (told["input_tokens"], told["cache_read_input_tokens"], told["cache_creation_input_tokens"]) == (5, 30, 40)


def test_marks_make_no_other_request():
    texts = [{"type": "text", "text": "The rules."}, {"type": "text", "text": "Today."}]
    marked = [{**texts[0], "cache_control": {"type": "ephemeral"}}, texts[1]]
    bodies = [
        {**PLAIN, "system": told, "messages": [{"role": "user", "content": told[:1]}]} for told in (texts, marked)
    ]
    asked = [asked_of_messages(json.dumps(body).encode(), uuid4()).submitted for body in bodies]
    prints = {fingerprint(each.messages, each.tools, each.response_format) for each in asked}
    assert (len(prints), len({recall_of(each, "shop", "r1").key for each in asked})) == (1, 1)


async def test_what_the_api_lets_be_left_out_is_left_out(gateway: Gateway):
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "assistant", "content": [thought, {"type": "text", "text": "Yes?"}]},
        *ASK,
    ]
    async with gateway() as running:
        told = await post(running.url, {**PLAIN, "messages": turns, "thinking": {"type": "disabled"}})
        asked = running.asked
    assert told.status_code == 200
    assert [message["content"] for message in asked.messages] == ["Hi", "Yes?", "Where is the Louvre?"]


async def test_a_wrong_method_is_told_in_anthropics_shape(gateway: Gateway):
    async with gateway() as running, httpx.AsyncClient() as client:
        told = await client.get(f"{running.url}/v1/messages")
    assert (told.status_code, told.json()["type"]) == (405, "error")


async def test_tokens_are_estimated(gateway: Gateway):
    async with gateway() as running, client_of(running) as client:
        short = await client.messages.count_tokens(model="auto", messages=ASK)
        long = await client.messages.count_tokens(model="auto", messages=ASK, system="s" * 400, tools=[WHERE])
        assert running.kafka.published == []
    assert short.input_tokens == len(ASK[0]["content"]) // 4 + 1
    assert long.input_tokens > short.input_tokens + 100


def test_results_of_tools_come_first_and_their_images_are_shown():
    said = [{"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}]
    text = {"type": "text", "text": "And now?"}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "seen"}, PNG]}
    wrong = {"type": "tool_result", "tool_use_id": "t2", "content": "no such place", "is_error": True}
    told = messages_of(None, [Turn(role="assistant", content=said), Turn(role="user", content=[text, result, wrong])])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    call = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
    assert list(told) == [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "seen"},
        {"role": "tool", "tool_call_id": "t2", "content": "Error: no such place"},
        {"role": "user", "content": [image, {"type": "text", "text": "And now?"}]},
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=2_000), value=st.dictionaries(st.text(), st.integers(0, 9)))
def test_the_pieces_together_are_the_answer(make_completed: MakeCompleted, text: str, value: dict[str, int]):
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps(value)}}
    answer = {"message": {"content": text, "tool_calls": [call]}, "finish_reason": "tool_calls"}
    end = make_completed(ID, answer=answer)
    events = [part.split(b"\ndata: ")[1] for part in message_streamed(end).body.split(b"\n\n") if part]
    deltas = [json.loads(event)["delta"] for event in events if b'"content_block_delta"' in event]
    assert "".join(delta.get("text", "") for delta in deltas) == text
    assert json.loads("".join(delta.get("partial_json", "") for delta in deltas)) == value
    assert Message.model_validate(message_of(end)).stop_reason == "tool_use"


@pytest.mark.parametrize("result", [RESULT, *({**RESULT, "content": told} for told in (None, [], ""))])
def test_a_tool_may_return_nothing(result: dict[str, Any]):
    assert messages_of(None, [Turn(role="user", content=[result])]) == (
        {"role": "tool", "tool_call_id": "t", "content": ""},
    )


def test_counting_needs_no_limit():
    assert counted(json.dumps({"model": "auto", "messages": ASK}).encode())["input_tokens"] > 1
