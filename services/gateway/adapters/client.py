"""The client at the other end of an HTTP request: its body, read within bounds, and its leaving."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from services.gateway.domain.problems import not_json_content, packed, too_large, too_slow

SKIMMED = 8
"""How many times the limit is read and thrown away, so that a client that is still sending hears why it is refused."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of a body. ``on_large`` is called for each part beyond ``small_bytes``, and may raise ``Refused``."""

    limit_bytes: int
    small_bytes: int
    on_large: Callable[[], None]


class ClientLeft(Exception):
    """Nobody is there any more to be answered."""


async def read_body(request: Request, bounds: Bounds, within_s: float) -> bytes:
    """The whole body, of which never more than the bounds' limit is held.

    Raises ``Refused`` for one that is too large, too slow, packed or no JSON by its headers, and :class:`ClientLeft`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise not_json_content()
    if (coding := request.headers.get("content-encoding", "identity").strip().lower()) != "identity":
        raise packed(coding)
    try:
        async with asyncio.timeout(within_s):
            return await _read(request, bounds)
    except TimeoutError:
        raise too_slow(within_s) from None
    except ClientDisconnect:
        raise ClientLeft from None


async def _read(request: Request, bounds: Bounds) -> bytes:
    limit_bytes = bounds.limit_bytes
    if _announced(request) > SKIMMED * limit_bytes:
        raise too_large(limit_bytes)
    kept: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bounds.small_bytes:
            bounds.on_large()
        if size <= limit_bytes:
            kept.append(chunk)
        else:
            kept.clear()
        if size > SKIMMED * limit_bytes:
            break
    if size > limit_bytes:
        raise too_large(limit_bytes)
    return kept[0] if len(kept) == 1 else b"".join(kept)


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


class UntilClientLeaves:
    """Cancels its block when the client hangs up, and then raises :class:`ClientLeft`, as a timeout does for time."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._left = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self._watch = asyncio.create_task(self._hang_up())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._watch.cancel()
        if self._left and self._task is not None and not self._task.uncancel() and kind is asyncio.CancelledError:
            raise ClientLeft from None

    async def _hang_up(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        if self._task is not None:
            self._task.cancel()
