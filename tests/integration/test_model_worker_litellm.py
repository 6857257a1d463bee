"""The LiteLLM adapter and its price list: the real library against a server of the tests' own."""

import json
import socket
import struct
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from dispatches import HELLO
from litellm_at_work import CALL, OTHERWISE, adapter_at, provider
from own_ports import free_port
from scripted_provider import ScriptedProvider

from schemas.content import Answer, Vector, Vectors
from schemas.vocabulary import Reason
from services.model_worker.adapters.price_list import PriceList
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed

GOOD = json.dumps(
    {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "acme-small-2026-05",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }
)
__all__ = ["provider"]
RESET = struct.pack("ii", 1, 0)


async def failed(url: str, call: Call = CALL) -> CallFailed:
    outcome = await (await adapter_at(url)).call(call)
    assert isinstance(outcome, CallFailed)
    return outcome


async def test_a_call_goes_through_once_with_what_was_asked(provider: ScriptedProvider) -> None:
    provider.says(GOOD, **{"Content-Type": "application/json"})
    outcome = await (await adapter_at(provider.url)).call(CALL)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    assert outcome.answer.content() == "Yes."
    assert outcome.answer.finish_reason == "stop"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.estimated) == (12, 3, False)
    (request,) = provider.requests
    assert request.headers["Authorization"] == "Bearer sk-test"
    assert request.headers["Idempotency-Key"] == str(CALL.attempt_id)
    sent = json.loads(provider.bodies[0])
    assert (sent["model"], sent["messages"], sent["seed"]) == ("acme-small", list(HELLO), 5)


def _event(finish_reason: str | None = None, usage: Any = None, **delta: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}] if usage is None else []
    told = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "acme-1", "choices": choices}
    return f"data: {json.dumps(told | ({'usage': usage} if usage else {}))}\n\n".encode()


@pytest.mark.parametrize("breaks", [False, True])
async def test_an_answer_is_told_while_it_is_written_and_comes_to_the_same(
    provider: ScriptedProvider, breaks: bool
) -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    parts = [_event(role="assistant", content="Ye"), _event(content="s."), _event("stop"), _event(usage=usage)]

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for part in parts[: 1 if breaks else None]:
            await response.write(part)
        if breaks and request.transport is not None:
            request.transport.close()
        else:
            await response.write(b"data: [DONE]\n\n")
        return response

    provider.answer = answer
    told: list[Any] = []
    outcome = await (await adapter_at(provider.url)).call(CALL, told.append)
    assert "".join(delta["content"] for delta in told) == ("Ye" if breaks else "Yes.")
    assert json.loads(provider.bodies[0])["stream_options"] == {"include_usage": True}
    if breaks:
        assert isinstance(outcome, CallFailed)
        assert (outcome.reason, outcome.billed) == (Reason.PROVIDER_ERROR, Billed.UNKNOWN)
    else:
        assert isinstance(outcome, Answered)
        assert isinstance(outcome.answer, Answer)
        assert (outcome.answer.content(), outcome.answer.finish_reason) == ("Yes.", "stop")
        assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.estimated) == (12, 3, False)


