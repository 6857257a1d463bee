"""The page on compatibility says what the official clients get, and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anthropic import AsyncAnthropic
from client_trials import TRIALS, result_of, script, table
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

PAGE = Path(__file__).parents[3] / "docs" / "compatibility.md"


async def test_the_page_is_what_a_run_with_the_official_clients_gives(
    gateway: Callable[..., Any], make_completed: Callable[..., Any]
):
    rows = []
    async with (
        gateway(lambda asked: script(asked, make_completed)) as running,
        running.client(max_retries=0) as openai,
        AsyncAnthropic(base_url=running.url, api_key="any", max_retries=0) as anthropic,
    ):
        told: Any = {"model": "auto", "api_key": "any", "max_retries": 0}
        clients = {
            "openai": openai,
            "anthropic": anthropic,
            "ChatOpenAI": ChatOpenAI(base_url=f"{running.url}/v1", **told),
            "ChatAnthropic": ChatAnthropic(base_url=running.url, max_tokens=50, **told),
        }
        for trial in TRIALS:
            running.kafka.published.clear()
            rows.append((trial, await result_of(trial, clients, running.kafka.published)))
    if os.environ.get("WRITE"):
        PAGE.write_text(table(rows))
    assert PAGE.read_text() == table(rows), "run it with WRITE=1 to write the page anew"
