"""Batches through the pipeline by OpenAI's own client: begun, waited for, and what became of their lines."""

import json
from typing import Any

from openai import OpenAI
from openai.types import Batch

from pipeline.waiting import until
from schemas.content import Json

CHATS = "/v1/chat/completions"
OVER = ("completed", "failed", "expired", "cancelled")


def begun(client: OpenAI, bodies: list[Json], endpoint: Any = CHATS) -> Batch:
    """A batch of these bodies; each line's custom_id is its number."""
    told = [
        {"custom_id": str(number), "method": "POST", "url": endpoint, "body": body}
        for number, body in enumerate(bodies)
    ]
    content = "".join(json.dumps(each) + "\n" for each in told).encode()
    file = client.files.create(file=("lines.jsonl", content), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h")


def ended(client: OpenAI, batch: Batch) -> Batch:
    return until(
        lambda: found if (found := client.batches.retrieve(batch.id)).status in OVER else None,
        f"the end of {batch.id}",
        within_s=120,
    )


def told_in(client: OpenAI, file_id: str | None) -> dict[int, Json]:
    """What stands in a file, by the number of the line; each stands there once."""
    if file_id is None:
        return {}
    told = [json.loads(line) for line in client.files.content(file_id).text.splitlines()]
    found = {int(each["custom_id"]): each for each in told}
    assert len(found) == len(told), "a line has more than one outcome"
    return found


def texts(told: dict[int, Json]) -> dict[int, str]:
    return {number: each["response"]["body"]["choices"][0]["message"]["content"] for number, each in told.items()}
