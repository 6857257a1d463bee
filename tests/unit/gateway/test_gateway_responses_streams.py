"""Streams of OpenAI's Responses, checked first or live: typed events in their order, with the official client."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import openai
import pytest
from http_waits import until
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter
from written_answers import chunk, escalated

from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.chat_request import Form
from services.gateway.domain.responses_live import LiveResponse
from services.gateway.domain.responses_reply import response_streamed

ID = UUID("11111111-2222-4333-8444-555555555555")
ASK = "Where is the Louvre?"
PLAIN: Any = {"model": "auto", "input": ASK}
WHERE: Any = {"type": "function", "name": "where", "parameters": {"type": "object"}, "strict": False}
EVENT = TypeAdapter[Any](ResponseStreamEvent)
STREAMED = Form(stream=True)
WITHIN_S = 20

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


class Of(BaseModel):
    """What is asked for where the client parses answers."""

    of: str


def call(number: int, arguments: str = '{"of":"Louvre"}') -> Json:
    return {"id": f"call_{number}", "type": "function", "function": {"name": "where", "arguments": arguments}}


def answer_of(text: str | None, *calls: Json, refusal: str | None = None) -> Json:
    message = {"role": "assistant", "content": text, "refusal": refusal, "tool_calls": list(calls) or None}
    return {"message": message, "finish_reason": "tool_calls" if calls else "stop"}


def events_in(stream: bytes) -> list[Any]:
    """Each event as OpenAI's own types read it, strictly, numbered as it should be."""
    told = [part.split(b"\ndata: ", 1) for part in stream.split(b"\n\n") if part and not part.startswith(b":")]
    events = [EVENT.validate_json(data, strict=True) for _, data in told]
    assert [name.decode() for name, _ in told] == [f"event: {event.type}" for event in events]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    return events


def pieced(events: list[Any]) -> list[Json]:
    """The items as who only reads deltas has them, each with its done event's own words compared."""
    items: list[Json] = []
    for event in events:
        match event.type:
            case "response.output_item.added":
                assert event.output_index == len(items)
                items.append(event.item.model_dump())
            case "response.content_part.added":
                assert event.content_index == len(items[event.output_index]["content"])
                items[event.output_index]["content"].append(event.part.model_dump())
            case "response.output_text.delta":
                items[event.output_index]["content"][event.content_index]["text"] += event.delta
            case "response.refusal.delta":
                items[event.output_index]["content"][event.content_index]["refusal"] += event.delta
            case "response.function_call_arguments.delta":
                items[event.output_index]["arguments"] += event.delta
            case "response.output_text.done":
                assert items[event.output_index]["content"][event.content_index]["text"] == event.text
            case "response.function_call_arguments.done":
                assert items[event.output_index]["arguments"] == event.arguments
            case "response.output_item.done":
                items[event.output_index]["status"] = event.item.status
                assert items[event.output_index] == event.item.model_dump()
            case _:
                pass
    return items


def begun(events: list[Any]) -> Response:
    """The response as its first event tells it: the same one, of which nothing is known yet."""
    first, last = events[0].response, events[-1].response
    assert (first.status, first.output, first.usage, first.completed_at) == ("in_progress", [], None, None)
    assert (first.id, first.created_at, first.model) == (last.id, last.created_at, last.model)
    return first


