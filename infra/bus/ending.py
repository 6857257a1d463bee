"""Ending a Kafka client, such that a cancellation meanwhile is not lost, and no end is waited for for ever."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

END_S = 5.0
"""For the brokers to take the last words: what they do not take comes again, as after a crash."""

log = logging.getLogger(__name__)


class Stops(Protocol):
    """A producer or a consumer of aiokafka."""

    def stop(self) -> Awaitable[None]: ...


async def end_client(client: Stops) -> None:
    """Stop it whole, or leave it when no broker answers. Raises the cancellation that comes meanwhile after that."""
    await end_whole(client.stop())


@asynccontextmanager
async def undone(stop: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """A start that can be tried again: ``stop`` takes back what it began, where an error ends it half way."""
    try:
        yield
    except Exception:
        await stop()
        raise


async def end_whole(step: Awaitable[object]) -> None:
    """Stop or close a client, as :func:`end_client` does.

    aiokafka waits there for a task that it cancelled, and suppresses the cancellation of its caller with that task's:
    whoever was told to end just then would go on.
    """
    stopping = asyncio.ensure_future(step)
    try:
        await ended(stopping)
    except asyncio.CancelledError:
        with suppress(Exception):  # a client that fails to stop must not hide that its caller is to end
            await ended(stopping)
        raise


async def ended(step: Awaitable[object], within_s: float = END_S) -> None:
    """Wait for a step of an end, at most so long: while brokers are away aiokafka tries for ever."""
    task = asyncio.ensure_future(step)
    _, late = await asyncio.wait([task], timeout=within_s)
    if not late:
        task.result()
        return
    task.cancel()
    log.warning("Kafka took no last words within %g s: what is not committed comes again", within_s)
