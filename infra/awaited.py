"""To wait for something, and not for ever."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def awaited(coming: Awaitable[T], within_s: float) -> T | None:
    """What comes in time, or ``None``. Python 3.11's ``wait_for`` swallows a cancellation that comes with it."""
    try:
        async with asyncio.timeout(within_s):
            return await coming
    except TimeoutError:
        return None
