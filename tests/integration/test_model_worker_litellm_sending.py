"""The LiteLLM adapter says when a request leaves, and not before: only what was sent is read on past its time."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from dispatches import HELLO
from own_ports import free_port
from scripted_provider import ScriptedProvider, serving

from schemas.providers import Provider
from services.model_worker.adapters.provider import Providers
from services.model_worker.domain.calls import Adapter, Call, Sending

CALL = Call(
    attempt_id=uuid4(),
    model="small",
    payload={"messages": list(HELLO), "max_tokens": 5},
    fingerprint="0" * 16,
    nth=0,
    context_tokens=4096,
    prompt_characters=32,
    most_input_tokens=100,
)


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    async with serving(ScriptedProvider()) as scripted:
        yield scripted


async def adapter_at(url: str) -> Adapter:
    entry = Provider.of({"adapter": "litellm", "base_url": "${ACME_URL}/v1", "api_key_env": "ACME_KEY"})
    return await Providers("acme", {"ACME_URL": url, "ACME_KEY": "sk-test"}, 10_000).adapter_of(entry)


@pytest.mark.parametrize("model", ["openai/acme-small", "anthropic/acme-small"])
@pytest.mark.parametrize("tell", [None, lambda delta: None], ids=["whole", "live"])
async def test_it_says_that_a_request_has_left_once_it_has(provider: ScriptedProvider, model: str, tell: Any) -> None:
    call = replace(CALL, payload={**CALL.payload, "model": model})
    sending, seen = Sending(), list[bool]()

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(sending.has_left)
        return web.Response(status=429, text="{}")

    provider.answer = answer
    await (await adapter_at(provider.url)).call(call, tell, sending)
    assert seen == [True]
    (request,) = provider.requests
    assert request.headers["Content-Length"] == str(len(provider.bodies[0]))
    unheard = Sending()
    await (await adapter_at(f"http://127.0.0.1:{free_port()}")).call(call, tell, unheard)
    assert not unheard.has_left, "nobody listened"
