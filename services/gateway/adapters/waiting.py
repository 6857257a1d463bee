"""The clients that wait for an end, by request id. In memory: a replica hears of the requests that it took itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from infra.awaited import awaited
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from services.gateway.domain.problems import too_many

End = RequestCompleted | RequestFailed
Heard = End | RequestDeferred
"""What a client that waits is answered with: the end of its request, or that this comes later than its deadline."""


class Waiting:
    """A registry of at most ``limit`` places. A place is given back however its holder leaves."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ends: dict[UUID, asyncio.Future[Heard | None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._ends)

    @contextmanager
    def place(self, request_id: UUID) -> Iterator[asyncio.Future[Heard | None]]:
        """A place for one client: the future of its end, ``None`` if the gateway stops first.

        Raises ``Refused`` when all places are taken.
        """
        if len(self._ends) >= self._limit:
            raise too_many(self._limit)
        end = self._ends[request_id] = asyncio.get_running_loop().create_future()
        self._empty.clear()
        try:
            yield end
        finally:
            del self._ends[request_id]
            if not self._ends:
                self._empty.set()

    def resolve(self, end: Heard) -> bool:
        """Hand it to whoever waits for it, if anybody here does; whether that is so."""
        waiter = self._ends.get(end.request_id)
        if waiter is not None and not waiter.done():
            waiter.set_result(end)
        return waiter is not None

    async def drain(self, within_s: float) -> None:
        """Wait until nobody waits, and tell those who still do that the gateway stops."""
        if not await awaited(self._empty.wait(), within_s):
            for waiter in self._ends.values():
                if not waiter.done():
                    waiter.set_result(None)
