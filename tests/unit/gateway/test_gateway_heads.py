"""What comes before a body, and after it, over a real loopback port: bounded, and never held."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from infra import bounded_head
from infra.bounded_head import HEAD_BYTES, BoundedHead
from infra.http_server import HttpServer

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
        writer.write(head + b"%x\r\n%b\r\n0\r\nX-Late: %b\r\n\r\n" % (len(BODY), BODY, b"z" * (HEAD_BYTES // 2)))
        assert (await asyncio.wait_for(reader.readline(), WITHIN_S)).startswith(b"HTTP/1.1 200 ")
        writer.close()


class Answers:
    """An app that answers at once with its path, or, of ``/slow``, half of it, and the rest when it may."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if path == b"/slow":
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            await self.go_on.wait()
        await send({"type": "http.response.body", "body": path})


Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def client_of(answers: Answers) -> AsyncIterator[Client]:
    server = HttpServer(answers, "127.0.0.1", 0, prefix="GATEWAY", grace_s=0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()
        answers.go_on.set()
        await server.stop()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once a head was found too slow or too long, whatever came of it."""
    found = asyncio.Event()
    give_up, refuse = BoundedHead._give_up, BoundedHead._refuse

    def given_up(protocol: BoundedHead) -> None:
        give_up(protocol)
        found.set()

    def refused(protocol: BoundedHead, why: bytes) -> None:
        refuse(protocol, why)
        found.set()

    monkeypatch.setattr(BoundedHead, "_give_up", given_up)
    monkeypatch.setattr(BoundedHead, "_refuse", refused)
    return found


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.read(), WITHIN_S)


async def test_a_trailer_without_end_is_hung_up_on() -> None:
    """Without a word where its request is answered: the client would take it as the answer to its next request."""
    async with client_of(Answers()) as (reader, writer):
        writer.write(b"GET /live HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), WITHIN_S)
        writer.write(b"X-Endless: " + b"z" * HEAD_BYTES)
        assert await rest_of(reader) == b""


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"0\r\nX-Late: z"], ids=["nothing", "line", "trailer"])
async def test_who_asks_nothing_is_hung_up_on_without_a_word(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a fresh connection; after an answer, with what is no head."""
    monkeypatch.setattr(bounded_head, "HEAD_S", 0.05)
    async with client_of(Answers()) as (reader, writer):
        if sent:
            writer.write(b"GET /a HTTP/1.1\r\n%b\r\n" % (b"Transfer-Encoding: chunked\r\n" if b"X-" in sent else b""))
            await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), WITHIN_S)
            writer.write(sent)
        assert await rest_of(reader) == b""


async def test_a_body_is_not_counted_to_the_next_head() -> None:
    async with client_of(Answers()) as (reader, writer):
        size = HEAD_BYTES + 4_464
        writer.write(b"POST /a HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(b"z" * size + b"GET /b HTTP/1.1\r\nho")
        await asyncio.wait_for(reader.readuntil(b"/a\r\n0\r\n\r\n"), WITHIN_S)
        writer.write(b"st: x\r\nConnection: close\r\n\r\n")
        assert (await rest_of(reader)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("head", "refusal"),
    [(b"GET /b HTTP/1.1\r\nho", b" 408 "), (b"GET /b HTTP/1.1\r\nx: " + b"z" * HEAD_BYTES, b" 431 ")],
)
async def test_a_refusal_waits_for_the_answer_under_way(
    head: bytes, refusal: bytes, judged: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_head, "HEAD_S", 0.05)
    answers = Answers()
    async with client_of(answers) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"half\r\n"), WITHIN_S)
        writer.write(head)
        await asyncio.wait_for(judged.wait(), WITHIN_S)
        answers.go_on.set()
        rest, _, refused = (await rest_of(reader)).partition(b"0\r\n\r\n")
        assert (rest, refused[8:13]) == (b"5\r\n/slow\r\n", refusal)


async def test_a_slow_head_is_served_after_the_answer_under_way(
    judged: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_head, "HEAD_S", 0.05)
    answers = Answers()
    async with client_of(answers) as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nho")
        await asyncio.wait_for(reader.readuntil(b"half\r\n"), WITHIN_S)
        monkeypatch.setattr(bounded_head, "HEAD_S", 75)
        judged.clear()
        await asyncio.wait_for(judged.wait(), WITHIN_S)
        writer.write(b"st: x\r\nConnection: close\r\n\r\n")
        answers.go_on.set()
        assert (await rest_of(reader)).endswith(b"/b\r\n0\r\n\r\n")
