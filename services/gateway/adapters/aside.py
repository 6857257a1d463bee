"""Work on content that may be large, beside the event loop: other clients are served meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
AT_ONCE_BYTES = 65_536
"""Content of so many bytes is done sooner than a thread is asked."""


class Aside:
    """In a thread, one content after the other: the interpreter is shared with one of them at most."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def of(self, work: Callable[Concatenate[bytes, P], T], content: bytes, *told: P.args, **more: P.kwargs) -> T:
        """What the work comes to; it may raise."""
        if len(content) <= AT_ONCE_BYTES:
            return work(content, *told, **more)
        async with self._turn:
            return await asyncio.to_thread(work, content, *told, **more)
