"""What many open pages ask for at the same moment is asked for once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
KEPT_S = 1.0


class Together:
    """Answers by what they are about, each kept for a moment."""

    def __init__(self, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._asked: dict[tuple[object, ...], tuple[float, asyncio.Future[Any]]] = {}

    async def told(self, about: tuple[object, ...], ask: Callable[[], Awaitable[T]]) -> T:
        """What ``ask`` tells, or told somebody else a moment ago; its failure, too."""
        now = time.monotonic()
        self._asked = {key: each for key, each in self._asked.items() if self._holds(each, now)}
        if about not in self._asked:
            self._asked[about] = now, asyncio.ensure_future(ask())
        _, answer = self._asked[about]
        return await asyncio.shield(answer)  # who leaves the page takes the answer from nobody

    def _holds(self, asked: tuple[float, "asyncio.Future[Any]"], now: float) -> bool:
        began, answer = asked
        return not answer.done() or now - began < self._kept_s
