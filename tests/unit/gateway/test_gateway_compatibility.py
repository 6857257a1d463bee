"""The page on compatibility says what the official clients get, and nothing else."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import node_clients
import pytest
from agents import OpenAIChatCompletionsModel, OpenAIResponsesModel, set_tracing_disabled
from anthropic import AsyncAnthropic
from client_answers import script
from client_trials import TRIALS, result_of, table
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

NO_NODE = "Node.js is absent: install it with npm"
PAGE = Path(__file__).parents[3] / "docs" / "compatibility.md"


async def test_the_page_is_what_a_run_with_the_official_clients_gives(
    gateway: Callable[..., Any], make_completed: Callable[..., Any]
):
    rows = []
    set_tracing_disabled(True)  # its traces would go to OpenAI
    async with (
        gateway(lambda asked: script(asked, make_completed), remembering=True) as running,
        running.client(max_retries=0) as openai,
        AsyncAnthropic(base_url=running.url, api_key="any", max_retries=0) as anthropic,
    ):
        told: Any = {"model": "auto", "api_key": "any", "max_retries": 0}
        clients = {
            "openai": openai,
            "anthropic": anthropic,
            "Agents SDK": OpenAIChatCompletionsModel("auto", openai),
            "Agents SDK, by Responses": OpenAIResponsesModel("auto", openai),
            "ChatOpenAI": ChatOpenAI(base_url=f"{running.url}/v1", **told),
            "ChatOpenAI, by Responses": ChatOpenAI(base_url=f"{running.url}/v1", use_responses_api=True, **told),
            "OpenAIEmbeddings": OpenAIEmbeddings(
                base_url=f"{running.url}/v1", check_embedding_ctx_length=False, **told
            ),
            "ChatAnthropic": ChatAnthropic(**{"base_url": running.url, "max_tokens": 50, **told}),
        }
        for trial in TRIALS:
            running.kafka.published.clear()
            rows.append((trial, await result_of(trial, clients, running.kafka.published)))
    _, head, of_node = PAGE.read_text().partition(node_clients.HEAD)
    hold(table(rows) + head + of_node)


async def test_its_part_on_node_is_what_a_run_with_the_clients_for_node_gives(
    gateway: Callable[..., Any], make_completed: Callable[..., Any]
):
    if not await asyncio.to_thread(node_clients.installed):
        pytest.skip(NO_NODE)
    async with gateway(lambda asked: script(asked, make_completed)) as running:
        rows = await asyncio.to_thread(node_clients.trials, f"{running.url}/v1")
    hold(PAGE.read_text().partition(node_clients.HEAD)[0] + node_clients.table(rows))


def hold(page: str) -> None:
    """The page is this; with ``WRITE`` set it is made so."""
    if os.environ.get("WRITE"):
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "run it with WRITE=1 to write the page anew"
