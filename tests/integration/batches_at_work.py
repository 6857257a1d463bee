"""What tests of batches do with OpenAI's own client: lines, batches of them, and what became of these."""

import asyncio
import json
from pathlib import Path
from typing import Any

from gateway_at_work import WITHIN_S
from openai import AsyncOpenAI
from openai.types import Batch

CHATS = "/v1/chat/completions"
OVER = ("completed", "failed", "expired", "cancelled")


def line(custom_id: str, text: str, **told: Any) -> dict[str, Any]:
    """One line of a batch of chats."""
    body = {"model": "auto", "messages": [{"role": "user", "content": text}], **told}
    return {"custom_id": custom_id, "method": "POST", "url": CHATS, "body": body}


def lines(count: int) -> list[dict[str, Any]]:
    """So many, each with a question of its own."""
    return [line(f"line-{number}", f"What is {number}?") for number in range(count)]


def file_of(*told: Any) -> tuple[str, bytes]:
    """A file of these lines."""
    return "lines.jsonl", b"".join(json.dumps(each).encode() + b"\n" for each in told)


async def begun(client: AsyncOpenAI, *told: Any, endpoint: Any = CHATS, **more: Any) -> Batch:
    """A batch of these lines."""
    file = await client.files.create(file=file_of(*told), purpose="batch")
    return await client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **more)


async def comes_to(client: AsyncOpenAI, batch: Batch, *statuses: str) -> Batch:
    """The batch, once it has one of these; else once it is over."""
    async with asyncio.timeout(3 * WITHIN_S):
        while (batch := await client.batches.retrieve(batch.id)).status not in (statuses or OVER):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return batch


async def told_in(client: AsyncOpenAI, file_id: str | None) -> dict[str, Any]:
    """What stands in an output or an error file, by custom_id, where each stands once."""
    if file_id is None:
        return {}
    told = [json.loads(each) for each in (await client.files.content(file_id)).text.splitlines()]
    found = {each["custom_id"]: each for each in told}
    assert len(found) == len(told), "a line has more than one outcome"
    return found


def files_in(folder: Path) -> list[Path]:
    """What lies in the object store."""
    return [path for path in folder.rglob("*") if path.is_file()]
