"""Misbehaviour below HTTP, and responses that never end or end too early."""

import asyncio
import json
import socket
import struct
import zlib
from functools import cache

from aiohttp import web

from schemas.content import Json

from .marks import Mark

POLL_S = 0.05
CHUNK = 65_536
LINGER_NOT = struct.pack("ii", 1, 0)
BOMB_BLOCK_BYTES = 1_048_576
BOMB_BYTES = 1_073_741_824
"""What a bomb unpacks to; it is sent as a thousandth of that."""


def has_left(request: web.Request) -> bool:
    """Whether the client hung up."""
    return request.transport is None or request.transport.is_closing()


async def until_left(request: web.Request) -> None:
    """Wait for the client to lose patience."""
    while not has_left(request):  # noqa: ASYNC110 the server tells nobody that a client left
        await asyncio.sleep(POLL_S)


async def nothing(request: web.Request, document: Json) -> web.StreamResponse:
    """Not one byte, for as long as the client waits."""
    await until_left(request)
    return web.Response()


async def half(request: web.Request, document: Json) -> web.StreamResponse:
    """Half of the answer, and then nothing more."""
    raw = json.dumps(document).encode()
    response = await _begun(request, len(raw))
    await response.write(raw[: len(raw) // 2])
    await until_left(request)
    return response


def writing_s(document: Json, body: bytes) -> float:
    """How long the model writes at its answer; vectors are not written word by word."""
    token_s = Mark.found_in(body).token_s
    return token_s * len(_pieces(document)) if token_s and "choices" in document else 0.0


async def written(request: web.Request, document: Json) -> web.StreamResponse:
    """The answer in chunks, as it is written."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    token_s = Mark.found_in(await request.read()).token_s or 0
    for delta in _pieces(document):
        await asyncio.sleep(token_s)
        await _write(response, _chunk(document, [{"index": 0, "delta": delta, "finish_reason": None}]))
        if has_left(request):
            return response
    finish = [{**choice, "delta": {}} for choice in document["choices"]]
    await _write(response, _chunk(document, finish) + _chunk({**document, "choices": []}, [], "usage"))
    await _write(response, b"data: [DONE]\n\n")
    return response


def _pieces(document: Json) -> list[Json]:
    """A delta for each word, and one for each tool call."""
    message = next(iter(document["choices"]), {}).get("message", {})
    words = (message.get("content") or "").split(" ")
    texts = [{"content": f"{' ' * (n > 0)}{word}"} for n, word in enumerate(words)]
    calls = enumerate(message.get("tool_calls") or [])
    return texts + [{"tool_calls": [{"index": index, **call}]} for index, call in calls]


def _chunk(document: Json, choices: list[Json], *beside: str) -> bytes:
    told = {name: document[name] for name in ("id", "model", *beside) if name in document}
    shown = [{name: value for name, value in choice.items() if name != "message"} for choice in choices]
    return f"data: {json.dumps({**told, 'object': 'chat.completion.chunk', 'choices': shown})}\n\n".encode()


async def drops(request: web.Request, document: Json) -> web.StreamResponse:
    """The whole answer, at one byte a second."""
    raw = json.dumps(document).encode()
    response = await _begun(request, len(raw))
    for byte in raw:
        if has_left(request):
            break
        await response.write(bytes([byte]))
        await asyncio.sleep(1)
    return response


async def reset(request: web.Request, document: Json) -> web.StreamResponse:
    """The connection is reset instead of an answer."""
    if request.transport is not None:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        request.transport.abort()
    return web.Response()


async def closes(request: web.Request, document: Json) -> web.StreamResponse:
    """The connection is closed in the middle of the answer."""
    raw = json.dumps(document).encode()
    response = await _begun(request, len(raw))
    await response.write(raw[: len(raw) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def not_http(request: web.Request, document: Json) -> web.StreamResponse:
    """Something that is not HTTP at all."""
    if request.transport is not None:
        request.transport.write(b"220 mail.example ESMTP ready\r\n")  # type: ignore[attr-defined]
        request.transport.close()
    return web.Response()


async def endless(request: web.Request, document: Json) -> web.StreamResponse:
    """White space before the answer, for ever."""
    response = await _begun(request, None)
    while not has_left(request):
        await _write(response, b" " * CHUNK)
    return response


async def bomb(request: web.Request, document: Json) -> web.StreamResponse:
    """A gigabyte of white space, packed into a megabyte."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    await response.prepare(request)
    head, block = _packed()
    await _write(response, head)
    for _ in range(BOMB_BYTES // BOMB_BLOCK_BYTES):
        if has_left(request):
            break
        await _write(response, block)
    return response


@cache
def _packed() -> tuple[bytes, bytes]:
    """The head of a gzip stream, and a megabyte of spaces that may follow it any number of times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    head = packer.flush(zlib.Z_FULL_FLUSH)
    return head, packer.compress(b" " * BOMB_BLOCK_BYTES) + packer.flush(zlib.Z_FULL_FLUSH)


async def _write(response: web.StreamResponse, data: bytes) -> None:
    try:
        await response.write(data)
    except ConnectionError:
        await asyncio.sleep(0)  # the client left; whoever writes sees it in the next turn


async def _begun(request: web.Request, length: int | None) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = length
    await response.prepare(request)
    return response
