"""The direct adapter against a real HTTP server that behaves as badly as real ones do."""

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic

import pytest
from aiohttp import web
from own_ports import free_port
from scripted_provider import ScriptedProvider

from schemas.vocabulary import Reason
from services.model_worker.adapters.openai_compatible import OpenAICompatible, completions_url
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed

GOOD = json.dumps(
    {
        "id": "c1",
        "model": "acme-small-2026-05",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3},
    }
)
MOST_BYTES = 20_000


@pytest.fixture
async def adapter(provider: ScriptedProvider) -> AsyncIterator[OpenAICompatible]:
    adapter = OpenAICompatible(provider.url, "sk-test", MOST_BYTES)
    yield adapter
    await adapter.close()


async def failed(adapter: OpenAICompatible, call: Call) -> CallFailed:
    outcome = await adapter.call(call)
    assert isinstance(outcome, CallFailed)
    return outcome


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h:8000", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/v1", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/v1/", "http://h:8000/v1/chat/completions"),
        ("https://h/api/paas/v4", "https://h/api/paas/v4/chat/completions"),
        (
            "https://h/openai/deployments/d?api-version=1",
            "https://h/openai/deployments/d/chat/completions?api-version=1",
        ),
        ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/openai/v1/", "https://h/openai/v1/chat/completions"),
        ("https://h/openai/v1?api-version=preview", "https://h/openai/v1/chat/completions?api-version=preview"),
    ],
)
def test_where_completions_are(base_url: str, url: str) -> None:
    assert str(completions_url(base_url)) == url


async def test_a_request_is_posted_whole_with_its_key_and_its_attempt_as_idempotency_key(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call
) -> None:
    provider.says(GOOD)
    outcome = await adapter.call(call)
    assert isinstance(outcome, Answered)
    assert outcome.answered_by == "acme-small-2026-05"
    (request,) = provider.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["Authorization"] == "Bearer sk-test"
    assert request.headers["Idempotency-Key"] == str(call.attempt_id)
    assert json.loads(provider.bodies[0]) == call.payload


async def test_without_a_key_nothing_is_said_of_one(provider: ScriptedProvider, call: Call) -> None:
    provider.says(GOOD)
    adapter = OpenAICompatible(provider.url + "/v1", None, MOST_BYTES)
    await adapter.call(call)
    await adapter.close()
    assert "Authorization" not in provider.requests[0].headers


async def test_one_connection_serves_calls_in_a_row(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call
) -> None:
    provider.says(GOOD)
    for _ in range(3):
        await adapter.call(call)
    peers = {request.transport.get_extra_info("peername") for request in provider.requests if request.transport}
    assert len(peers) == 1


@pytest.mark.parametrize(("idle_s", "connections"), [(3, 1), (4.9, 2)])
async def test_a_connection_that_its_server_is_about_to_close_is_used_no_more(
    provider: ScriptedProvider,
    adapter: OpenAICompatible,
    call: Call,
    monkeypatch: pytest.MonkeyPatch,
    idle_s: float,
    connections: int,
) -> None:
    provider.says(GOOD)
    peers: set[object] = set()
    for later in (monotonic(), monotonic() + idle_s):
        monkeypatch.setattr("aiohttp.connector.monotonic", lambda now=later: now)
        await adapter.call(call)
        transport = provider.requests[-1].transport
        assert transport is not None
        peers.add(transport.get_extra_info("peername"))
    assert len(peers) == connections


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.INVALID_REQUEST),
        (401, Reason.UNAUTHORIZED),
        (403, Reason.UNAUTHORIZED),
        (408, Reason.TIMEOUT),
        (429, Reason.RATE_LIMITED),
        (500, Reason.PROVIDER_ERROR),
        (529, Reason.PROVIDER_ERROR),
    ],
)
async def test_statuses_are_typed(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call, status: int, reason: Reason
) -> None:
    provider.says('{"error": {"message": "no"}}', status, **{"Retry-After": "3"})
    failure = await failed(adapter, call)
    assert (failure.reason, failure.retry_after_ms) == (reason, 3000)


async def test_a_redirect_is_not_followed_so_that_the_key_stays_here(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call
) -> None:
    provider.says("", 307, Location=f"{provider.url}/elsewhere")
    failure = await failed(adapter, call)
    assert failure.reason is Reason.PROVIDER_ERROR
    assert "redirect" in failure.detail
    assert len(provider.requests) == 1


@pytest.mark.parametrize("body", ["<html>sign in</html>", GOOD[:-9], '{"choices": []}', ""])
async def test_a_200_that_is_no_completion_is_a_bad_answer(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call, body: str
) -> None:
    provider.says(body)
    failure = await failed(adapter, call)
    assert (failure.reason, failure.billed) == (Reason.BAD_ANSWER, Billed.UNKNOWN)


async def test_an_answer_without_end_is_cut_at_the_limit(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 8_192)

    provider.answer = endless
    failure = await failed(adapter, call)
    assert (failure.reason, failure.billed) == (Reason.BAD_ANSWER, Billed.UNKNOWN)
    assert str(MOST_BYTES) in failure.detail


async def test_a_compressed_answer_is_measured_unpacked(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call
) -> None:
    async def bomb(request: web.Request) -> web.StreamResponse:
        response = web.Response(body=b" " * 5_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    provider.answer = bomb
    assert (await failed(adapter, call)).reason is Reason.BAD_ANSWER


async def test_a_connection_that_breaks_may_have_cost_something(
    provider: ScriptedProvider, adapter: OpenAICompatible, call: Call
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"choices"')
        assert request.transport is not None
        request.transport.close()
        return response

    provider.answer = cut
    failure = await failed(adapter, call)
    assert (failure.reason, failure.billed) == (Reason.PROVIDER_ERROR, Billed.UNKNOWN)


async def test_nobody_there_is_unreachable_and_costs_nothing(call: Call) -> None:
    adapter = OpenAICompatible(f"http://127.0.0.1:{free_port()}", None, MOST_BYTES)
    failure = await failed(adapter, call)
    await adapter.close()
    assert (failure.reason, failure.billed) == (Reason.UNREACHABLE, Billed.NOTHING)


async def test_no_call_waits_for_another(provider: ScriptedProvider, adapter: OpenAICompatible, call: Call) -> None:
    calls = 120  # more than aiohttp would open by itself
    all_there = asyncio.Event()

    async def together(request: web.Request) -> web.StreamResponse:
        if len(provider.requests) == calls:
            all_there.set()
        await all_there.wait()
        return web.Response(body=GOOD)

    provider.answer = together
    outcomes = await asyncio.gather(*(adapter.call(call) for _ in range(calls)))
    assert all(isinstance(outcome, Answered) for outcome in outcomes)


async def test_the_address_is_told_for_spans(provider: ScriptedProvider, adapter: OpenAICompatible) -> None:
    host, _, port = provider.url.removeprefix("http://").partition(":")
    assert adapter.address == (host, int(port))
