"""Files whole: their parts in the object store, sealed wherever anything is; and what PostgreSQL says of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Self
from uuid import UUID, uuid4

from infra.objects.erasure import Erasure, Sealed
from infra.objects.failures import ContentLost, KeyMissing, KeyWrong, ObjectsAway
from infra.objects.store import ObjectStore
from infra.objects.vault import NO_KEYS, Vault
from schemas.content import Body, Owner
from schemas.portfolio import Portfolio
from schemas.vocabulary import DataClass
from services.gateway.adapters.file_store import FileStore, NewFile, Part
from services.gateway.domain.batch import batch_id_of
from services.gateway.domain.erased_lines import Edit, Sought, Span, touches
from services.gateway.domain.files import (
    StoredFile,
    content_away,
    content_gone,
    file_in_use,
    in_pieces,
    too_many_uploads,
)
from services.gateway.domain.problems import Refused, no_key, not_kept

log = logging.getLogger(__name__)
PART_BYTES = 4_194_304
"""Of a file at most; so much of one that comes in is in memory at once."""
MOST_UPLOADS = 16
"""At once: of each a part, and its copies on their way into the store, are in memory."""


class KeptFiles:
    """The content of a file lies in parts, each under a data key of its own, so that one goes without the others."""

    def __init__(self, store: FileStore, objects: ObjectStore, vault: Vault) -> None:
        self.store = store
        self._objects = objects
        self._vault = vault
        self.uploads = 0

    async def begin(self, tenant: str, portfolio: Portfolio) -> "Writing":
        """A file to write. Raises ``Refused`` where it would have to be sealed, and cannot be."""
        if _seals(portfolio, has_keys=self._vault.can_seal) and not self._vault.can_seal:
            raise no_key(NO_KEYS)
        return Writing(self, uuid4(), tenant, portfolio)

    async def put(self, file_id: UUID, tenant: str, content: bytes, portfolio: Portfolio) -> Part:
        """Keep one part, sealed where anything is. Raises ``Refused`` when it cannot be kept now."""
        return await self._put(file_id, tenant, content, is_sealed=_seals(portfolio, has_keys=self._vault.can_seal))

    async def _put(self, file_id: UUID, tenant: str, content: bytes, *, is_sealed: bool) -> Part:
        try:
            if not is_sealed:
                return Part(await self._vault.put(content), len(content))
            owner = Owner(file_id, tenant, datetime.now(UTC).date())
            return Part(await self._vault.sealed(content, owner, by_reference=True), len(content))
        except KeyMissing as error:
            raise no_key(str(error)) from None
        except ObjectsAway:
            raise not_kept() from None

    async def content(self, file_id: UUID, since: int = 0) -> AsyncIterator[bytes]:
        """What a file holds, part by part, from this one on. Raises ``Refused`` when that cannot be had."""
        for number, part in enumerate((await self._parts(file_id))[since:], since):
            yield await self._read(file_id, number, part)

    async def _parts(self, file_id: UUID) -> list[Part]:
        parts = await self.store.parts(file_id)
        if not parts and not await self.store.is_empty(file_id):
            raise content_gone()
        return parts

    async def _read(self, file_id: UUID, number: int, part: Part) -> bytes:
        """One part; where it is gone, what has replaced it."""
        try:
            return await self._vault.content(part.body, file_id)
        except (KeyMissing, KeyWrong) as error:
            raise no_key(str(error)) from None
        except ObjectsAway:
            raise content_away() from None
        except ContentLost:
            now = (await self.store.parts(file_id))[number : number + 1]
            if now in ([], [part]):
                raise content_gone() from None
            return await self._read(file_id, number, now[0])

    async def lose(self, file_id: UUID, tenant: str, sought: Sought, edit: Edit) -> None:
        """Put parts without what is sought in the place of those that hold some of it: of all of them, or of none.

        Raises ``Refused``, or ``PartChanged`` where another replaced some meanwhile.
        """
        parts = await self._parts(file_id)
        for number, part in enumerate(parts):
            await asyncio.to_thread(sought.feed, await self._read(file_id, number, part))
        by = await self._without(file_id, tenant, parts, sought.span, edit) if sought.span else {}
        await self.store.replace(file_id, parts, by)

    async def _without(self, file_id: UUID, tenant: str, parts: list[Part], span: Span, edit: Edit) -> dict[int, Part]:
        """By number, what is to be in the place of the parts that the span touches: kept, and no part of it yet."""
        by: dict[int, Part] = {}
        at = 0
        try:
            for number, part in enumerate(parts):
                if touches(span, at, part.size):
                    edited = edit(await self._read(file_id, number, part), at, span)
                    by[number] = await self._put(file_id, tenant, edited, is_sealed=part.body.is_sealed)
                at += part.size
        except Refused:
            await self.store.let_go(file_id, by.values())
            raise
        return by

    async def erase_part(self, file_id: UUID, body: Body) -> None:
        """Delete what was a part, and its key, unless others lie under that. Raises ``Refused`` or ObjectsAway."""
        others = {part.body.key_id for part in await self.store.parts(file_id)}
        if body.key_id is not None and body.key_id not in others:
            _, day, name = body.key_id.split("/")
            await Erasure(self._objects).erase(Sealed(file_id, date.fromisoformat(day), (name,)))
        await self._remove([body])

    async def forget(self, file: StoredFile) -> None:
        """Delete its keys, its parts, and what is said of it. Raises ``Refused``, also where a batch reads it."""
        if (batch_id := await self.store.claim(file.id)) is not None:
            raise file_in_use(batch_id_of(batch_id))
        parts = await self.store.parts(file.id)
        try:
            await self.erase_content(file.id)
            await self._remove([part.body for part in parts])
        except ObjectsAway:
            raise content_away() from None
        await self.store.drop(file.id)

    async def forget_expired(self) -> int:
        """Forget files whose time is over; how many went. One that cannot go now holds up no other.

        Raises ``Refused`` when it is not known which they are.
        """
        gone, files = 0, await self.store.expired(None)
        while files:
            for file in files:
                gone += await self._is_forgotten(file)
            files = await self.store.expired(files[-1])
        return gone

    async def _is_forgotten(self, file: StoredFile) -> bool:
        try:
            await self.forget(file)
        except Refused as away:
            log.warning("file %s, whose time is over, stays for now: %s", file.id, away)
            return False
        return True

    async def discard(self, file_id: UUID, parts: list[Part]) -> None:
        """Nobody will ask for these: what stays is forgotten after OBJECTS_KEEP_DAYS."""
        try:
            await self.erase_content(file_id)
            await self._remove([part.body for part in parts])
        except ObjectsAway as error:
            log.warning("what was sent of file %s stays for now: %s", file_id, error)

    async def erase_content(self, owner_id: UUID) -> None:
        """Delete the keys of a file, or of a request: nobody reads what lies under them. Raises ObjectsAway."""
        erasure = Erasure(self._objects)
        for sealed in await erasure.of_request(owner_id):
            await erasure.erase(sealed)

    async def _remove(self, bodies: list[Body]) -> None:
        for body in bodies:
            if body.ref is not None:
                await self._objects.remove(body.ref)


class Writing:
    """A file while it comes in. What is not :meth:`kept` by the end of the block is discarded."""

    def __init__(self, files: KeptFiles, file_id: UUID, tenant: str, portfolio: Portfolio) -> None:
        self._files = files
        self._id = file_id
        self._tenant = tenant
        self._portfolio = portfolio
        self._held = bytearray()
        self._parts: list[Part] = []
        self._is_kept = False
        self.size = 0

    async def __aenter__(self) -> Self:
        """Raises ``Refused`` while as many come in as may."""
        if self._files.uploads >= MOST_UPLOADS:
            raise too_many_uploads(MOST_UPLOADS)
        self._files.uploads += 1
        return self

    async def __aexit__(self, *error: object) -> None:
        self._files.uploads -= 1
        if not self._is_kept:
            await asyncio.shield(self._files.discard(self._id, self._parts))

    async def write(self, piece: bytes) -> None:
        """It goes on. Raises ``Refused`` when the object store takes nothing now."""
        self._held += piece
        self.size += len(piece)
        if len(self._held) >= PART_BYTES:
            await self._flush()

    async def kept(self, purpose: str, filename: str, kept_s: float) -> StoredFile:
        """It is whole. Raises ``Refused``."""
        if self._held:
            await self._flush()
        file = NewFile(self._id, self._tenant, purpose, filename, self.size, kept_s)
        stored = await self._files.store.keep(file, self._parts)
        self._is_kept = True
        return stored

    async def _flush(self) -> None:
        pieces = in_pieces(bytes(self._held), PART_BYTES)
        self._held.clear()
        for piece in pieces:
            self._parts.append(await self._files.put(self._id, self._tenant, piece, self._portfolio))


def _seals(portfolio: Portfolio, *, has_keys: bool) -> bool:
    """Whether content of any class is sealed: nobody knows of which a file's lines are."""
    return any(portfolio.seals(each, has_keys=has_keys) for each in DataClass)
