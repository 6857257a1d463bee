"""Ending a Kafka client, such that a cancellation meanwhile is not lost."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol


class Stops(Protocol):
    """A producer or a consumer of aiokafka."""

    def stop(self) -> Awaitable[None]: ...


async def end_client(client: Stops) -> None:
    """Stop it whole. Raises the cancellation that comes meanwhile once it has stopped.

    aiokafka's ``stop`` waits for a task that it cancelled, and suppresses the cancellation of its caller with that
    task's: whoever was told to end just then would go on.
    """
    stopping = asyncio.ensure_future(client.stop())
    try:
        await asyncio.shield(stopping)
    except asyncio.CancelledError:
        await asyncio.wait([stopping])
        raise
