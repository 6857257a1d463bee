"""What keys hold of their tokens a minute for requests under way, until the ends tell what was used."""

import asyncio
from typing import Protocol
from uuid import UUID

from schemas.outcome import RequestCompleted, RequestFailed

End = RequestCompleted | RequestFailed
MOST_OPEN = 100_000
"""Tabs that are open at once in a process. Of more the oldest is left as it was held: its end may have been lost."""


class Debtor(Protocol):
    """Who asked: see :class:`services.gateway.adapters.gate.Visit`."""

    @property
    def holds(self) -> bool: ...

    async def used(self, end: End) -> None: ...


class Tabs:
    """Each is settled once: by whoever waits for the end, else by :meth:`run`, when nobody does any more."""

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most = most
        self._open: dict[UUID, Debtor] = {}
        self._ended = asyncio.Queue[End]()

    def open(self, request_id: UUID, debtor: Debtor) -> None:
        """Note who holds tokens for a request that is about to be said."""
        if not debtor.holds:
            return
        if len(self._open) >= self._most:
            del self._open[next(iter(self._open))]
        self._open[request_id] = debtor

    def heard(self, end: End) -> None:
        """An end for which nobody waits: its client has left, or asked for it in the background."""
        if end.request_id in self._open:
            self._ended.put_nowait(end)

    async def settle(self, end: End) -> None:
        """Reckon with what was used."""
        debtor = self._open.pop(end.request_id, None)
        if debtor is not None:
            await debtor.used(end)

    async def run(self) -> None:
        """Settle what nobody waits for."""
        while True:
            await self.settle(await self._ended.get())
