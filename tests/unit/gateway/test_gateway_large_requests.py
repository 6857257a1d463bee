"""Requests that are larger than a message of Kafka, over a real loopback port and a real store in memory."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from infra.objects.failures import ObjectsAway
from schemas.content import Question
from services.gateway.adapters.large_bodies import LargeBodies, ReaderBroke
from services.gateway.domain.dialect import OPENAI

BODY = json.dumps({"messages": [{"role": "user", "content": "Where is the Louvre?"}]}).encode()
LARGE = json.dumps({"messages": [{"role": "user", "content": "x" * 2_000}]}).encode()
JSON = {"content-type": "application/json"}
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
WITHIN_S = 5
Gateway = Callable[..., Any]


async def post(url: str, **told: Any) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}/v1/chat/completions", **told)


@pytest.mark.parametrize("content", ['"' * 2_000, "x" * 9_000], ids=["as its events carry it", "as it comes"])
async def test_a_body_that_kafka_could_not_carry_goes_by_reference(gateway: Gateway, content: str):
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    body = json.dumps({"messages": [{"role": "user", "content": content}], "tools": tools, "seed": 7}).encode()
    async with gateway(max_inline_bytes=5_000) as running:
        assert (await post(running.url, content=body, headers=JSON)).status_code == 200
        asked = running.asked
        assert asked.body is not None
        assert (len(asked.messages), asked.tools, asked.params) == (1, None, {})
        assert len(asked.to_json()) < 1_000
        kept = Question.read(await running.objects.get(asked.body))
    assert kept.messages == ({"role": "user", "content": content},)
    assert (kept.tools, kept.params) == (tuple(tools), {"seed": 7})


async def test_few_large_bodies_are_taken_at_once_and_small_ones_meanwhile(gateway: Gateway):
    async with gateway(max_inline_bytes=1_000, max_large_at_once=1) as running:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(HEAD % 9_000 + b"x" * 2_000)
        large = json.dumps({"messages": [{"role": "user", "content": "x" * 2_000}]}).encode()

        async def is_refused() -> bool:
            return (await post(running.url, content=large, headers=JSON)).status_code == 503

        await until_so(is_refused)
        assert (await post(running.url, content=BODY, headers=JSON)).status_code == 200
        writer.close()

        async def is_served() -> bool:
            return (await post(running.url, content=large, headers=JSON)).status_code == 200

        await until_so(is_served)


async def test_others_are_served_while_a_large_body_is_taken_apart(gateway: Gateway):
    """One of many small parts holds the interpreter for seconds, in a thread as well."""
    async with gateway(max_inline_bytes=1_000) as running:
        assert (await post(running.url, content=LARGE, headers=JSON)).status_code == 200
        apart = running.large_bodies.process
        apart.send_signal(signal.SIGSTOP)
        large = asyncio.create_task(post(running.url, content=LARGE, headers=JSON))
        try:
            await until_so(lambda: is_taking(running))
            assert (await post(running.url, content=BODY, headers=JSON)).status_code == 200
            assert not large.done()
        finally:
            apart.send_signal(signal.SIGCONT)
        assert (await large).status_code == 200
        assert len(running.kafka.published) == 3


async def test_a_process_that_dies_of_a_body_costs_no_other_request_anything(gateway: Gateway):
    async with gateway(max_inline_bytes=1_000) as running:
        assert (await post(running.url, content=LARGE, headers=JSON)).status_code == 200
        apart = running.large_bodies.process
        apart.send_signal(signal.SIGSTOP)
        large = asyncio.create_task(post(running.url, content=LARGE, headers=JSON))
        await until_so(lambda: is_taking(running))
        apart.kill()
        told = await large
        assert (told.status_code, told.headers["x-should-retry"]) == (503, "true")
        assert (await post(running.url, content=LARGE, headers=JSON)).status_code == 200
        assert running.large_bodies.process is not apart


async def test_a_process_that_died_between_two_bodies_is_begun_anew(gateway: Gateway):
    async with gateway(max_inline_bytes=1_000) as running:
        assert (await post(running.url, content=LARGE, headers=JSON)).status_code == 200
        apart = running.large_bodies.process
        apart.kill()
        await apart.wait()
        assert (await post(running.url, content=LARGE, headers=JSON)).status_code == 200


async def test_the_process_ends_with_the_gateway_whatever_ended_it(gateway: Gateway):
    async with gateway(max_inline_bytes=1_000) as running:
        await post(running.url, content=LARGE, headers=JSON)
        apart = running.large_bodies.process
        apart.stdin.close()  # as the kernel does for one that was killed
        assert await asyncio.wait_for(apart.wait(), WITHIN_S) == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b'{"messages": []' + b" " * 2_000, 400, "invalid_json"), (LARGE.replace(b"messages", b"massages"), 400, None)],
)
async def test_what_is_wrong_with_a_large_body_is_told_as_of_any(
    gateway: Gateway, body: bytes, status: int, code: str | None
):
    async with gateway(max_inline_bytes=1_000) as large, gateway() as small:
        told, as_of_any = [(await post(each.url, content=body, headers=JSON)) for each in (large, small)]
        assert told.status_code == as_of_any.status_code == status
        assert told.json() == as_of_any.json()
        assert code is None or told.json()["error"]["code"] == code
        assert large.large_bodies.process is not None
        assert small.large_bodies.process is None


async def test_an_error_of_ours_is_named_without_what_it_says():
    """It may hold some of the body, and would stand in a log."""
    bodies = LargeBodies()
    with pytest.raises(ReaderBroke, match=r"^KeyError$"):
        await bodies.asked(replace(OPENAI, path="/nowhere"), LARGE, UUID(int=1))
    await bodies.stop()


async def test_while_the_object_store_is_away_large_requests_are_turned_away(gateway: Gateway, monkeypatch):
    async def away(*_: Any) -> None:
        raise ObjectsAway("away")

    async with gateway(max_inline_bytes=1_000) as running:
        monkeypatch.setattr(running.objects, "put", away)
        large = json.dumps({"messages": [{"role": "user", "content": "x" * 2_000}]}).encode()
        told = await post(running.url, content=large, headers=JSON)
        assert (told.status_code, told.json()["error"]["code"]) == (503, "not_kept")
        assert told.headers["x-should-retry"] == "true"
        assert running.kafka.published == []


async def is_taking(running: Any) -> bool:
    return running.large_bodies.is_busy


async def until_so(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await holds():  # noqa: ASYNC110 what is waited for has no event of its own
            await asyncio.sleep(0.01)
