"""What a gateway with a database remembers, in memory: claims of keys, and ends in the log."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas.fact import Event
from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.repeats import Claim, used_for_another

End = RequestCompleted | RequestFailed


@dataclass
class Search:
    """As the log's own: the log is at its end at once."""

    found: "asyncio.Future[End | None]"
    caught_up: "asyncio.Future[None]"


@dataclass
class Memory:
    """In the place of the claims' store, and of the log."""

    rows: dict[tuple[str, bytes], tuple[bytes, Claim]] = field(default_factory=dict)
    ends: dict[UUID, End] = field(default_factory=dict)
    roads: dict[UUID, list[Event]] = field(default_factory=dict)
    searches: dict[UUID, list[Search]] = field(default_factory=dict)

    async def claim(self, tenant: str, key_hash: bytes, body_hash: bytes, request_id: UUID, age_s: float = 0) -> Claim:
        row = self.rows.get((tenant, key_hash))
        if row is None:
            claim = Claim(request_id, datetime.now(UTC) - timedelta(seconds=age_s))
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

    def note(self, end: End) -> None:
        """It stands in the log from now on."""
        self.ends[end.request_id] = end
        for search in self.searches.get(end.request_id, ()):
            if not search.found.done():
                search.found.set_result(end)

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
        search = Search(loop.create_future(), loop.create_future())
        search.caught_up.set_result(None)
        if request_id in self.ends:
            search.found.set_result(self.ends[request_id])
        else:
            self.searches.setdefault(request_id, []).append(search)
        try:
            yield search
        finally:
            if search in self.searches.get(request_id, ()):
                self.searches[request_id].remove(search)
