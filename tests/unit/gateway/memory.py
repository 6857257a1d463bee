"""What a gateway with a database remembers, in memory: claims of keys, and ends in the log."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas.fact import Event
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from services.gateway.adapters.claim_store import Span
from services.gateway.domain.repeats import Claim, used_for_another

End = RequestCompleted | RequestFailed


@dataclass
class Search:
    """As the log's own: the log is at its end at once."""

    found: "asyncio.Future[End | None]"
    caught_up: "asyncio.Future[None]"
    news: "asyncio.Future[End | RequestDeferred | None]"
    passed: RequestDeferred | None = None


@dataclass
class Memory:
    """In the place of the claims' store, and of the log."""

    rows: dict[tuple[str, bytes], tuple[bytes, Claim]] = field(default_factory=dict)
    spans: dict[UUID, Span] = field(default_factory=dict)
    ends: dict[UUID, End] = field(default_factory=dict)
    deferrals: dict[UUID, RequestDeferred] = field(default_factory=dict)
    roads: dict[UUID, list[Event]] = field(default_factory=dict)
    searches: dict[UUID, list[Search]] = field(default_factory=dict)

    async def claim(self, tenant: str, key_hash: bytes, body_hash: bytes, request_id: UUID, span: Span) -> Claim:
        row = self.rows.get((tenant, key_hash))
        if row is None:
            self.spans[request_id] = span
            claim = Claim(request_id, datetime.now(UTC) - timedelta(seconds=span.asked_s_ago))
            self.rows[tenant, key_hash] = (body_hash, Claim(request_id, claim.asked_at, is_new=False))
            return claim
        if row[0] != body_hash:
            raise used_for_another()
        return row[1]

    async def said(self, tenant: str, key_hash: bytes, request_id: UUID) -> None:
        body_hash, claim = self.rows[tenant, key_hash]
        self.rows[tenant, key_hash] = (body_hash, Claim(claim.request_id, claim.asked_at, is_new=False, is_said=True))

    async def find(self, tenant: str, request_id: UUID) -> Claim | None:
        mine = (claim for (whose, _), (_, claim) in self.rows.items() if whose == tenant)
        return next((claim for claim in mine if claim.request_id == request_id), None)

    def note(self, end: End | RequestDeferred) -> None:
        """It stands in the log from now on."""
        if isinstance(end, RequestDeferred):
            self.deferrals[end.request_id] = end
        else:
            self.ends[end.request_id] = end
        for search in self.searches.get(end.request_id, ()):
            self._tell(search, end.request_id)

    def _tell(self, search: Search, request_id: UUID) -> None:
        end, search.passed = self.ends.get(request_id), self.deferrals.get(request_id)
        if end is not None and not search.found.done():
            search.found.set_result(end)
        if (news := end or search.passed) is not None and not search.news.done():
            search.news.set_result(news)

    @contextmanager
    def road(self, request_id: UUID, since: datetime) -> Iterator["asyncio.Queue[Event | None]"]:
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        for event in self.roads.get(request_id, ()):
            events.put_nowait(event)
        with self.past(request_id, since) as search:
            search.found.add_done_callback(lambda found: found.cancelled() or events.put_nowait(found.result()))
            yield events

    @contextmanager
    def past(self, request_id: UUID, since: datetime) -> Iterator[Search]:
        loop = asyncio.get_running_loop()
        search = Search(loop.create_future(), loop.create_future(), loop.create_future())
        search.caught_up.set_result(None)
        self.searches.setdefault(request_id, []).append(search)
        self._tell(search, request_id)
        try:
            yield search
        finally:
            if search in self.searches.get(request_id, ()):
                self.searches[request_id].remove(search)