async def test_a_stream_that_ends_without_saying_why_is_no_whole_answer(provider: ScriptedProvider) -> None:
    """LiteLLM makes up that the model stopped."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(_event(role="assistant", content="Ye") + _event(content="s, bu"))
        return response

    provider.answer = answer
    outcome = await (await adapter_at(provider.url)).call(CALL, lambda delta: None)
    assert isinstance(outcome, CallFailed)
    assert (outcome.reason, outcome.billed) == (Reason.PROVIDER_ERROR, Billed.UNKNOWN)


async def test_half_a_character_of_a_stream_is_borne(provider: ScriptedProvider) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(_event(role="assistant", content="\ud83d") + _event(content="\ude00") + _event("stop"))
        await response.write(b"data: [DONE]\n\n")
        return response

    provider.answer = answer
    told: list[Any] = []
    outcome = await (await adapter_at(provider.url)).call(CALL, told.append)
    assert isinstance(outcome, Answered)
    assert isinstance(outcome.answer, Answer)
    assert json.dumps(told, ensure_ascii=False).encode()
    assert str(outcome.answer.content()).encode()


async def test_a_provider_with_an_api_of_its_own_is_not_asked_again_when_the_connection_breaks(
    provider: ScriptedProvider,
) -> None:
    """LiteLLM would send it a second time, and both could be billed."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        request.transport.abort()
        return web.Response()

    provider.answer = cut
    failure = await failed(provider.url, OTHERWISE)
    assert (failure.reason, failure.billed) == (Reason.PROVIDER_ERROR, Billed.UNKNOWN)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_of_a_provider_with_an_api_of_its_own_is_bounded_and_asked_for_unpacked(
    provider: ScriptedProvider, packed: bool
) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b" " * 1_000_000)
        if packed:
            response.enable_compression(web.ContentCoding.gzip)
        return response

    provider.answer = large
    failure = await failed(provider.url, OTHERWISE)
    assert (failure.reason, failure.billed) == (Reason.BAD_ANSWER, Billed.UNKNOWN)
    [request] = provider.requests
    assert request.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "error", "reason", "billed"),
    [
        (400, {"message": "bad temperature"}, Reason.INVALID_REQUEST, Billed.NOTHING),
        (
            400,
            {"message": "This model's maximum context length is 8 tokens.", "code": "context_length_exceeded"},
            Reason.CONTEXT_TOO_LONG,
            Billed.NOTHING,
        ),
        (401, {"message": "about Mondays"}, Reason.UNAUTHORIZED, Billed.NOTHING),
        (404, {"message": "about Mondays"}, Reason.UNKNOWN_MODEL, Billed.NOTHING),
        (429, {"message": "about Mondays"}, Reason.RATE_LIMITED, Billed.NOTHING),
        (500, {"message": "about Mondays"}, Reason.PROVIDER_ERROR, Billed.UNKNOWN),
        (503, {"message": "about Mondays"}, Reason.PROVIDER_ERROR, Billed.NOTHING),
    ],
)
async def test_its_errors_are_typed_and_nothing_is_tried_again(
    provider: ScriptedProvider, status: int, error: Any, reason: Reason, billed: Billed
) -> None:
    provider.says(json.dumps({"error": error}), status, **{"Retry-After": "4", "Content-Type": "application/json"})
    failure = await failed(provider.url)
    assert (failure.reason, failure.billed) == (reason, billed)
    assert error["message"] not in failure.detail
    assert len(provider.requests) == 1


async def test_the_wait_that_a_provider_asks_for_is_found(provider: ScriptedProvider) -> None:
    provider.says('{"error": {"message": "no"}}', 429, **{"Retry-After": "4", "Content-Type": "application/json"})
    assert (await failed(provider.url)).retry_after_ms == 4000


async def test_nobody_there_is_a_failure_of_the_path() -> None:
    failure = await failed(f"http://127.0.0.1:{free_port()}")
    assert failure.reason in (Reason.UNREACHABLE, Reason.PROVIDER_ERROR)
    assert str(HELLO[0]["content"]) not in failure.detail


async def test_a_clients_parameters_cannot_send_the_key_elsewhere(provider: ScriptedProvider) -> None:
    thief = {**CALL.payload, "api_base": "http://127.0.0.1:9/v1", "mock_response": "free"}
    failure = await failed(provider.url, replace(CALL, payload=thief))
    assert failure.reason is Reason.INVALID_REQUEST
    assert "api_base, mock_response" in failure.detail
    assert provider.requests == []


async def test_marks_of_prompt_caching_reach_anthropic_and_what_they_did_is_read(provider: ScriptedProvider) -> None:
    mark = {"type": "ephemeral"}
    rules = {"role": "system", "content": [{"type": "text", "text": "Rules.", "cache_control": mark}]}
    asked = [rules, {"role": "user", "content": "Hi", "cache_control": mark}]
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}, "cache_control": mark}
    payload = {"model": "anthropic/acme-small", "messages": asked, "tools": [tool], "max_tokens": 5}
    usage = {"input_tokens": 5, "cache_creation_input_tokens": 40, "cache_read_input_tokens": 30, "output_tokens": 3}
    told = {"id": "m", "type": "message", "role": "assistant", "model": "acme-small", "stop_reason": "end_turn"}
    answer = {**told, "content": [{"type": "text", "text": "Yes."}], "stop_sequence": None, "usage": usage}
    provider.says(json.dumps(answer), **{"Content-Type": "application/json"})
    outcome = await (await adapter_at(provider.url)).call(replace(CALL, payload=payload))
    assert isinstance(outcome, Answered), outcome
    sent = json.loads(provider.bodies[0])
    marked = (sent["system"][0], sent["messages"][0]["content"][0], sent["tools"][0])
    assert [each["cache_control"] for each in marked] == [mark] * 3
    read = outcome.usage
    assert (read.input_tokens, read.cached_input_tokens, read.cache_write_tokens, read.output_tokens) == (75, 30, 40, 3)


async def test_what_only_openai_takes_reaches_it(provider: ScriptedProvider) -> None:
    provider.says(GOOD, **{"Content-Type": "application/json"})
    told = {"prompt_cache_key": "faq", "safety_identifier": "ada"}
    outcome = await (await adapter_at(provider.url)).call(replace(CALL, payload={**CALL.payload, **told}))
    assert isinstance(outcome, Answered), outcome
    assert told.items() <= json.loads(provider.bodies[0]).items()


