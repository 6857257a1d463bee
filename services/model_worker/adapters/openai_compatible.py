"""Endpoints that take OpenAI's chat completions and embeddings: the hot path, on aiohttp.

Source: OpenAI API reference, "Create chat completion" and "Create embeddings", and what endpoints that claim to be
like it really send.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from pydantic_core import to_json
from yarl import URL

from schemas.content import Json
from schemas.vocabulary import Reason
from services.model_worker.adapters.connections import NO_CONNECTION, unreachable
from services.model_worker.domain.calls import Billed, Call, CallFailed, Outcome, Sending, Tell
from services.model_worker.domain.completion import outcome_of
from services.model_worker.domain.refusals import failure_of
from services.model_worker.domain.written import DONE, EventLines, Stream, streamed

PATH = "chat/completions"
EMBEDDINGS_PATH = "embeddings"
ENCODED = {"encoding_format": "base64"}
"""A quarter of the bytes of numbers as text; OpenAI's own clients ask for it, so that most endpoints know it."""
EVENT_STREAM = "text/event-stream"
LINGER_S = 0.5
CONNECT_S = 10.0
KEPT_ALIVE_S = 4.0
"""Less than the 5 s after which uvicorn and Node close: a POST that meets that is not sent again, its cost unknown."""
LARGEST_ERROR_BYTES = 65_536
DNS_CACHE_S = 30


class Body(aiohttp.BytesPayload):
    """A request's body, which says when it leaves: once there is a connection, and with the headers before it."""

    def __init__(self, value: bytes, sending: Sending) -> None:
        super().__init__(value)
        self._sending = sending

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._sending.has_left = True
        await super().write_with_length(writer, content_length)


def completions_url(base_url: str) -> URL:
    """Where chat completions are: a bare address gets ``/v1``, a path of the portfolio's own is kept as it is.

    ``http://host:8000`` and ``http://host:8000/v1`` are the same; so is the whole path of the completions.
    """
    base = URL(base_url)
    path = base.path.strip("/")
    if path.endswith(PATH):
        return base
    return base.with_path(f"/{path or 'v1'}/{PATH}", encoded=True).with_query(base.query)


def embeddings_url(base_url: str) -> URL:
    """Where embeddings are: beside the chat completions."""
    beside = completions_url(base_url)
    path = beside.raw_path.removesuffix(PATH)
    return beside.with_path(f"{path}{EMBEDDINGS_PATH}", encoded=True).with_query(beside.query)


class OpenAICompatible:
    """One provider's endpoint. Implements :class:`services.model_worker.domain.calls.Adapter`.

    Connections are kept alive, and as many as there are calls at once, which whoever claims attempts bounds: a call
    that waited for a connection would spend its deadline. Follows no redirect: a key goes to the configured host alone.
    ``headers`` go along with each call, and may be secrets.
    """

    holds = None

    def __init__(
        self, base_url: str, api_key: str | None, most_bytes: int, headers: Mapping[str, str] | None = None
    ) -> None:
        self._url, self._embeddings_url = completions_url(base_url), embeddings_url(base_url)
        self._most_bytes = most_bytes
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_ALIVE_S, ttl_dns_cache=DNS_CACHE_S)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        )

    @property
    def address(self) -> tuple[str, int] | None:
        return (self._url.host or "", self._url.port or 0)

    async def call(self, call: Call, tell: Tell | None = None, sending: Sending | None = None) -> Outcome:
        """Post the request and read what comes, up to the size limit."""
        headers = {**self._headers, "Idempotency-Key": str(call.attempt_id)}
        url, payload = self._sent(call, tell)
        body = Body(to_json(payload), sending or Sending())
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                return await self._read(response, call, tell)
        except NO_CONNECTION as error:
            return unreachable(error)
        except (aiohttp.ClientError, OSError) as error:
            detail = f"the connection broke during the call ({type(error).__name__})"
            return CallFailed(Reason.PROVIDER_ERROR, detail, Billed.UNKNOWN)

    async def _read(self, response: aiohttp.ClientResponse, call: Call, tell: Tell | None) -> Outcome:
        if response.status != 200:
            raw, _ = await read_up_to(response.content, LARGEST_ERROR_BYTES)
            return failure_of(response.status, response.headers.get("Retry-After"), raw, datetime.now(UTC))
        if tell is not None and response.content_type == EVENT_STREAM:
            return await self._follow(response.content, call, Stream(tell))
        raw, is_whole = await read_up_to(response.content, self._most_bytes)
        return outcome_of(raw, call) if is_whole else self._too_large(call)

    def _sent(self, call: Call, tell: Tell | None) -> tuple[URL, Json]:
        if call.vectors:
            return self._embeddings_url, call.payload | ENCODED
        return self._url, call.payload if tell is None else streamed(call.payload)

    async def _follow(self, content: aiohttp.StreamReader, call: Call, stream: Stream) -> Outcome:
        """Read a stream to its end, while what it tells is told."""
        lines, read = EventLines(), 0
        while chunk := await content.readany():
            read += len(chunk)
            if read > self._most_bytes:
                return self._too_large(call)
            for data in lines.feed(chunk):
                if (failure := stream.take(data)) is not None:
                    return failure
                if data.strip() == DONE:
                    await _let_end(content)
                    return stream.outcome(call)
        return stream.outcome(call)

    def _too_large(self, call: Call) -> CallFailed:
        remedy = ": send fewer texts, or raise MODEL_WORKER_LARGEST_ANSWER_BYTES" if call.vectors else ""
        detail = f"the answer is larger than {self._most_bytes} bytes{remedy}"
        return CallFailed(Reason.BAD_ANSWER, detail, Billed.UNKNOWN)

    async def close(self) -> None:
        await self._session.close()
        await asyncio.sleep(0)  # aiohttp closes transports in the next turn of the loop


async def _let_end(content: aiohttp.StreamReader) -> None:
    """A connection whose answer was read to its end can be used again; one that stays open is not waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            await content.readany()


async def read_up_to(stream: aiohttp.StreamReader, most_bytes: int) -> tuple[bytes, bool]:
    """The first bytes of a stream, and whether they are all."""
    found = bytearray()
    while chunk := await stream.readany():
        found += chunk
        if len(found) > most_bytes:
            return bytes(found[:most_bytes]), False
    return bytes(found), True
