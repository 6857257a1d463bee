"""Responses that are asked for again by their ids: those that were to be stored, or are remembered anyway."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from http_waits import until
from openai.types.responses import Response

from schemas.portfolio import Portfolio
from schemas.standing import PortfolioRevised

Gateway = Callable[..., Any]
PLAIN: Any = {"model": "auto", "input": "Where is the Louvre?"}


async def test_a_stored_response_is_retrieved(gateway: Gateway):
    async with gateway(remembering=True) as running, running.client(max_retries=0) as client:
        told = await client.responses.create(**PLAIN, store=True)
        again = await client.responses.retrieve(told.id)
    assert told.store is again.store is True
    assert (again.id, again.output, again.usage) == (told.id, told.output, told.usage)
    Response.model_validate(again.to_dict(), strict=True)


async def test_of_a_stream_too(gateway: Gateway):
    async with gateway(remembering=True) as running, running.client(max_retries=0) as client:
        events = [event async for event in await client.responses.create(**PLAIN, store=True, stream=True)]
        again = await client.responses.retrieve(events[0].response.id)
    assert (again.status, again.output_text) == ("completed", "Paris.")


async def test_what_is_remembered_anyway_is_told_as_a_response(gateway: Gateway):
    async with gateway(remembering=True) as running, running.client(max_retries=0) as client:
        keyed = await client.responses.create(**PLAIN, extra_headers={"Idempotency-Key": "order-17"})
        assert (await client.responses.retrieve(keyed.id)).output_text == "Paris."
        body: Any = {"messages": [{"role": "user", "content": "Where is the Louvre?"}]}
        taken: Any = await client.post("/requests", body=body, cast_to=object)
        assert (await client.responses.retrieve(f"resp_{taken['id']}")).output_text == "Paris."


async def test_one_under_way_and_one_that_failed_say_so(gateway: Gateway, make_failed: Callable[..., Any]):
    async with gateway(lambda asked: None, remembering=True) as running, running.client(max_retries=0) as client:
        taken: Any = await client.post(
            "/requests", body={"messages": [{"role": "user", "content": "Hi"}]}, cast_to=object
        )
        waiting = await client.responses.retrieve(f"resp_{taken['id']}")
        assert (waiting.status, waiting.output, waiting.error) == ("in_progress", [], None)
        running.memory.note(make_failed(running.asked.request_id))
        failed = await client.responses.retrieve(f"resp_{taken['id']}")
    assert (failed.status, failed.error.code) == ("failed", "server_error")
    assert "small and large were tried" in failed.error.message
    Response.model_validate(failed.to_dict(), strict=True)


@pytest.mark.parametrize(
    ("reason", "code"), [("rate_limited", "rate_limit_exceeded"), ("content_filtered", "invalid_prompt")]
)
async def test_why_one_failed_is_told_in_openais_words(
    gateway: Gateway, make_failed: Callable[..., Any], reason: str, code: str
):
    script = lambda asked: make_failed(asked.request_id, reason=reason)  # noqa: E731
    async with gateway(script, remembering=True) as running, running.client(max_retries=0) as client:
        with pytest.raises(openai.APIStatusError):
            await client.responses.create(**PLAIN, store=True)
        told = await client.responses.retrieve(f"resp_{running.asked.request_id}")
    assert (told.status, told.error.code) == ("failed", code)


async def test_one_that_was_cancelled_says_so(gateway: Gateway, make_failed: Callable[..., Any]):
    script = lambda asked: make_failed(asked.request_id, reason="cancelled")  # noqa: E731
    async with gateway(script, remembering=True) as running, running.client(max_retries=0) as client:
        with pytest.raises(openai.ConflictError, match="was cancelled"):
            await client.responses.create(**PLAIN, store=True)
        told = await client.responses.retrieve(f"resp_{running.asked.request_id}")
    assert (told.status, told.error, told.store) == ("cancelled", None, True)
    Response.model_validate(told.to_dict(), strict=True)


async def test_what_was_not_to_be_stored_is_not_there(gateway: Gateway):
    async with gateway(remembering=True) as running, running.client(max_retries=0) as client:
        told = await client.responses.create(**PLAIN)
        assert told.store is False
        for wanted in (told.id, "resp_1", "resp_"):
            with pytest.raises(openai.NotFoundError, match="with store: true"):
                await client.responses.retrieve(wanted)
        with pytest.raises(openai.BadRequestError, match=r"stream: leave it out"):
            await client.responses.retrieve(told.id, stream=True)


async def test_another_tenants_is_not_there(gateway: Gateway):
    async with gateway(remembering=True) as running, running.client(max_retries=0) as client:
        told = await client.responses.create(**PLAIN, store=True)
        rows = running.memory.rows
        running.memory.rows = {("other", key): row for (_, key), row in rows.items()}
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(told.id)


async def test_vectors_are_no_response(gateway: Gateway):
    async with gateway(remembering=True) as running, running.client(max_retries=0) as client:
        await client.embeddings.create(model="auto", input="Hi", extra_headers={"Idempotency-Key": "order-18"})
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(f"resp_{running.asked.request_id}")


async def test_without_a_database_it_is_answered_all_the_same(gateway: Gateway):
    async with gateway() as running, running.client(max_retries=0) as client:
        told = await client.responses.create(**PLAIN, store=True)
        assert told.output_text == "Paris."
        with pytest.raises(openai.BadRequestError, match="DATABASE_URL"):
            await client.responses.retrieve(told.id)


async def test_a_client_that_hangs_up_may_ask_again_for_what_it_had_stored(gateway: Gateway, revised: PortfolioRevised):
    document = revised.portfolio.model_dump(mode="json", exclude_none=True)
    document["lanes"]["simple"]["on_hang_up"] = "cancel"
    applied = revised.model_copy(update={"portfolio": Portfolio.of(document)})
    async with (
        gateway(lambda asked: None, applied=applied, remembering=True) as running,
        running.client(max_retries=0) as client,
    ):
        for number, told in enumerate(({}, {"store": True}), 1):
            asking = asyncio.create_task(client.responses.create(**{**PLAIN, "model": "portfolio/simple"}, **told))
            await until(lambda number=number: len(running.kafka.published) == number)
            asking.cancel()
            await until(lambda number=number: len(running.spans.get_finished_spans()) == number)
        (first, _), _ = running.kafka.published
        assert [each.request_id for each in running.kafka.cancelled] == [first.request_id]


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
async def test_other_methods_are_told_so_in_openais_shape(gateway: Gateway, method: str):
    async with gateway() as running, httpx.AsyncClient() as client:
        told = await client.request(method, f"{running.url}/v1/responses/resp_1")
    assert (told.status_code, told.json()["error"]["code"]) == (405, "unknown_url")
