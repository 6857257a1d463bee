"""LiteLLM's adapter before a scripted provider: the calls that it makes there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest
from dispatches import HELLO
from scripted_provider import ScriptedProvider, serving

from schemas.providers import Provider
from services.model_worker.adapters.provider import Providers
from services.model_worker.domain.calls import Adapter, Call

CALL = Call(
    attempt_id=uuid4(),
    model="small",
    payload={"model": "openai/acme-small", "messages": list(HELLO), "temperature": 0, "seed": 5},
    fingerprint="0" * 16,
    nth=0,
    context_tokens=4096,
    prompt_characters=32,
    most_input_tokens=100,
)
OTHERWISE = replace(CALL, payload={"model": "anthropic/acme-small", "messages": list(HELLO), "max_tokens": 5})
"""A call in another API than OpenAI's, which LiteLLM makes by a client of its own."""


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    async with serving(ScriptedProvider()) as scripted:
        yield scripted


async def adapter_at(url: str) -> Adapter:
    entry = Provider.of({"adapter": "litellm", "base_url": "${ACME_URL}/v1", "api_key_env": "ACME_KEY"})
    return await Providers("acme", {"ACME_URL": url, "ACME_KEY": "sk-test"}, 10_000).adapter_of(entry)
