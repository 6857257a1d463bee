"""Many who ask the same at the same time: the first asks a model, and the others wait for its answer to be kept."""

import asyncio
import logging
from uuid import UUID

from schemas.fact import Event
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.request import RequestProfiled
from services.gateway.adapters.answer_store import AnswerStore
from services.gateway.adapters.claims import Follow, Road
from services.gateway.adapters.flight_store import FlightStore
from services.gateway.domain.cache import First, keeps, kept_of
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
FIRST_SIGN_S = 5.0
"""After this it is asked whether the first was said at all: of one that was not, its gateway may have died."""
Flight = asyncio.Task[None]
"""Done once there is nothing to wait for any more, whatever came of it."""


class Flights:
    """Each replica follows the first on its road, wherever it was taken in, once for all who wait here."""

    def __init__(self, store: FlightStore, answers: AnswerStore, follow: Follow, largest_bytes: int) -> None:
        self.store = store
        self._answers = answers
        self._follow = follow
        self._largest_bytes = largest_bytes
        self._followed: dict[tuple[bytes, UUID], Flight] = {}

    async def joined(self, key: bytes, tenant: str, request_id: UUID, for_s: float) -> Flight | None:
        """What to wait for before this request is said; ``None`` where it is the first. Raises ``Refused``."""
        first = await self.store.first(key, request_id, for_s)
        if first.request_id == request_id:
            return None
        flight = self._followed.get((key, first.request_id))
        if flight is None:
            flight = asyncio.create_task(self._until_over(key, tenant, first))
            self._followed[key, first.request_id] = flight
            flight.add_done_callback(lambda _: self._followed.pop((key, first.request_id), None))
        return flight

    async def _until_over(self, key: bytes, tenant: str, first: First) -> None:
        try:
            end = await self._end_of(key, first)
            kept = kept_of(end, self._largest_bytes) if end is not None else None
            # Its own replica may not have kept it yet; what was dropped meanwhile is not kept by this.
            if kept is not None and await self._answers.find(key, tenant) is None:
                await self._answers.write([kept], [])
            await self.store.over(key, first.request_id)
        except Refused:
            log.warning("the first of several requests is waited for no longer: the database is away")

    async def _end_of(self, key: bytes, first: First) -> RequestCompleted | None:
        """Its answer; ``None`` as soon as none of it will be kept, or when there is no time left."""
        try:
            async with asyncio.timeout(first.left_s):
                with self._follow(first.request_id, first.begun_at) as road:
                    sign = await self._sign_on(road, key, first)
                    if not isinstance(sign, RequestProfiled) or not keeps(sign, key):
                        return None
                    return await _answer_on(road)
        except TimeoutError:
            log.info("request %s is waited for no longer", first.request_id)
        return None

    async def _sign_on(self, road: Road, key: bytes, first: First) -> Event | None:
        """What is heard of it first; ``None`` where it was never said. A profiler that lags is no reason to give up."""
        try:
            async with asyncio.timeout(FIRST_SIGN_S):
                return await road.get()
        except TimeoutError:
            return await road.get() if await self._may_come(key, first) else None

    async def _may_come(self, key: bytes, first: First) -> bool:
        """Whether it was said. While nobody can tell, all who wait had better not ask a model at once."""
        try:
            return await self.store.is_said(key, first.request_id)
        except Refused:
            return True


async def _answer_on(road: Road) -> RequestCompleted | None:
    while (event := await road.get()) is not None and not isinstance(event, RequestFailed):
        if isinstance(event, RequestCompleted):
            return event
    return None
