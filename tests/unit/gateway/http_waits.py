"""Waiting for what a running gateway shows of itself."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool], within_s: float = 5) -> None:
    """Return when it holds; fail when it never does."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 what is waited for has no event of its own
            await asyncio.sleep(0.001)
