"""The LiteLLM adapter says when a request leaves, and not before: only what was sent is read on past its time."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from litellm_at_work import OTHERWISE, adapter_at, provider
from own_ports import free_port
from scripted_provider import ScriptedProvider

from services.model_worker.domain.calls import Sending

__all__ = ["provider"]


@pytest.mark.parametrize("model", ["openai/acme-small", "anthropic/acme-small"])
@pytest.mark.parametrize("tell", [None, lambda delta: None], ids=["whole", "live"])
async def test_it_says_that_a_request_has_left_once_it_has(provider: ScriptedProvider, model: str, tell: Any) -> None:
    call = replace(OTHERWISE, payload={**OTHERWISE.payload, "model": model})
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
