"""Who comes in: the key that a client sends, looked up and kept for a moment, and the pace that it may go at."""

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from services.gateway.adapters.key_store import KeyStore
from services.gateway.adapters.tabs import Tabs
from services.gateway.domain.chat_request import Content
from services.gateway.domain.keys import (
    Key,
    Scope,
    checked,
    hashed,
    missing_key,
    never_fits,
    presented,
    share_of_a_minute,
    tokens_of,
    unbounded_tokens,
)
from services.gateway.domain.problems import Refused, over_pace

log = logging.getLogger(__name__)
KEPT_S = 2.0
"""How long a key is taken for what it was: a revocation holds everywhere within this time."""
MOST_KEPT = 10_000
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
ANYONE = Key(id="anyone", name="any key", created_at=BEGINNING)
FIRST = Key(id="first", name="GATEWAY_ADMIN_KEY", scopes=(Scope.CHAT, Scope.ADMIN), created_at=BEGINNING)


@dataclass(slots=True)
class Visit:
    """One request under one key."""

    key: Key
    store: KeyStore | None
    tokens: int = 0

    @property
    def holds(self) -> bool:
        """Whether tokens are held, of which the end tells how many were used."""
        return self.store is not None and self.tokens > 0

    @property
    def speaks_for(self) -> str | None:
        """Whose requests it may speak of; ``None`` where no key is needed: of any."""
        return None if self.key is ANYONE else self.key.tenant

    async def let_in(self, asked: RequestSubmitted, content: Content | None = None) -> RequestSubmitted:
        """The request, in the name of the key's tenant. Raises ``Refused`` when the key goes too fast.

        ``content``: that of a large one, which came apart.
        """
        key = self.key
        if key is ANYONE:
            return asked
        if key.requests_per_minute is not None or key.tokens_per_minute is not None:
            told = (content.tokens, content.unbounded) if content else (tokens_of(asked), unbounded_tokens(asked))
            await self._pace(*told)
        grant = None if key is FIRST else key.grant
        return asked.model_copy(update={"tenant": key.tenant, "grant": grant})

    async def used(self, end: RequestCompleted | RequestFailed) -> None:
        """Reckon with the tokens that were really used; what a failed request used is not told."""
        if self.store is None or self.key.tokens_per_minute is None or not isinstance(end, RequestCompleted):
            return
        over = end.usage.input_tokens + end.usage.output_tokens - self.tokens
        try:
            await self.store.correct(self.key.pace_id, share_of_a_minute(over, self.key.tokens_per_minute))
        except Refused:
            log.warning("the tokens of %s stay as they were reckoned: the database is away", self.key.shown)

    async def _pace(self, asked: int, unbounded: int) -> None:
        key = self.key
        if key.tokens_per_minute is not None and asked > key.tokens_per_minute:
            raise never_fits(key, asked)
        self.tokens = tokens = min(asked + unbounded, key.tokens_per_minute or asked)
        assert self.store is not None  # noqa: S101 a key with limits was found there
        request = share_of_a_minute(1, key.requests_per_minute)
        wait = await self.store.pace(key.pace_id, request, share_of_a_minute(tokens, key.tokens_per_minute))
        if wait is not None:
            raise over_pace(key.shown, max(1, ceil(wait.total_seconds())))


@dataclass
class Gate:
    """``store`` is there where a database is given; ``first``: the key that makes the others."""

    store: KeyStore | None = None
    required: bool = False
    first: str | None = None
    clock: Callable[[], float] = time.monotonic
    tabs: Tabs = field(default_factory=Tabs)
    _kept: dict[bytes | str, tuple[float, Key | None]] = field(
        default_factory=dict[bytes | str, tuple[float, Key | None]]
    )

    async def visit(self, headers: Mapping[str, str]) -> Visit:
        """A client who asks. Raises ``Refused`` unless its key is good for that."""
        if not self.required:
            return Visit(ANYONE, self.store)
        return Visit(await self.key_of(headers, Scope.CHAT), self.store)

    async def visit_of(self, key_id: str | None) -> Visit:
        """One who came before, under the key of this id (``None``: where none was needed), and is served later.

        Raises ``Refused`` unless that key is still good.
        """
        if key_id is None:
            return Visit(ANYONE, self.store)
        return Visit(checked(await self._named(key_id), Scope.CHAT, datetime.now(UTC)), self.store)

    async def key_of(self, headers: Mapping[str, str], scope: Scope) -> Key:
        """The key that is sent. Raises ``Refused`` unless it is good for ``scope``."""
        if not (secret := presented(headers)):
            raise missing_key()
        return checked(await self._found(secret), scope, datetime.now(UTC))

    async def _found(self, secret: str) -> Key | None:
        named = hashed(secret)
        if self.first and hmac.compare_digest(hashed(self.first), named):
            return FIRST
        return await self._looked_up(named, lambda store: store.find(secret))

    async def _named(self, key_id: str) -> Key | None:
        if self.first and key_id == FIRST.id:
            return FIRST
        return await self._looked_up(key_id, lambda store: store.named(key_id))

    async def _looked_up(self, named: bytes | str, look: Callable[[KeyStore], Awaitable[Key | None]]) -> Key | None:
        if self.store is None:
            return None
        kept = self._kept.get(named)
        if kept is not None and self.clock() < kept[0]:
            return kept[1]
        found = await look(self.store)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[named] = (self.clock() + KEPT_S, found)
        return found
