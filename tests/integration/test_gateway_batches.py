"""Batches over real Kafka and PostgreSQL, by OpenAI's own client: from a file of lines to a file of answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from gateway_at_work import WITHIN_S, Replicas, client_of, replicas
from openai import AsyncOpenAI, ConflictError, NotFoundError
from openai.types import Batch

from infra.bus.config import BusConfig
from infra.store.config import StoreConfig

CHATS = "/v1/chat/completions"
OVER = ("completed", "failed", "expired", "cancelled")


def line(custom_id: str, text: str, **told: Any) -> dict[str, Any]:
    body = {"model": "auto", "messages": [{"role": "user", "content": text}], **told}
    return {"custom_id": custom_id, "method": "POST", "url": CHATS, "body": body}


def lines(count: int) -> list[dict[str, Any]]:
    return [line(f"line-{number}", f"What is {number}?") for number in range(count)]


def file_of(*told: Any) -> tuple[str, bytes]:
    return "lines.jsonl", b"".join(json.dumps(each).encode() + b"\n" for each in told)


async def begun(client: AsyncOpenAI, *told: Any, endpoint: Any = CHATS) -> Batch:
    file = await client.files.create(file=file_of(*told), purpose="batch")
    return await client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"of": "tests"}
    )


async def ended(client: AsyncOpenAI, batch: Batch) -> Batch:
    async with asyncio.timeout(WITHIN_S):
        while (batch := await client.batches.retrieve(batch.id)).status not in OVER:
            await asyncio.sleep(0.05)
    return batch


async def told_in(client: AsyncOpenAI, file_id: str | None) -> list[dict[str, Any]]:
    assert file_id is not None
    content = await client.files.content(file_id)
    return [json.loads(each) for each in content.text.splitlines()]


@pytest.fixture
async def two(bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[Replicas]:
    async with replicas(bus_config, store_config) as both:
        yield both


@pytest.fixture
def client(two: Replicas) -> AsyncOpenAI:
    return client_of(two.apps[0])


async def test_a_file_of_lines_becomes_a_file_of_answers(two: Replicas, client: AsyncOpenAI) -> None:
    batch = await begun(client, *lines(5), line("unknown", "Who?", model="gpt-9"))
    assert (batch.status, batch.endpoint, batch.completion_window) == ("validating", CHATS, "24h")
    over = await ended(client, batch)
    assert over.status == "completed", over.errors
    assert over.request_counts is not None and over.usage is not None
    assert (over.request_counts.total, over.request_counts.completed, over.request_counts.failed) == (6, 5, 1)
    assert (over.usage.input_tokens, over.usage.output_tokens, over.usage.total_tokens) == (25, 35, 60)
    assert over.in_progress_at and over.finalizing_at and over.completed_at and over.metadata == {"of": "tests"}
    answers = {each["custom_id"]: each for each in await told_in(client, over.output_file_id)}
    assert sorted(answers) == [f"line-{number}" for number in range(5)]
    for number in range(5):
        told = answers[f"line-{number}"]
        assert told["error"] is None
        assert told["response"]["status_code"] == 200
        assert told["response"]["body"]["object"] == "chat.completion"
        content = told["response"]["body"]["choices"][0]["message"]["content"]
        assert content == f"You asked: What is {number}?"
    [wrong] = await told_in(client, over.error_file_id)
    assert wrong["custom_id"] == "unknown"
    assert wrong["response"]["status_code"] == 404
    assert wrong["response"]["body"]["error"]["code"] == "model_not_found"
    assert len(two.asked) == 6
    output = await client.files.retrieve(str(over.output_file_id))
    assert (output.purpose, output.bytes) == ("batch_output", len((await client.files.content(output.id)).content))


async def test_lines_that_are_wrong_are_told_and_none_is_asked(two: Replicas, client: AsyncOpenAI) -> None:
    twice = line("twice", "Again?")
    batch = await begun(
        client,
        twice,
        twice,
        {**line("a", "?"), "url": "/v1/responses"},
        {**line("b", "?"), "method": "GET"},
        line("c", "?", temperature="hot"),
        line("d", "?", stream=True),
        "no object",
    )
    over = await ended(client, batch)
    assert over.status == "failed" and over.errors is not None and over.failed_at
    told = [(each.line, each.code, each.param) for each in over.errors.data or ()]
    assert told == [
        (2, "duplicate_custom_id", "custom_id"),
        (3, "url_mismatch", "url"),
        (4, "invalid_method", "method"),
        (5, "invalid_value", "body.temperature"),
        (6, "invalid_value", "body.stream"),
        (7, "invalid_type", None),
    ]
    assert two.asked == []
