"""Files whole: their parts in the object store, sealed wherever anything is; and what PostgreSQL says of them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Self
from uuid import UUID, uuid4

from infra.objects.erasure import Erasure
from infra.objects.failures import ContentLost, KeyMissing, KeyWrong, ObjectsAway
from infra.objects.seal import DataKey
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Body, Owner
from schemas.portfolio import Portfolio
from schemas.vocabulary import DataClass
from services.gateway.adapters.file_store import FileStore, NewFile, Part
from services.gateway.domain.batch import batch_id_of
from services.gateway.domain.files import (
    StoredFile,
    content_away,
    content_gone,
    file_in_use,
    in_pieces,
    too_many_uploads,
)
from services.gateway.domain.problems import no_key, not_kept

log = logging.getLogger(__name__)
PART_BYTES = 4_194_304
"""Of a file at most; so much of one that comes in is in memory at once."""
MOST_UPLOADS = 16
"""At once: of each a part, and its copies on their way into the store, are in memory."""


class KeptFiles:
    """The content of a file lies in parts, under a data key of its own: it may be of any class of data."""

    def __init__(self, store: FileStore, objects: ObjectStore, vault: Vault) -> None:
        self.store = store
        self._objects = objects
        self._vault = vault
        self.uploads = 0

    async def begin(self, tenant: str, portfolio: Portfolio) -> "Writing":
        """A file to write. Raises ``Refused`` where it would have to be sealed, and cannot be."""
        file_id = uuid4()
        return Writing(self, file_id, tenant, await self.key_for(file_id, tenant, portfolio))

    async def key_for(self, file_id: UUID, tenant: str, portfolio: Portfolio) -> DataKey | None:
        """What a file is sealed with; ``None`` where nothing is sealed. Raises ``Refused``."""
        if not any(portfolio.seals(each, has_keys=self._vault.can_seal) for each in DataClass):
            return None
        try:
            return await self._vault.key_for(Owner(file_id, tenant, datetime.now(UTC).date()))
        except KeyMissing as error:
            raise no_key(str(error)) from None
        except ObjectsAway:
            raise not_kept() from None

    async def put(self, content: bytes, key: DataKey | None) -> Part:
        """Keep one part. Raises ``Refused`` when the object store takes nothing now."""
        try:
            put = self._vault.put(content) if key is None else self._vault.sealed(content, key, by_reference=True)
            return Part(await put, len(content))
        except ObjectsAway:
            raise not_kept() from None

    async def content(self, file_id: UUID, since: int = 0) -> AsyncIterator[bytes]:
        """What a file holds, part by part, from this one on. Raises ``Refused`` when that cannot be had."""
        key: DataKey | None = None
        bodies = await self.store.parts(file_id)
        if not bodies and not await self.store.is_empty(file_id):
            raise content_gone()
        for body in bodies[since:]:
            key = await self._key_of(body, file_id, key)
            try:
                yield await self._vault.content(body, file_id, key)
            except ObjectsAway:
                raise content_away() from None
            except ContentLost:
                raise content_gone() from None

    async def _key_of(self, body: Body, file_id: UUID, known: DataKey | None) -> DataKey | None:
        if body.key_id is None or (known is not None and known.key_id == body.key_id):
            return known
        try:
            return await self._vault.key_of(body.key_id, file_id)
        except (KeyMissing, KeyWrong) as error:
            raise no_key(str(error)) from None
        except ContentLost:
            raise content_gone() from None
        except ObjectsAway:
            raise content_away() from None

    async def forget(self, file: StoredFile) -> None:
        """Delete its keys, its parts, and what is said of it. Raises ``Refused``, also where a batch reads it."""
        if (batch_id := await self.store.claim(file.id)) is not None:
            raise file_in_use(batch_id_of(batch_id))
        bodies = await self.store.parts(file.id)
        try:
            await self._erase(file.id)
            await self._remove(bodies)
        except ObjectsAway:
            raise content_away() from None
        await self.store.drop(file.id)

    async def forget_expired(self) -> int:
        """Forget files whose time is over, a bounded number; how many went."""
        files = await self.store.expired()
        for file in files:
            await self.forget(file)
        return len(files)

    async def discard(self, file_id: UUID, parts: list[Part]) -> None:
        """Nobody will ask for these: what stays is forgotten after OBJECTS_KEEP_DAYS."""
        try:
            await self._erase(file_id)
            await self._remove([part.body for part in parts])
        except ObjectsAway as error:
            log.warning("what was sent of file %s stays for now: %s", file_id, error)

    async def _erase(self, file_id: UUID) -> None:
        erasure = Erasure(self._objects)
        for sealed in await erasure.of_request(file_id):
            await erasure.erase(sealed)

    async def _remove(self, bodies: list[Body]) -> None:
        for body in bodies:
            if body.ref is not None:
                await self._objects.remove(body.ref)


class Writing:
    """A file while it comes in. What is not :meth:`kept` by the end of the block is discarded."""

    def __init__(self, files: KeptFiles, file_id: UUID, tenant: str, key: DataKey | None) -> None:
        self._files = files
        self._id = file_id
        self._tenant = tenant
        self._key = key
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
            self._parts.append(await self._files.put(piece, self._key))
