"""Live streams on the running stack: official clients read an answer while it is written, and what becomes of it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import anthropic
import httpx
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Writes, fails, says
from pipeline.stack import Pipeline

FIND: Any = {
    "type": "function",
    "function": {"name": "find", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
CALL = [
    [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "find", "arguments": ""}}],
    [{"index": 0, "function": {"arguments": '{"city": '}}],
    [{"index": 0, "function": {"arguments": '"Paris"}'}}],
]
SOON: Any = {"portfolio": {"lane": "live"}}


@pytest.fixture
def chat(pipeline: Pipeline) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{pipeline.gateway}/v1", api_key="any", max_retries=0, timeout=90) as found:
        yield found


@pytest.fixture
def claude(pipeline: Pipeline) -> Iterator[Anthropic]:
    with Anthropic(base_url=pipeline.gateway, api_key="any", max_retries=0, timeout=90) as found:
        yield found


def asked(chat: OpenAI, question: str, **params: Any) -> Any:
    told = {"messages": [{"role": "user", "content": question}], "model": "portfolio/live", "stream": True}
    return chat.chat.completions.create(**told, **params)


def test_an_answer_is_read_while_it_is_written_and_ends_with_its_facts(pipeline: Pipeline, chat: OpenAI) -> None:
    writes = Writes("It is ", "open ", "now.")
    script = pipeline.scripts.expect({"acme-small": [writes]})
    with asked(chat, script.question, stream_options={"include_usage": True}) as stream:
        chunks = iter(stream)
        first = next(chunks)
        request_id = UUID(stream.response.headers["x-portfolio-request-id"])
        assert first.choices[0].delta.content in ("It is ", "It is open "), "it is shown before the answer has ended"
        pipeline.log.catch_up()
        assert not pipeline.log.of(request_id, "attempt.completed")
        writes.release()
        rest = list(chunks)
    told = [first, *rest]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in told if chunk.choices) == "It is open now."
    assert script.asked[0]["stream"] is True
    ended = next(chunk for chunk in told if chunk.choices and chunk.choices[0].finish_reason)
    assert ended.choices[0].finish_reason == "stop"
    assert (ended.portfolio["model"], ended.portfolio["request_id"]) == ("small", str(request_id))
    assert told[-1].usage and told[-1].usage.total_tokens == 15
    [attempt] = pipeline.ledger.story(request_id)["attempts"]
    assert attempt["output_tokens"] == 5


def test_an_answer_that_fails_its_check_says_so_last_and_the_request_goes_on(pipeline: Pipeline, chat: OpenAI) -> None:
    writes = Writes(WRONG[:5], WRONG[5:])
    script = pipeline.scripts.expect(
        {"acme-small": [writes], "backup-small": [says(RIGHT)], "backup-strong": [says(RIGHT)]}
    )
    read = []
    with asked(chat, script.question, response_format=NUMBER_SCHEMA) as stream:
        request_id = stream.response.headers["x-portfolio-request-id"]
        with pytest.raises(openai.APIError) as raised:
            for chunk in stream:
                read.append(chunk.choices[0].delta.content or "")
                writes.release()
    assert WRONG.startswith("".join(read))
    error: Any = raised.value.body
    assert (error["code"], error["portfolio"]["reason"]) == ("answer_not_verified", "check_failed")
    assert f"/v1/requests/{request_id}" in raised.value.message
    looked = httpx.get(f"{pipeline.gateway}/v1/requests/{request_id}", params={"wait": 30}, timeout=60, trust_env=False)
    told = looked.json()
    assert (told["status"], told["response"]["choices"][0]["message"]["content"]) == ("completed", RIGHT)
    assert pipeline.ledger.story(UUID(request_id))["request"]["status"] == "verified"


def test_a_provider_that_breaks_off_is_told_of_in_the_stream(pipeline: Pipeline, chat: OpenAI) -> None:
    writes = Writes("It is ", "never told.", breaks=True)
    script = pipeline.scripts.expect({"acme-small": [writes], "backup-small": [says("Closed.")]})
    with asked(chat, script.question) as stream, pytest.raises(openai.APIError) as raised:
        for chunk in stream:
            assert chunk.choices[0].delta.content == "It is "
            writes.release()
    error: Any = raised.value.body
    assert error["portfolio"]["reason"] == "provider_error"
    request_id = UUID(error["portfolio"]["request_id"])
    assert json.loads(pipeline.log.end_of(request_id).value or b"")["answer"]["message"]["content"] == "Closed."


def test_a_model_that_cannot_be_called_leaves_the_stream_to_the_next(pipeline: Pipeline, chat: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [fails(503)], "backup-small": [Writes("Yes", ".").release()]})
    chunks = list(asked(chat, script.question))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Yes."


def test_tool_calls_are_read_while_they_are_written(pipeline: Pipeline, chat: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [Writes(*CALL, finish_reason="tool_calls").release()]})
    with chat.chat.completions.stream(
        model="portfolio/live", messages=[{"role": "user", "content": script.question}], tools=[FIND]
    ) as stream:
        told = stream.get_final_completion()
    [call] = told.choices[0].message.tool_calls or []
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == ("call_1", "find", {"city": "Paris"})


def test_anthropics_client_reads_it_too(pipeline: Pipeline, claude: Anthropic) -> None:
    writes = Writes("It is ", "open ", "now.")
    script = pipeline.scripts.expect({"acme-small": [writes]})
    read = []
    told: Any = {
        "model": "portfolio/live",
        "max_tokens": 60,
        "messages": [{"role": "user", "content": script.question}],
    }
    with claude.messages.stream(**told) as stream:
        for text in stream.text_stream:
            read.append(text)
            writes.release()
        message = stream.get_final_message()
    assert "".join(read) == "It is open now."
    assert len(read) > 1
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 10, 5)


def test_anthropics_client_hears_that_it_was_not_verified(pipeline: Pipeline, claude: Anthropic) -> None:
    writes = Writes("Yes, ", "it is", finish_reason="length")
    script = pipeline.scripts.expect(
        {"acme-small": [writes], "backup-small": [says("Yes.")], "backup-strong": [says("Yes.")]}
    )
    told: Any = {
        "model": "portfolio/live",
        "max_tokens": 60,
        "messages": [{"role": "user", "content": script.question}],
    }
    with claude.messages.stream(**told) as stream, pytest.raises(anthropic.APIStatusError) as raised:
        for _ in stream.text_stream:
            writes.release()
    body: Any = raised.value.body
    assert (body["error"]["type"], body["error"]["portfolio"]["reason"]) == ("answer_not_verified", "cut_off")