PICTURE = {"type": "image_url", "image_url": {"url": "{}/picture.png"}}
VENDORS = ("bedrock", "bedrock/converse", "gemini", "anthropic", "ollama", "mistral", "gigachat")
PAPER = {"type": "file", "file": {"file_id": "{}/paper.pdf"}}


def of_part(url: str, part: Any, model: str) -> Call:
    """A call whose message has a part that names an address of this server."""
    content = [{"type": "text", "text": "What is this?"}, json.loads(json.dumps(part).replace("{}", url))]
    return replace(CALL, payload={"model": model, "messages": [{"role": "user", "content": content}], "max_tokens": 5})


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM takes loopback for a public address, and has all that it wants for Amazon's models."""
    from litellm.litellm_core_utils import url_utils

    monkeypatch.setattr(url_utils, "_is_blocked_ip", lambda address: False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION_NAME"):
        monkeypatch.setenv(name, "us-east-1")


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize("part", [PICTURE, PAPER], ids=["picture", "paper"])
@pytest.mark.parametrize("vendor", VENDORS)
async def test_nothing_is_fetched_from_an_address_that_a_client_names(
    provider: ScriptedProvider, vendor: str, part: Any
) -> None:
    await (await adapter_at(provider.url)).call(of_part(provider.url, part, f"{vendor}/anthropic.claude-3-acme"))
    assert [request.path for request in provider.requests if request.method == "GET"] == []


@pytest.mark.usefixtures("anywhere")
@pytest.mark.parametrize(
    ("vendor", "part"), [("bedrock", PICTURE), ("ollama", PICTURE), ("gigachat", PICTURE), ("openai", PAPER)]
)
async def test_a_path_that_takes_no_address_says_so(
    provider: ScriptedProvider, vendor: str, part: Any, caplog: pytest.LogCaptureFixture
) -> None:
    failure = await failed(provider.url, of_part(provider.url, part, f"{vendor}/anthropic.claude-3-acme"))
    assert (failure.reason, failure.billed) == (Reason.LACKS_ABILITY, Billed.NOTHING)
    assert "data URL" in failure.detail
    assert provider.url not in failure.detail + caplog.text


async def test_an_address_goes_to_a_provider_that_takes_it(provider: ScriptedProvider) -> None:
    provider.says(GOOD, **{"Content-Type": "application/json"})
    outcome = await (await adapter_at(provider.url)).call(of_part(provider.url, PICTURE, "openai/acme-small"))
    assert isinstance(outcome, Answered), outcome
    assert f"{provider.url}/picture.png" in provider.bodies[0].decode()
    assert len(provider.requests) == 1


async def test_the_library_asks_its_makers_for_nothing() -> None:
    """It would fetch a list of headers at the first call of Anthropic, and hold all calls meanwhile."""
    await adapter_at("http://127.0.0.1:9")
    assert litellm_fetches() == []


def litellm_fetches() -> list[str]:
    import httpx
    from litellm import anthropic_beta_headers_manager as headers

    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx, "get", lambda url, **options: asked.append(url))
        headers.get_beta_headers_config("http://127.0.0.1:9/headers.json")
    return asked


def test_prices_come_with_the_version_of_the_list() -> None:
    prices = PriceList()
    rate = prices.rate("gpt-4o-mini")
    assert rate is not None
    assert 0 < rate.cached_input < rate.input < rate.output
    assert rate.price_list.startswith("litellm-")
    assert prices.rate("no-such-model") is None


async def test_texts_are_embedded_by_one_call(provider: ScriptedProvider) -> None:
    data = [{"object": "embedding", "index": index, "embedding": [0.5, index]} for index in range(2)]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    told = {"object": "list", "model": "acme-embed-1", "data": data, "usage": usage}
    provider.says(json.dumps(told), **{"Content-Type": "application/json"})
    payload = {"model": "openai/acme-embed", "input": ["one", "two"], "dimensions": 2}
    outcome = await (await adapter_at(provider.url)).call(replace(CALL, payload=payload, vectors=2))
    assert isinstance(outcome, Answered)
    assert outcome.answer == Vectors(embeddings=tuple(Vector.at(index, (0.5, index)) for index in range(2)))
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.usage.estimated) == (4, 0, False)
    (request,) = provider.requests
    assert (request.path, request.headers["Idempotency-Key"]) == ("/v1/embeddings", str(CALL.attempt_id))
    sent = json.loads(provider.bodies[0])
    assert (sent["model"], sent["input"], sent["dimensions"]) == ("acme-embed", ["one", "two"], 2)
