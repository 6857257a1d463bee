"""One question to PostgreSQL that many clients ask at once: asked for all of them together, on one connection."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from infra.store.database import Database
from services.gateway.adapters.database_in_time import PATIENCE_S, in_time
from services.gateway.domain.problems import Refused

Asked = TypeVar("Asked")
Told = TypeVar("Told")
MOST_AT_ONCE = 500


class InBatches(Generic[Asked, Told]):
    """``work`` tells of each what it asked, in their order. What comes while it works is the next batch."""

    def __init__(
        self,
        database: Database,
        work: Callable[[Any, Sequence[Asked]], Awaitable[Sequence[Told]]],
        away: Callable[[], Refused],
    ) -> None:
        self._database = database
        self._work = work
        self._away = away
        self._queued: dict[asyncio.Future[Told], Asked] = {}
        self._working: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Told:
        """What is told of it. Raises what ``away`` makes when that is not known in time."""
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._queued[told] = asked
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await told
        except TimeoutError:
            raise self._away() from None
        finally:
            self._queued.pop(told, None)

    async def _run(self) -> None:
        while self._queued:
            batch = {waiter: self._queued.pop(waiter) for waiter in list(self._queued)[:MOST_AT_ONCE]}
            waiting = {waiter: asked for waiter, asked in batch.items() if not waiter.done()}
            try:
                told = await self._tell(list(waiting.values()))
            except Exception as error:
                for waiter in _who_still_wait(waiting):
                    waiter.set_exception(error)
                continue
            each = dict(zip(waiting, told, strict=True))
            for waiter in _who_still_wait(waiting):
                waiter.set_result(each[waiter])

    async def _tell(self, asked: Sequence[Asked]) -> Sequence[Told]:
        return await in_time(self._database, lambda connection: self._work(connection, asked), self._away)


def _who_still_wait(waiters: Iterable[asyncio.Future[Told]]) -> list[asyncio.Future[Told]]:
    return [waiter for waiter in waiters if not waiter.done()]
