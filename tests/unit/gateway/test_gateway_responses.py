"""OpenAI's Responses over a real loopback port, with the official client; and what is refused, by name."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response
from pydantic import BaseModel

from schemas.content import Question
from schemas.outcome import RequestCompleted, RequestFailed

ASK = "Where is the Louvre?"
USER = {"role": "user", "content": ASK}
PLAIN = {"model": "auto", "input": ASK}
SCHEMA: Any = {"type": "object", "properties": {"of": {"type": "string"}}, "required": ["of"]}
WHERE: Any = {"type": "function", "name": "where", "description": "finds", "parameters": SCHEMA, "strict": True}
CALL = {"id": "call_1", "type": "function", "function": {"name": "where", "arguments": '{"of":"Louvre"}'}}
CALLS = {"message": {"role": "assistant", "content": "I look.", "tool_calls": [CALL]}, "finish_reason": "tool_calls"}
JSON = {"type": "json_schema", "name": "city", "schema": SCHEMA, "strict": True}

Gateway = Callable[..., Any]
MakeCompleted = Callable[..., RequestCompleted]
MakeFailed = Callable[..., RequestFailed]


class Of(BaseModel):
    """What is asked for where the client parses answers."""

    of: str


def said(text: str, finish_reason: str = "stop", **told: Any) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text, **told}, "finish_reason": finish_reason}


async def post(url: str, body: Any) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}/v1/responses", json=body)


async def test_the_official_client_gets_its_response(gateway: Gateway):
    async with gateway() as running, running.client(max_retries=0) as client:
        raw = await client.responses.with_raw_response.create(
            **PLAIN,
            instructions="Be short.",
            max_output_tokens=50,
            temperature=0.2,
            top_p=0.9,
            user="u-1",
            safety_identifier="s-1",
            prompt_cache_key="faq",
            reasoning={"effort": "low", "summary": "auto"},
            text={"verbosity": "low"},
            metadata={"ticket": "T-1"},
            include=["reasoning.encrypted_content"],
            store=True,
            truncation="disabled",
            service_tier="auto",
            extra_body={"portfolio": {"risk": "high"}},
        )
        asked = running.asked
    told = raw.parse()
    assert (told.output_text, told.status, told.model) == ("Paris.", "completed", "small")
    assert (told.id, told._request_id) == (f"resp_{asked.request_id}", str(asked.request_id))
    usage = told.usage
    assert (usage.input_tokens, usage.input_tokens_details.cached_tokens, usage.total_tokens) == (12, 4, 15)
    assert (usage.output_tokens, usage.output_tokens_details.reasoning_tokens) == (3, 2)
    assert (told.instructions, told.max_output_tokens, told.metadata) == ("Be short.", 50, {"ticket": "T-1"})
    assert (told.reasoning.effort, told.text.verbosity, told.store) == ("low", "low", True)
    assert raw.headers["x-portfolio-request-id"] == str(asked.request_id)
    assert list(asked.messages) == [{"role": "system", "content": "Be short."}, USER]
    assert asked.params == {
        "max_tokens": 50,
        "temperature": 0.2,
        "top_p": 0.9,
        "user": "u-1",
        "safety_identifier": "s-1",
        "prompt_cache_key": "faq",
        "reasoning_effort": "low",
        "verbosity": "low",
    }
    assert (asked.model, asked.risk, asked.metadata) == ("auto", "high", {"ticket": "T-1"})


async def test_a_tool_is_called_and_its_result_is_answered(gateway: Gateway, make_completed: MakeCompleted):
    answers = [CALLS, said("It is there.")]
    script = lambda asked: make_completed(asked.request_id, answer=answers.pop(0))  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        turns: Any = [USER]
        told = await client.responses.create(
            model="auto", input=turns, tools=[WHERE], tool_choice="required", parallel_tool_calls=False
        )
        message, call = told.output
        assert (message.content[0].text, call.type, call.call_id) == ("I look.", "function_call", "call_1")
        assert (call.name, call.arguments, told.tools[0].name) == ("where", '{"of":"Louvre"}', "where")
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "on the Seine"}
        turns += [*told.output, result]
        again = await client.responses.create(model="auto", input=turns, tools=[WHERE])
        (first, _), (second, _) = running.kafka.published
    assert again.output_text == "It is there."
    function = {"name": "where", "description": "finds", "parameters": SCHEMA, "strict": True}
    assert list(first.tools) == [{"type": "function", "function": function}]
    assert first.params == {"tool_choice": "required", "parallel_tool_calls": False}
    assert list(second.messages) == [
        USER,
        {"role": "assistant", "content": "I look.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "on the Seine"},
    ]


async def test_an_answer_is_parsed_into_a_type(gateway: Gateway, make_completed: MakeCompleted):
    script = lambda asked: make_completed(asked.request_id, answer=said('{"of": "Louvre"}'))  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        told = await client.responses.parse(model="auto", input=ASK, text_format=Of)
        asked = running.asked
    assert told.output_parsed == Of(of="Louvre")
    schema = asked.response_format["json_schema"]
    assert (schema["name"], schema["strict"], schema["schema"]["required"]) == ("Of", True, ["of"])


async def test_an_answer_that_was_parsed_comes_back_as_it_was_said(gateway: Gateway, make_completed: MakeCompleted):
    answer = {**CALLS, "message": {**CALLS["message"], "content": '{"of": "Louvre"}'}}
    script = lambda asked: make_completed(asked.request_id, answer=answer)  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        told = await client.responses.parse(model="auto", input=ASK, text_format=Of, tools=[WHERE])
        sent, dumped = (
            [USER, *items] for items in (told.output, [item.model_dump(warnings=False) for item in told.output])
        )
        for turns in (sent, dumped):
            await client.responses.create(model="auto", input=turns)
        _, *again = [asked.messages for asked, _ in running.kafka.published]
    assert again == [(USER, answer["message"])] * 2


@pytest.mark.parametrize(
    ("finish_reason", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
)
async def test_an_answer_that_was_cut_off_is_incomplete(
    gateway: Gateway, make_completed: MakeCompleted, finish_reason: str, reason: str
):
    script = lambda asked: make_completed(asked.request_id, answer=said("Par", finish_reason))  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        told = await client.responses.create(**PLAIN)
        async with client.responses.stream(**PLAIN) as stream:
            kinds = [event.type async for event in stream]
    assert (told.status, told.incomplete_details.reason, told.output[0].status) == ("incomplete", reason, "incomplete")
    assert kinds[-1] == "response.incomplete"


async def test_what_was_used_and_when_is_told(gateway: Gateway, make_completed: MakeCompleted):
    used = {"input_tokens": 9, "cached_input_tokens": 2, "cache_write_tokens": 5, "output_tokens": 3}
    at = {"admitted_at": datetime.fromtimestamp(50, UTC), "completed_at": datetime.fromtimestamp(57, UTC)}
    async with gateway(lambda asked: make_completed(asked.request_id, usage=used, **at)) as running:
        told = (await post(running.url, PLAIN)).json()
    assert told["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 5},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 12,
    }
    assert (told["created_at"], told["completed_at"]) == (50, 57)


async def test_a_refusal_is_told_as_one(gateway: Gateway, make_completed: MakeCompleted):
    answer = said(None, refusal="I must not.")  # type: ignore[arg-type]
    script = lambda asked: make_completed(asked.request_id, answer=answer)  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        told = await client.responses.create(**PLAIN)
        turns: Any = [USER, *told.output, USER]
        await client.responses.create(model="auto", input=turns)
        asked = running.kafka.published[-1][0]
    [part] = told.output[0].content
    assert (part.type, part.refusal, told.output_text) == ("refusal", "I must not.", "")
    assert asked.messages[1] == {"role": "assistant", "content": None, "refusal": "I must not."}


async def test_what_is_long_is_not_told_again(gateway: Gateway):
    tool = {**WHERE, "description": "d" * 5_000}
    body = {**PLAIN, "instructions": "i" * 5_000, "tools": [tool], "text": {"verbosity": "low"}}
    async with gateway() as running:
        told = (await post(running.url, body)).json()
    assert (told["instructions"], told["tools"], told["text"]) == (None, [], {"verbosity": "low"})
    Response.model_validate(told, strict=True)


async def test_of_a_long_schema_its_format_is_told(gateway: Gateway):
    """By it LangChain knows the answer of a stream for one that it can parse."""
    long = {**SCHEMA, "description": "d" * 5_000}
    format_ = {**JSON, "schema": long, "description": "d" * 5_000}
    async with gateway() as running:
        text = {"verbosity": "low", "format": format_}
        told = (await post(running.url, {**PLAIN, "temperature": 0, "text": text})).json()
        longer = (await post(running.url, {**PLAIN, "text": {"format": {**JSON, "name": "n" * 5_000}}})).json()
    assert told["text"] == {"verbosity": "low", "format": {**JSON, "schema": {}, "description": None}}
    assert (told["temperature"], longer["text"]) == (0, None)
    Response.model_validate(told, strict=True)


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        ("unknown_model", 404, "model_not_found"),
        ("budget_spent", 402, "budget_spent"),
        ("rate_limited", 429, "rate_limit_exceeded"),
        ("invalid_request", 400, "invalid_request"),
        ("deadline", 504, "deadline"),
        ("tiers_spent", 502, "tiers_spent"),
    ],
)
async def test_an_honest_end_has_openais_shape(
    gateway: Gateway, make_failed: MakeFailed, reason: str, status: int, code: str
):
    script = lambda asked: make_failed(asked.request_id, reason=reason)  # noqa: E731
    async with gateway(script) as running, running.client(max_retries=0) as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.responses.create(**PLAIN)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert caught.value.response.headers["x-portfolio-status"] == "failed"


async def test_tokens_are_estimated_and_nothing_is_asked(gateway: Gateway):
    async with gateway() as running, running.client(max_retries=0) as client:
        short = await client.responses.input_tokens.count(**PLAIN)
        long = await client.responses.input_tokens.count(**PLAIN, instructions="s" * 400, tools=[WHERE])
        with pytest.raises(openai.BadRequestError, match="conversation is not supported"):
            await client.responses.input_tokens.count(**PLAIN, conversation="conv_1")
        assert running.kafka.published == []
    assert (short.input_tokens, long.input_tokens > short.input_tokens + 100) == (len(ASK) // 4 + 1, True)


async def test_a_large_body_goes_by_reference(gateway: Gateway):
    async with gateway(max_inline_bytes=5_000) as running:
        told = await post(running.url, {**PLAIN, "input": "x" * 9_000, "instructions": "i" * 9_000})
        asked = running.asked
        kept = Question.read(await running.objects.get(asked.body))
    assert (told.status_code, len(asked.to_json()) < 1_000) == (200, True)
    assert [len(message["content"]) for message in kept.messages] == [9_000] * 2


async def test_a_field_is_named_as_this_api_names_it(gateway: Gateway, make_failed: MakeFailed):
    async with gateway(lambda asked: make_failed(asked.request_id, reason="context_too_long")) as running:
        told = await post(running.url, PLAIN)
    assert (told.json()["error"]["code"], told.json()["error"]["param"]) == ("context_length_exceeded", "input")
