"""A reply that may begin before it is known: server-sent events, of which comments come first."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

EVENT_STREAM = "text/event-stream"
TAKEN_WITHIN_S = 60.0
"""For a client to read what is left of an answer that has ended."""


class EventStream:
    """One reply's stream. ``begun``: its status and headers are gone, and only events can follow."""

    def __init__(self, send: Send, taken_within_s: float = TAKEN_WITHIN_S) -> None:
        self._send = send
        self._taken_within_s = taken_within_s
        self.begun = False

    async def tell(self, part: bytes, headers: Mapping[str, str]) -> None:
        """Send one part; ``headers`` go before the first."""
        if not self.begun:
            self.begun = True
            told = {**headers, "content-type": EVENT_STREAM, "cache-control": "no-cache"}
            raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
            await self._send({"type": "http.response.start", "status": 200, "headers": raw})
        await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def end(self, part: bytes) -> None:
        """Send the last part. A client that does not take it is left, and the server closes its connection."""
        await self._end(part, self._taken_within_s)

    async def leave(self) -> None:
        """End it for a client that is not there, or has not read for long enough."""
        await self._end(b"", 0)

    async def _end(self, part: bytes, within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._send({"type": "http.response.body", "body": part, "more_body": False})


Answer = Callable[[EventStream], Awaitable[Response | None]]


class LateResponse(Response):
    """Works for its answer while it is being sent. ``answer`` returns a response, or ``None`` once it has streamed."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's way in."""
        response = await self._answer(EventStream(send))
        if response is not None:
            await response(scope, receive, send)
