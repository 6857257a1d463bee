"""What LiteLLM may do on the wire: no redirect, no second sending, no fetching, and no more of an answer than fits.

All of its asyncio clients get their transport from one function, which is the only place where this can be put for
every provider that it knows. Imported with LiteLLM, whose dependencies these are.
"""

from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx

from schemas.vocabulary import Reason
from services.model_worker.adapters.connections import NO_CONNECTION, unreachable
from services.model_worker.domain.calls import Billed, CallFailed, Sending
from services.model_worker.domain.refusals import failure_of

PLAIN = "identity"
SENDING: ContextVar[Sending | None] = ContextVar("SENDING", default=None)
"""Of the call that is made in this context: LiteLLM hands nothing of its caller's through to the transport."""


class AnswerUnreadable(httpx.DecodingError):
    """The answer is packed, though none was asked for, or is larger than the worker takes. Its message may be told."""


def guard(handler: Any, most_bytes: int) -> None:
    """Guard every client that LiteLLM makes from now on; ``handler`` is its ``AsyncHTTPHandler``.

    Done again, only the new limit counts.
    """
    create = handler.create_async_transport
    unguarded = getattr(create, "unguarded", create)

    def guarded(*arguments: Any, **named: Any) -> httpx.AsyncBaseTransport:
        return GuardedTransport(unguarded(*arguments, **named), most_bytes)

    guarded.unguarded = unguarded  # type: ignore[attr-defined]
    handler.create_async_transport = staticmethod(guarded)


def fetch_nothing(urls: Any, refusal: type[Exception]) -> None:
    """Refuse every address of a client's that LiteLLM would read itself, to send on what lies there.

    Some providers' APIs take no addresses. ``urls`` is its ``url_utils``, through which such reading goes; it lets
    a ``refusal`` of its ``ImageFetchError`` through as it is, and logs any other together with the address.
    """

    def refused(url: str) -> tuple[str, str]:
        raise refusal("no address is read here")

    urls.validate_url = refused


class GuardedTransport(httpx.AsyncBaseTransport):
    """Asks for answers that are not packed, so that their size is what is read: httpx unpacks without a limit."""

    def __init__(self, inner: httpx.AsyncBaseTransport, most_bytes: int) -> None:
        self._inner = inner
        self._most_bytes = most_bytes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Accept-Encoding"] = PLAIN
        response = await self._send(request)
        # A redirect without a place to go to is not followed: a key goes to the configured host alone.
        response.headers.pop("Location", None)
        if response.headers.get("Content-Encoding", PLAIN).lower() != PLAIN:
            await response.aclose()
            raise AnswerUnreadable("the answer is packed, and was asked for unpacked", request=request)
        response.stream = Limited(response.stream, self._most_bytes)
        return response

    async def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(_watched(request, SENDING.get()))
        except httpx.ConnectError as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectorError):
                raise
            # The request was sent. LiteLLM sends again what it believes was never connected: it could be paid twice.
            raise httpx.ReadError("the connection broke", request=request) from error

    async def aclose(self) -> None:
        await self._inner.aclose()


def _watched(request: httpx.Request, sending: Sending | None) -> httpx.Request:
    """The same request, whose body says when it leaves."""
    if sending is None or not isinstance(request.stream, httpx.AsyncByteStream):
        return request
    stream = Leaving(request.stream, sending)
    return httpx.Request(
        request.method, request.url, headers=request.headers, stream=stream, extensions=request.extensions
    )


class Leaving(httpx.AsyncByteStream):
    """A request's body, which is read once there is a connection."""

    def __init__(self, inner: httpx.AsyncByteStream, sending: Sending) -> None:
        self._inner = inner
        self._sending = sending

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._sending.has_left = True
            yield chunk


class Limited(httpx.AsyncByteStream):
    """A body up to a size. Raises :class:`AnswerUnreadable` beyond it."""

    def __init__(self, inner: Any, most_bytes: int) -> None:
        self._inner = inner
        self._most_bytes = most_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._inner:
            read += len(chunk)
            if read > self._most_bytes:
                raise AnswerUnreadable(f"the answer is larger than {self._most_bytes} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def failure_on_the_wire(causes: Sequence[BaseException]) -> CallFailed | None:
    """What went wrong on the wire, by the errors that LiteLLM's was made from; ``None`` when nothing did."""
    for cause in causes:
        if isinstance(cause, httpx.HTTPStatusError):
            return _refused(cause.response)
        if isinstance(cause, NO_CONNECTION):
            return unreachable(cause)
        if isinstance(cause, AnswerUnreadable):
            return CallFailed(Reason.BAD_ANSWER, str(cause), Billed.UNKNOWN)
    if any(isinstance(cause, httpx.TransportError | aiohttp.ClientError) for cause in causes):
        return CallFailed(Reason.PROVIDER_ERROR, "the connection broke during the call", Billed.UNKNOWN)
    return None


def _refused(response: httpx.Response) -> CallFailed:
    try:
        raw = response.content
    except httpx.StreamError:  # it was not read
        raw = b""
    return failure_of(response.status_code, response.headers.get("Retry-After"), raw, datetime.now(UTC))
