"""Requests under an Idempotency-Key: who has it, whether it was said, and where its end is found."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from schemas.fact import Event
from schemas.outcome import RequestDeferred
from schemas.request import RequestSubmitted
from services.gateway.adapters.claim_store import ClaimStore, Span
from services.gateway.adapters.waiting import End, Heard
from services.gateway.domain.chat_request import Content
from services.gateway.domain.patience import KEPT_S
from services.gateway.domain.problems import Refused
from services.gateway.domain.repeats import Claim, hash_of_body, hash_of_key, own_key

log = logging.getLogger(__name__)


class Search(Protocol):
    """A search of the log. ``found``: the end, or ``None`` when the gateway stops; ``caught_up``: none stood there.

    ``passed``: that the end comes later than the deadline; ``news``: that, or the end, whichever the log tells first.
    """

    @property
    def found(self) -> asyncio.Future[End | None]: ...

    @property
    def caught_up(self) -> asyncio.Future[None]: ...

    @property
    def news(self) -> asyncio.Future[Heard | None]: ...

    @property
    def passed(self) -> RequestDeferred | None: ...


Past = Callable[[UUID, datetime], AbstractContextManager[Search]]
"""The end of a request, whoever's it was and however long ago: looked for in the log, from that time on."""
NO_BODY = b""
"""Of a request that was said before it is remembered: nobody can send its key again."""
Road = asyncio.Queue[Event | None]
Follow = Callable[[UUID, datetime], AbstractContextManager[Road]]
"""All that happened to a request and that happens, in order, to its end; ``None`` when the gateway stops."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """One request under its key."""

    claims: "Claims"
    tenant: str
    key_hash: bytes
    claim: Claim

    async def said(self) -> None:
        """Kafka has it. If that cannot be noted a repeat says it once more, and the profiler takes both as one."""
        try:
            await self.claims.store.said(self.tenant, self.key_hash, self.claim.request_id)
        except Refused:
            log.warning("request %s is not noted as said: the database is away", self.claim.request_id)

    def search(self) -> AbstractContextManager[Search]:
        """Its end, whichever replica took the request first, and whatever became of that."""
        return self.claims.past(self.claim.request_id, self.claim.asked_at)


@dataclass(frozen=True, slots=True)
class Claims:
    """Where keys are remembered, where ends are found, and where a request is followed on its road, if it can be."""

    store: ClaimStore
    past: Past
    road: Follow | None

    async def of(
        self, key: str, tenant: str, asked: RequestSubmitted, kept_s: float, content: Content | None = None
    ) -> Keyed:
        """What stands under a key of this tenant, for so long. Raises ``Refused`` where another body does.

        ``content``: that of a large request, which came apart.
        """
        assert asked.request_id is not None  # noqa: S101 the gateway mints one for each
        key_hash = hash_of_key(key)
        body_hash = content.body_hash if content else hash_of_body(asked)
        claim = await self.store.claim(tenant, key_hash, body_hash, asked.request_id, Span(0, kept_s))
        return Keyed(self, tenant, key_hash, claim)

    async def remember(self, tenant: str, request_id: UUID, asked_s_ago: float, kept_s: float = KEPT_S) -> bool:
        """Note a request that was said, so that its tenant finds it by its id; ``False`` while the database is away.

        Its events are looked for in the log from when it was asked.
        """
        key_hash = hash_of_key(own_key(request_id))
        try:
            await self.store.claim(tenant, key_hash, NO_BODY, request_id, Span(asked_s_ago, kept_s))
            await self.store.said(tenant, key_hash, request_id)
        except Refused:
            log.warning("request %s is not remembered: the database is away", request_id)
            return False
        return True
