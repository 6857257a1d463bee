"""Where the lines of a batch wait: for a place among those under way, and for the batch to be stopped."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field


class Stopped(Exception):
    """The batch asks nothing more, and this line has no answer."""


@dataclass(slots=True)
class Stop:
    """Set, with the code that lines are told then, when a batch is cancelled or its time is over.

    ``closed``: no further line takes a place: for that, or since another replica goes on with the batch.
    """

    event: asyncio.Event = field(default_factory=asyncio.Event)
    code: str = ""
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    def set(self, code: str) -> None:
        """Nothing more is asked."""
        if not self.code:
            self.code = code
            self.event.set()
            self.closed.set()

    async def pause(self, seconds: float) -> None:
        """Wait so long. Raises :class:`Stopped` as soon as nothing more is asked."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.event.wait()
        if self.code:
            raise Stopped


class Seat:
    """A line's place among those under way; left and taken anew while the line only waits."""

    def __init__(self, seats: asyncio.Semaphore) -> None:
        self._seats = seats
        self._is_taken = False

    @property
    def is_taken(self) -> bool:
        """Whether the line is under way."""
        return self._is_taken

    async def take(self, stop: Stop) -> None:
        """Wait for one, or until there is nothing to wait for: where none is free by then, there is none."""
        if self._is_taken:
            return
        if not self._seats.locked():
            self._is_taken = await self._seats.acquire()
            return
        taking, closed = asyncio.create_task(self._seats.acquire()), asyncio.create_task(stop.closed.wait())
        try:
            await asyncio.wait({taking, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
            self._is_taken = not taking.cancel()

    def leave(self) -> None:
        """It is another's."""
        if self._is_taken:
            self._is_taken = False
            self._seats.release()