TEXTS = st.one_of(st.none(), st.text(max_size=600))
ANSWERS = st.builds(
    lambda text, refusal, calls: answer_of(
        text, *(call(number, told) for number, told in enumerate(calls)), refusal=refusal
    ),
    TEXTS,
    st.one_of(st.none(), st.text(max_size=9)),
    st.lists(st.text(max_size=600), max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS)
def test_the_pieces_together_are_the_answer(make_completed: MakeCompleted, answer: Json):
    events = events_in(response_streamed(make_completed(ID, answer=answer), STREAMED).body)
    assert [event.type for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[1].response == begun(events)
    assert [item["id"] for item in pieced(events)] == [item.id for item in events[-1].response.output] != []
    assert pieced(events) == [item.model_dump() for item in events[-1].response.output]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=ANSWERS, shown=st.integers(0, 700), first=st.booleans())
def test_an_answer_shown_in_part_and_its_rest_are_the_answer(
    make_completed: MakeCompleted, answer: Json, shown: int, first: bool
):
    message = answer["message"]
    assume(message["content"] or message["refusal"] or message["tool_calls"])
    calls = [{"index": index, **each} for index, each in enumerate(message["tool_calls"] or [])]
    rest: Json = {"tool_calls": calls} if calls else {}
    beginning: Json = {}
    for name in ("content", "refusal") if first else ("refusal", "content"):
        text = message[name] or ""
        beginning |= {name: text[:shown]} if text[:shown] else {}
        rest |= {name: text[shown:]} if text[shown:] else {}
    live = LiveResponse(str(ID), 1, STREAMED)
    told = live.told(beginning, "small") + live.ended(make_completed(ID, answer=answer), rest)
    events = events_in(told)
    assert (begun(events).created_at, events[-1].portfolio["request_id"]) == (1, str(ID))
    assert pieced(events) == [item.model_dump() for item in events[-1].response.output]


def test_a_call_of_a_server_that_gives_no_ids_gets_one(make_completed: MakeCompleted):
    answer = answer_of(None, *({"function": {"name": "where", "arguments": "{}"}} for _ in range(2)))
    events = events_in(response_streamed(make_completed(ID, answer=answer), STREAMED).body)
    assert [item.call_id for item in events[-1].response.output] == [f"fc_{ID}_0", f"fc_{ID}_1"]


@pytest.mark.parametrize("progress_s", [60, 0.01])
async def test_a_stream_is_the_response_in_events(gateway: Gateway, make_completed: MakeCompleted, progress_s: float):
    answer = answer_of("I look.", call(1), call(2))
    script = lambda asked: make_completed(asked.request_id, answer=answer)  # noqa: E731
    async with (
        gateway(script, progress_s=progress_s) as running,
        running.client(max_retries=0) as client,
        client.responses.stream(**PLAIN, tools=[WHERE]) as stream,
    ):
        kinds = [event.type async for event in stream]
        told = await stream.get_final_response()
    a_call = [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        *a_call,
        *a_call,
        "response.completed",
    ]
    assert told.output_text == "I look."
    assert [item.call_id for item in told.output if item.type == "function_call"] == ["call_1", "call_2"]
    assert told.tools[0].name == "where"


async def test_a_stream_is_parsed_into_a_type(gateway: Gateway, make_completed: MakeCompleted):
    script = lambda asked: make_completed(asked.request_id, answer=answer_of('{"of": "Louvre"}'))  # noqa: E731
    async with (
        gateway(script) as running,
        running.client(max_retries=0) as client,
        client.responses.stream(**PLAIN, text_format=Of) as stream,
    ):
        assert (await stream.get_final_response()).output_parsed == Of(of="Louvre")


async def test_a_stream_that_waits_says_so_and_then_tells_what_went_wrong(gateway: Gateway, make_failed: MakeFailed):
    async with (
        gateway(lambda asked: None, progress_s=0.01) as running,
        httpx.AsyncClient() as client,
        client.stream("POST", f"{running.url}/v1/responses", json={**PLAIN, "stream": True}) as reply,
    ):
        lines = reply.aiter_lines()
        assert await anext(lines) == ": waiting for a checked answer"
        running.kafka.handlers.on_request_failed(make_failed(running.asked.request_id), None)
        rest = [line async for line in lines if line]
    assert rest[-2] == "event: error"
    error = json.loads(rest[-1].removeprefix("data: "))
    assert (error["type"], error["code"], error["sequence_number"]) == ("error", "tiers_spent", 0)
    assert error["error"]["message"] == error["message"]


async def test_the_official_client_raises_what_a_waiting_stream_tells(gateway: Gateway, make_failed: MakeFailed):
    async with gateway(lambda asked: None, progress_s=0.01) as running, running.client(max_retries=0) as client:
        stream = await client.responses.create(**PLAIN, stream=True)
        running.kafka._end(make_failed(running.asked.request_id))
        with pytest.raises(openai.APIError, match="small and large were tried") as caught:
            [event async for event in stream]
    assert caught.value.code == "tiers_spent"


async def test_an_answer_is_read_while_it_is_written(gateway: Gateway, make_completed: MakeCompleted):
    written = ("Par", "is", [{"index": 0, **call(1, '{"of":')}], [{"index": 0, "function": {"arguments": '"Louvre"}'}}])
    answer = answer_of("Paris", call(1))
    script = lambda asked: (written, make_completed(asked.request_id, answer=answer))  # noqa: E731
    async with (
        gateway(script) as running,
        running.client(max_retries=0) as client,
        client.responses.stream(**PLAIN, tools=[WHERE]) as stream,
    ):
        events = [event async for event in stream]
        told = await stream.get_final_response()
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(texts) == told.output_text == "Paris"
    assert told.output[1].arguments == '{"of":"Louvre"}'
    facts = events[-1].response
    assert (facts.status, facts.usage.output_tokens) == ("completed", 3)
    assert running.live.ended == {"passed": 1}


async def test_no_item_is_done_before_the_answer_has_passed(gateway: Gateway, make_failed: MakeFailed):
    written = ("Par", [{"index": 0, **call(1)}])
    script = lambda asked: (written, make_failed(asked.request_id))  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        stream = await client.responses.create(**PLAIN, stream=True)
        events: list[Any] = []
        with pytest.raises(openai.APIError, match="was not verified") as caught:
            async for event in stream:
                events.append(event)  # noqa: PERF401 what came before it raised is looked at
    assert caught.value.code == "answer_not_verified"
    assert not [event.type for event in events if event.type.endswith(".done")]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last = events[-1]
    assert (last.type, last.response.status, last.response.error.code) == ("response.failed", "failed", "server_error")
    Response.model_validate(last.response.to_dict(), strict=True)


async def test_an_escalation_under_a_key_ends_what_was_shown(gateway: Gateway):
    numbers = count()
    async with (
        gateway(lambda asked: None, remembering=True) as running,
        httpx.AsyncClient(timeout=WITHIN_S) as client,
    ):
        body, headers = {**PLAIN, "stream": True}, {"Idempotency-Key": "order-17"}
        sending = asyncio.create_task(client.post(f"{running.url}/v1/responses", json=body, headers=headers))
        await until(lambda: len(running.kafka.published) == 1, WITHIN_S)
        request_id = running.asked.request_id
        running.kafka.handlers.on_answer_streamed(chunk(request_id, next(numbers), "Par"), None)
        await until(lambda: running.live.first_texts["live"] == 1, WITHIN_S)
        running.kafka.handlers.on_request_escalated(escalated(request_id), None)
        told = (await sending).content
    *_, last_but_one, last = [json.loads(part.split(b"data: ", 1)[1]) for part in told.split(b"\n\n") if part]
    assert (last_but_one["type"], last["type"]) == ("response.failed", "error")
    assert last["error"]["portfolio"]["answer"] == f"GET /v1/requests/{request_id} gives the answer that passes"
    assert last["sequence_number"] == last_but_one["sequence_number"] + 1
