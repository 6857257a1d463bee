"""Streams over a real loopback port, with the official client and with one that reads bytes."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from http_waits import until
from hypothesis import given
from hypothesis import strategies as st

from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.adapters.event_stream import EventStream
from services.gateway.domain.chat_stream import stream_of

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
BODY = json.dumps({"messages": ASK, "stream": True}).encode()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
CALLS = [
    {"id": f"call_{n}", "type": "function", "function": {"name": "where", "arguments": f'{{"n":{n}}}'}} for n in (1, 2)
]
WITHIN_S = 20
WAITING = ": waiting for a checked answer"
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


def completion(**message: Any) -> dict[str, Any]:
    told = {"role": "assistant", "content": None, "refusal": None, **message}
    choice = {"index": 0, "message": told, "logprobs": None, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


@given(text=st.text(max_size=2_000), include_usage=st.booleans())
def test_the_pieces_together_are_the_text(text: str, include_usage: bool):
    *lines, done, nothing = stream_of(completion(content=text), include_usage=include_usage).split(b"\n\n")
    chunks = [json.loads(line.removeprefix(b"data: ")) for line in lines]
    assert (done, nothing) == (b"data: [DONE]", b"")
    told = [chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"]]
    assert "".join(told) == text
    assert [chunk["usage"] for chunk in chunks if chunk.get("usage")] == [USAGE] * include_usage


async def test_the_official_client_gets_chunks_and_usage(gateway: Gateway):
    async with gateway() as running, running.client() as client:
        stream = await client.chat.completions.create(
            model="auto", messages=ASK, stream=True, stream_options={"include_usage": True}
        )
        assert stream.response.headers["x-portfolio-model"] == "small"
        chunks = [chunk async for chunk in stream]
        assert {chunk.id for chunk in chunks} == {f"chatcmpl-{running.asked.request_id}"}
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "Paris."
    assert (chunks[-2].choices[0].finish_reason, chunks[-2].usage) == ("stop", None)
    assert chunks[-1].choices == []
    assert chunks[-1].usage and chunks[-1].usage.total_tokens == 15


async def test_parallel_tool_calls_come_back_each_with_its_index(gateway: Gateway, make_completed: MakeCompleted):
    answer = {"message": {"role": "assistant", "content": None, "tool_calls": CALLS}, "finish_reason": "tool_calls"}
    async with (
        gateway(lambda asked: make_completed(asked.request_id, answer=answer)) as running,
        running.client() as client,
        client.chat.completions.stream(model="auto", messages=ASK) as stream,
    ):
        told = await stream.get_final_completion()
    calls = told.choices[0].message.tool_calls or []
    assert [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("call_1", "where", {"n": 1}),
        ("call_2", "where", {"n": 2}),
    ]
    assert told.choices[0].finish_reason == "tool_calls"


async def test_a_long_wait_is_told_in_comments_and_then_the_answer(gateway: Gateway, make_completed: MakeCompleted):
    async with (
        gateway(lambda asked: None, progress_s=0.01) as running,
        httpx.AsyncClient() as client,
        client.stream("POST", f"{running.url}/v1/chat/completions", json=json.loads(BODY)) as reply,
    ):
        lines = reply.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == [WAITING, "", WAITING]
        running.kafka.handlers.on_request_completed(make_completed(running.asked.request_id), None)
        rest = [line async for line in lines]
    assert reply.headers["x-portfolio-request-id"] == str(running.asked.request_id)
    assert ": x-portfolio-model: small" in rest
    assert [line for line in rest if line][-1] == "data: [DONE]"


async def test_a_failure_before_the_stream_began_has_its_own_status(gateway: Gateway, make_failed: MakeFailed):
    async with (
        gateway(lambda asked: make_failed(asked.request_id)) as running,
        running.client(max_retries=0) as client,
    ):
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model="auto", messages=ASK, stream=True)
    assert (caught.value.status_code, caught.value.code) == (502, "tiers_spent")


async def test_a_failure_after_it_began_is_the_last_event(gateway: Gateway, make_failed: MakeFailed):
    async with gateway(lambda asked: None, progress_s=0.01) as running, running.client(max_retries=0) as client:
        stream = await client.chat.completions.create(model="auto", messages=ASK, stream=True)
        running.kafka.handlers.on_request_failed(make_failed(running.asked.request_id), None)
        with pytest.raises(openai.APIError, match="small and large were tried"):
            await anext(aiter(stream))
        await until(lambda: len(running.spans.get_finished_spans()) == 1, WITHIN_S)
    [span] = running.spans.get_finished_spans()
    assert span.attributes and span.attributes["http.response.status_code"] == 502


@pytest.mark.parametrize("heard", [0, 1, 40])
async def test_a_client_that_leaves_a_stream_leaves_nothing_behind(gateway: Gateway, heard: int):
    async with gateway(lambda asked: None, progress_s=0.01) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HEAD % len(BODY) + BODY)
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        for _ in range(heard):
            await asyncio.wait_for(reader.readline(), WITHIN_S)
        writer.close()
        await until(lambda: len(running.waiting) == 0, WITHIN_S)
        await until(lambda: len(running.spans.get_finished_spans()) == 1, WITHIN_S)
        [span] = running.spans.get_finished_spans()
        assert span.attributes and span.attributes["http.response.status_code"] == 499


async def test_a_client_that_never_takes_the_end_is_left():
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        await asyncio.Event().wait()

    await asyncio.wait_for(EventStream(send, taken_within_s=0.01).end(b"the rest"), WITHIN_S)
    assert [message["body"] for message in sent] == [b"the rest"]


async def test_options_of_a_stream_without_a_stream_are_refused(gateway: Gateway):
    async with gateway() as running, httpx.AsyncClient() as client:
        body = {"messages": ASK, "stream_options": {"include_usage": True}}
        told = await client.post(f"{running.url}/v1/chat/completions", json=body)
        assert running.kafka.published == []
    assert (told.status_code, told.json()["error"]["param"]) == (400, "stream_options")
