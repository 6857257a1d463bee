"""The cache of verified answers, as a replica uses it: looked into before a request is said, filled from its ends."""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

from infra.metrics.measure import Measure, counter
from schemas.outcome import RequestCompleted
from schemas.recall import Recall
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from services.gateway.adapters.answer_store import AnswerStore
from services.gateway.adapters.flights import Flight, Flights
from services.gateway.domain.cache import (
    Bad,
    Given,
    Kept,
    Wish,
    given_of,
    kept_of,
    may_be_cached,
    recall_of,
)
from services.gateway.domain.chat_request import fits
from services.gateway.domain.problems import Refused

log = logging.getLogger(__name__)
MOST_QUEUED = 1_000
"""Answers that wait to be written; the oldest of more are not kept."""
AWAY_S = 5.0
"""How long nobody looks into a cache that did not answer: its absence costs a request nothing."""


class AnswerCache:
    """``hits`` and ``misses`` count requests by lane, each at the replica that hears its end."""

    def __init__(
        self,
        store: AnswerStore,
        largest_bytes: int,
        inline_bytes: int,
        clock: Callable[[], float] = time.monotonic,
        flights: Flights | None = None,
    ) -> None:
        self.hits: Counter[str] = Counter()
        self.misses: Counter[str] = Counter()
        self.dropped = 0
        self.store = store
        self._largest_bytes = largest_bytes
        self._inline_bytes = inline_bytes
        self._clock = clock
        self.flights = flights
        self._away_until = 0.0
        self._kept: deque[Kept] = deque(maxlen=MOST_QUEUED)
        self._given: deque[Given] = deque(maxlen=MOST_QUEUED)
        self._some = asyncio.Event()

    def measures(self, dropped_elsewhere: Callable[[], int]) -> tuple[Measure, ...]:
        """Its figures. ``dropped_elsewhere``: answers that went for feedback over Kafka."""
        dropped = "portfolio_cache_dropped_total"
        return (
            counter("portfolio_cache_hits_total", "Requests answered from the cache.", lambda: self.hits, "lane"),
            counter("portfolio_cache_misses_total", "Requests it had no answer to.", lambda: self.misses, "lane"),
            counter(dropped, "Answers dropped for bad feedback.", lambda: self.dropped + dropped_elsewhere()),
        )

    async def look_up(
        self, asked: RequestSubmitted, tenant: str, revised: PortfolioRevised, wish: Wish
    ) -> RequestSubmitted:
        """The request with its key, and with the answer that is kept under it, where both fit into a message."""
        if wish is Wish.NOTHING or not may_be_cached(asked, revised.portfolio):
            return asked
        recall = recall_of(asked, tenant, revised.revision)
        if wish is Wish.ANSWER:
            recall = await self._found(recall, tenant)
        told = asked.model_copy(update={"recall": recall})
        if fits(told, self._inline_bytes, self._inline_bytes):
            return told
        return asked.model_copy(update={"recall": recall.model_copy(update={"found": None})})

    async def joined(self, asked: RequestSubmitted, tenant: str, patience_s: float) -> Flight | None:
        """What to wait for before this request is said: another's answer, to exactly the same."""
        key, request_id = self._key_to_answer(asked.recall), asked.request_id
        if self.flights is None or key is None or request_id is None:
            return None
        try:
            return await self.flights.joined(key, tenant, request_id, patience_s)
        except Refused:
            self._leave_alone()
            return None

    async def said(self, recall: Recall | None, request_id: UUID) -> None:
        """Kafka has this request: who waits for it waits for its end."""
        if self.flights is None or (key := self._key_to_answer(recall)) is None:
            return
        try:
            await self.flights.store.said(key, request_id)
        except Refused:
            self._leave_alone()

    async def not_said(self, recall: Recall | None, request_id: UUID) -> None:
        """This request was refused, or its client left: nobody waits for it."""
        if self.flights is None or (key := self._key_to_answer(recall)) is None:
            return
        with suppress(Refused):  # its row goes out of date
            await self.flights.store.over(key, request_id)

    def _key_to_answer(self, recall: Recall | None) -> bytes | None:
        """Under which a model's answer will be kept; ``None`` where none will, or one is there."""
        if recall is None or recall.found is not None or self._is_away:
            return None
        return bytes.fromhex(recall.key)

    async def _found(self, recall: Recall, tenant: str) -> Recall:
        if self._is_away:
            return recall
        try:
            found = await self.store.find(bytes.fromhex(recall.key), tenant)
        except Refused:
            self._leave_alone()
            return recall
        return recall.model_copy(update={"found": found})

    @property
    def _is_away(self) -> bool:
        return self._clock() < self._away_until

    def _leave_alone(self) -> None:
        self._away_until = self._clock() + AWAY_S
        log.warning("the cache does not answer: nothing is looked up in it for %.0f s", AWAY_S)

    def heard(self, end: RequestCompleted) -> None:
        """Count it; a new answer is to be kept, and one from the cache is noted as given."""
        if given := given_of(end):
            self.hits[end.lane] += 1
            self._given.append(given)
        elif end.keep is not None:
            self.misses[end.lane] += 1
            if kept := kept_of(end, self._largest_bytes):
                self._kept.append(kept)
        if self._kept or self._given:
            self._some.set()

    async def write(self) -> int:
        """Write what was heard, once there is some; how many bytes of answers. While the database is away: none."""
        await self._some.wait()
        self._some.clear()
        kept, given = list(self._kept), list(self._given)
        self._kept.clear()
        self._given.clear()
        try:
            self.dropped += await self.store.write(kept, given)
        except Refused:
            log.warning("%d answers are not kept: the database is away", len(kept))
        return sum(each.recalled.answer.bytes for each in kept)

    async def drop(self, bad: Bad) -> None:
        """An answer was wrong: it is served to nobody any more. Raises ``Refused`` when that is not sure."""
        self.dropped += await self.store.drop(bad)
