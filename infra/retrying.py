"""Doing a step again and again, while what it needs is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)
LONGEST_WAIT_S = 2.0


class Retrying:
    """With longer and longer waits, from ``first_s`` on. ``away``: the type of the last error, while that goes on.

    ``what`` is said of it in the log, in the same words each time; ``passes``: whether a wait may mend an error.
    """

    def __init__(self, name: str, what: str, passes: Callable[[Exception], bool], first_s: float) -> None:
        self._name = name
        self._what = what
        self._passes = passes
        self._first_s = first_s
        self.away: str | None = None

    async def until_done(self, step: Callable[[], Awaitable[T]]) -> T:
        """What the step comes to. Raises what a wait does not mend."""
        wait = self._first_s
        while True:
            try:
                done = await step()
            except Exception as error:
                if not self._passes(error):
                    raise
                self.away = type(error).__name__
                log.warning("%s: %s (%s): it is tried until it is back", self._name, self._what, self.away)
            else:
                self.away = None
                return done
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
