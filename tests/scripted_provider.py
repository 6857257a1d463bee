"""A provider over real HTTP on the loopback address, which answers as a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedProvider:
    """Serves whatever ``answer`` does, on every path, and keeps the requests and their bodies."""

    def __init__(self) -> None:
        self.answer: Answer = self._nothing
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.asked = asyncio.Event()
        self.url = ""

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        self.asked.set()
        return await self.answer(request)

    def says(self, body: bytes | str, status: int = 200, **headers: str) -> None:
        """Answer every request with this."""
        raw = body.encode() if isinstance(body, str) else body

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=raw, headers=headers)

        self.answer = answer


@asynccontextmanager
async def serving(scripted: ScriptedProvider, **options: Any) -> AsyncIterator[ScriptedProvider]:
    """The provider, up at its ``url``."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", scripted.handle)
    async with TestServer(app, host="127.0.0.1", **options) as server:
        scripted.url = str(server.make_url("")).rstrip("/")
        yield scripted
