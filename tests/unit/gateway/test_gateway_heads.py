"""What comes before a body, and after it, over a real loopback port: bounded, and never held."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from infra import bounded_head
from infra.bounded_head import HEAD_BYTES

BODY = json.dumps({"messages": [{"role": "user", "content": "Where is the Louvre?"}]}).encode()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
WITHIN_S = 5

Gateway = Callable[..., Any]


async def is_served(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        headers = {"content-type": "application/json"}
        return (await client.post(f"{url}/v1/chat/completions", content=BODY, headers=headers)).is_success


@pytest.mark.parametrize("endless", [b"x: y\r\n", b"z"], ids=["headers", "header"])
async def test_a_head_without_end_is_cut_off_and_never_held(gateway: Gateway, endless: bytes):
    async with gateway() as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Endless: " + endless * HEAD_BYTES
        writer.write(head[: HEAD_BYTES + 1])
        told = await asyncio.wait_for(reader.read(), WITHIN_S)
        assert told.startswith(b"HTTP/1.1 431 ")
        writer.close()
        assert await is_served(running.url)


async def test_a_head_that_never_comes_whole_is_given_up(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    """The first one of a connection, and a later one."""
    monkeypatch.setattr(bounded_head, "HEAD_S", 0.05)
    async with gateway() as running:
        for before in (b"", HEAD % len(BODY) + BODY):
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(before)
            if before:
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            writer.write(b"POST /v1/chat/completions HTT")
            assert b"HTTP/1.1 408 " in await asyncio.wait_for(reader.read(), WITHIN_S)
            writer.close()


async def test_trailers_are_read_past(gateway: Gateway):
    head = (HEAD % 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked\r\nTrailer: X-Late")
    async with gateway() as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(head + b"%x\r\n%b\r\n0\r\nX-Late: %b\r\n\r\n" % (len(BODY), BODY, b"z" * 2 * HEAD_BYTES))
        assert (await asyncio.wait_for(reader.readline(), WITHIN_S)).startswith(b"HTTP/1.1 200 ")
        writer.close()
