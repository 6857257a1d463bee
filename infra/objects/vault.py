"""The one door to sealed content. A request's data key lies in the object store, wrapped by a master key."""

import asyncio
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from uuid import UUID, uuid4

from infra.objects.config import SealingConfig
from infra.objects.failures import ContentErased, ContentLost, KeyMissing, KeyWrong
from infra.objects.master_keys import MasterKeys
from infra.objects.seal import DataKey, SealBroken, new_secret, opened, seal
from infra.objects.store import KEYS, ObjectStore
from schemas.content import Body, Kin, Owner
from schemas.fact import Fact
from schemas.reaction import Refused

KEY_ID = re.compile(r"([a-z0-9][a-z0-9._-]{0,31})/(\d{4}-\d{2}-\d{2})/([0-9a-f]{32})")
"""Which master key wraps it, the day under which it is kept, and what nobody can guess."""
NO_KEYS = "SEALING_KEYS is not set: give this service the keys that content is sealed with"


class WrappedKey(Fact):
    """A data key as it is kept. ``wrapped``: base64 of what the master key sealed."""

    tenant: str
    wrapped: str


class Vault:
    """Seals and opens bodies; a body that is not sealed is read as it is."""

    def __init__(self, store: ObjectStore, config: SealingConfig) -> None:
        self._store = store
        self._keys = config.master_keys

    @property
    def can_seal(self) -> bool:
        """Whether there are keys."""
        return self._keys is not None

    def lacks(self, body: Body) -> Refused | None:
        """Why nothing that a handler hears with this sealed body can be done here; ``None`` when it can."""
        try:
            self._master_of(body.key_id or "")
        except ContentLost as lost:
            return Refused(lost.reason, str(lost))
        return None

    async def put(self, content: bytes) -> Body:
        """Keep it by reference, as it is. Raises :class:`ObjectsAway`."""
        return await self._store.put(content)

    async def key_for(self, owner: Owner) -> DataKey:
        """A new data key of this request, kept. Raises :class:`KeyMissing` or :class:`ObjectsAway`."""
        keys = self._needed()
        key_id = f"{keys.newest}/{owner.day.isoformat()}/{uuid4().hex}"
        secret = new_secret()
        wrapped = seal(keys.by_name[keys.newest], secret, _bound_to(owner.request_id, key_id, owner.tenant))
        kept = WrappedKey(tenant=owner.tenant, wrapped=b64encode(wrapped).decode())
        await self._store.write(_place(owner.request_id, key_id), kept.to_json())
        return DataKey(key_id, owner.request_id, secret)

    async def key_of(self, key_id: str, request_id: UUID) -> DataKey:
        """The data key that a body names. Raises :class:`ContentLost`, :class:`KeyMissing` or :class:`ObjectsAway`."""
        name, master = self._master_of(key_id)
        kept = await self._store.read(_place(request_id, key_id))
        if kept is None:
            raise ContentErased("the content's key is gone: it was erased, or is older than OBJECTS_KEEP_DAYS")
        try:
            wrapped = WrappedKey.read(kept)
            bound_to = _bound_to(request_id, key_id, wrapped.tenant)
            return DataKey(key_id, request_id, opened(master, b64decode(wrapped.wrapped, validate=True), bound_to))
        except SealBroken:
            raise KeyWrong(f"SEALING_KEYS: key {name} is not the one that sealed this content") from None
        except ValueError:
            raise ContentLost(f"the object {_place(request_id, key_id)} is no wrapped key: it is damaged") from None

    async def sealed(self, content: bytes, under: Owner | Kin | DataKey, *, by_reference: bool = False) -> Body:
        """A body that holds the content for this request alone: under a new data key of an owner's, its kin's, or one
        that was read before.

        Raises :class:`ContentLost` in one of its kinds, or :class:`ObjectsAway`.
        """
        key = under if isinstance(under, DataKey) else await self._key_under(under)
        if by_reference:
            kept = await self._store.put(await asyncio.to_thread(key.seal, content))
            return kept.model_copy(update={"key_id": key.key_id})
        sealed = key.seal(content)
        digest = sha256(sealed).hexdigest()
        return Body(inline=b64encode(sealed).decode(), sha256=digest, bytes=len(sealed), key_id=key.key_id)

    async def content(self, body: Body, request_id: UUID, read: DataKey | None = None) -> bytes:
        """What a body holds, wherever it is kept. ``read``: a data key of this request that need not be read again.

        Raises :class:`ContentLost` in one of its kinds, or :class:`ObjectsAway`.
        """
        if body.key_id is None:
            return body.inline.encode() if body.inline is not None else await self._store.get(body)
        key = read
        if key is None or (key.key_id, key.request_id) != (body.key_id, request_id):
            key = await self.key_of(body.key_id, request_id)
        try:
            sealed = await self._store.get(body) if body.inline is None else b64decode(body.inline, validate=True)
            return await asyncio.to_thread(key.open, sealed) if body.inline is None else key.open(sealed)
        except (SealBroken, ValueError):
            raise ContentLost("the content is not what was sealed for this request") from None

    async def _key_under(self, under: Owner | Kin) -> DataKey:
        if isinstance(under, Owner):
            return await self.key_for(under)
        return await self.key_of(under.body.key_id or "", under.request_id)

    async def opens(self, request_id: UUID, day: str, name: str) -> bool:
        """Whether one of the master keys unwraps a data key that is kept; one that is gone or damaged needs none.

        Raises :class:`ObjectsAway`.
        """
        for master in self._keys.by_name if self._keys else ():
            try:
                await self.key_of(f"{master}/{day}/{name}", request_id)
            except KeyWrong:
                continue
            except ContentLost:
                return True
            return True
        return False

    def _master_of(self, key_id: str) -> tuple[str, bytes]:
        found = KEY_ID.fullmatch(key_id)
        if found is None:
            raise ContentLost("the body names no key")
        master = self._needed().by_name.get(found[1])
        if master is None:
            raise KeyMissing(f"SEALING_KEYS has no key {found[1]}: give it back beside the newer ones")
        return found[1], master

    def _needed(self) -> MasterKeys:
        if self._keys is None:
            raise KeyMissing(NO_KEYS)
        return self._keys


def _place(request_id: UUID, key_id: str) -> str:
    """Where a data key is kept, so that all of a request's go with one folder, and all of a day's with another."""
    _, day, name = key_id.split("/")
    return f"{KEYS}/{day}/{request_id}/{name}"


def _bound_to(request_id: UUID, key_id: str, tenant: str) -> bytes:
    return f"key {key_id} of {request_id} of {tenant}".encode()
