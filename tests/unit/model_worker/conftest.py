"""A provider on the loopback address that answers by script, and calls to make."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from dispatches import HELLO
from late_bench import Held
from scripted_provider import ScriptedProvider, serving

from services.model_worker.domain.calls import Call


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    """A provider that is up."""
    scripted = ScriptedProvider()
    async with serving(scripted):
        yield scripted


@pytest.fixture
async def held(provider: ScriptedProvider) -> AsyncIterator[Held]:
    """Its answer, held back until the test lets it go."""
    answer = Held()
    provider.answer = answer
    yield answer
    answer.released.set()


@pytest.fixture
def call() -> Call:
    """A call of the model ``small``, which the provider knows as ``acme-small-2026``."""
    return Call(
        attempt_id=uuid4(),
        model="small",
        payload={"model": "acme-small-2026", "messages": list(HELLO), "temperature": 0},
        fingerprint="0" * 16,
        nth=0,
        context_tokens=4096,
        prompt_characters=32,
        most_input_tokens=100,
    )
