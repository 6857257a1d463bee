"""The content that a handler is about to read, or to say sealed: brought by the bus when a handler needs it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID

from infra.objects.failures import ContentLost, ObjectsAway
from infra.objects.vault import Vault
from schemas.content import Body, Kin, Owner
from schemas.reaction import ContentAway, ContentOpen, Refused

log = logging.getLogger(__name__)
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
MOST_HELD = 4
"""A question, the answer to it, and two others that are compared with it."""


class FetchedContents:
    """Implements :class:`schemas.content.Contents`. Handlers are called one by one, and one needs a few at most."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._held: dict[tuple[str, UUID], str] = {}
        self._sealed: dict[tuple[str, UUID], Body] = {}

    @property
    def can_seal(self) -> bool:
        """Whether there are keys to seal with."""
        return self._vault.can_seal

    def text(self, body: Body, request_id: UUID) -> str:
        """Raises :class:`ContentAway` for content by reference, or sealed, that was not brought lately."""
        if body.is_plain:
            return body.text()
        if (body.sha256, request_id) not in self._held:
            raise ContentAway(body, request_id)
        return self._held[body.sha256, request_id]

    def sealed(self, content: bytes, under: Owner | Kin, *, by_reference: bool = False) -> Body:
        """Raises :class:`ContentOpen` for content that was not sealed lately."""
        found = self._sealed.get((sha256(content).hexdigest(), under.request_id))
        if found is None:
            raise ContentOpen(content, under, by_reference=by_reference)
        return found

    async def bring(self, wanted: ContentAway | ContentOpen) -> Refused | None:
        """Hold what is wanted, however long its store is away; why its event is refused, if that cannot be had."""
        try:
            await self._until_there((self._fetch if isinstance(wanted, ContentAway) else self._seal), wanted)
        except ContentLost as lost:
            return Refused(lost.reason, str(lost))
        return None

    async def _fetch(self, wanted: ContentAway) -> None:
        content = await self._vault.content(wanted.body, wanted.request_id)
        held = (wanted.body.sha256, wanted.request_id), content.decode(errors="replace")
        self._held = dict([*self._held.items(), held][-MOST_HELD:])

    async def _seal(self, wanted: ContentOpen) -> None:
        body = await self._vault.sealed(wanted.content, wanted.under, by_reference=wanted.by_reference)
        self._sealed = {(sha256(wanted.content).hexdigest(), wanted.under.request_id): body}

    async def _until_there(self, bring: Callable[..., Awaitable[None]], wanted: ContentAway | ContentOpen) -> None:
        wait = FIRST_WAIT_S
        while True:
            try:
                return await bring(wanted)
            except ObjectsAway as error:
                log.warning("%s, again in %.1f s", error, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
