"""A request's id, where the official clients look for it."""

from collections.abc import Callable
from typing import Any

import openai
import pytest
from anthropic import AsyncAnthropic

from schemas.outcome import RequestFailed

ASK: Any = [{"role": "user", "content": "Where is the Louvre?"}]
Gateway = Callable[..., Any]
MakeFailed = Callable[..., RequestFailed]


async def test_the_official_client_knows_the_requests_id_of_an_answer_and_of_an_error(
    gateway: Gateway, make_failed: MakeFailed
):
    async with gateway() as running, running.client() as client:
        told = await client.chat.completions.create(model="auto", messages=ASK)
        assert told._request_id == str(running.asked.request_id)
    async with gateway(lambda asked: make_failed(asked.request_id)) as running, running.client() as client:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model="auto", messages=ASK)
        assert caught.value.request_id == str(running.asked.request_id)


async def test_anthropics_client_knows_the_requests_id(gateway: Gateway):
    async with gateway() as running, AsyncAnthropic(base_url=running.url, api_key="any", max_retries=0) as client:
        told = await client.messages.create(model="auto", max_tokens=50, messages=ASK)
        assert told._request_id == str(running.asked.request_id)
