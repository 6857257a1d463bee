"""Addresses as clients really write them: served where nothing else can be meant, else told the right one."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

BODY = json.dumps({"messages": [{"role": "user", "content": "Where is the Louvre?"}]}).encode()
JSON = {"content-type": "application/json"}

Gateway = Callable[..., Any]


async def asked(url: str, method: str, path: str, content: bytes | None = BODY) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.request(method, f"{url}{path}", content=content, headers=JSON)


async def test_a_slash_after_an_address_changes_nothing(gateway: Gateway) -> None:
    async with gateway() as running:
        told = await asked(running.url, "POST", "/v1/chat/completions/")
        assert told.status_code == 200
        assert (await asked(running.url, "GET", "/v1/models/", None)).json()["object"] == "list"


@pytest.mark.parametrize("path", ["/live", "/ready", "/v1/models", "/v1/models/auto"])
async def test_a_head_is_answered_as_a_get_without_its_body(gateway: Gateway, path: str) -> None:
    async with gateway() as running:
        head, get = await asked(running.url, "HEAD", path, None), await asked(running.url, "GET", path, None)
        assert (head.status_code, head.content) == (get.status_code, b"")
        assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("POST", "/chat/completions", "POST /v1/chat/completions"),
        ("POST", "/v1/v1/chat/completions", "POST /v1/chat/completions"),
        ("POST", "//v1/chat/completions", "POST /v1/chat/completions"),
        ("POST", "/openai/deployments/gpt-4o/chat/completions", "POST /v1/chat/completions"),
        ("POST", "/v1/completions", "POST /v1/chat/completions"),
        ("GET", "/v1/chat/completions", "POST /v1/chat/completions"),
        ("POST", "/v1/embedding", "POST /v1/embeddings"),
        ("POST", "/v1/models", "GET /v1/models"),
        ("POST", "/messages", "POST /v1/messages"),
        ("GET", "/health", "GET /ready"),
        ("GET", "/health/liveliness", "GET /live"),
        ("GET", "/health/readiness", "GET /ready"),
        ("GET", "/model/info", "GET /v1/models"),
        ("GET", "/model_group/info", "GET /v1/models"),
    ],
)
async def test_an_address_that_is_not_quite_one_is_told_the_right_one(
    gateway: Gateway, method: str, path: str, meant: str
) -> None:
    async with gateway() as running:
        told = await asked(running.url, method, path)
        assert told.status_code in (404, 405)
        assert told.json()["error"]["message"].endswith(f"Did you mean {meant}?")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/images/generations", "/v1/chat/completions" + "x" * 300])
async def test_what_is_near_to_nothing_is_told_what_there_is(gateway: Gateway, path: str) -> None:
    async with gateway() as running:
        assert "Did you mean" not in (await asked(running.url, "POST", path)).text


async def test_a_byte_order_mark_before_the_body_is_read_past(gateway: Gateway) -> None:
    async with gateway() as running:
        assert (await asked(running.url, "POST", "/v1/chat/completions", b"\xef\xbb\xbf" + BODY)).status_code == 200
