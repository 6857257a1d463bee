"""A look at the object store: whether it takes and gives, and whether the keys at hand open what was sealed."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID, uuid4

from infra.objects.failures import ObjectsAway
from infra.objects.store import KEYS, ObjectStore, day_of, request_of
from infra.objects.vault import Vault

MOST_LOOKED_AT = 5
PROBE = "doctor"


class KeysFound(NamedTuple):
    """Data keys that were looked at, of the newest days; and of those, how many a key at hand opens."""

    looked_at: int
    opened: int


async def take_and_give(store: ObjectStore) -> None:
    """Write a small object, read it, and delete it. Raises :class:`ObjectsAway`."""
    name, content = f"{PROBE}-{uuid4().hex}", uuid4().bytes
    await store.write(name, content)
    given = await store.read(name)
    await store.remove(name)
    if given != content:
        raise ObjectsAway("the object store does not give back what it took: see OBJECTS_URL")


async def keys_that_fit(store: ObjectStore, vault: Vault) -> KeysFound:
    """Try the keys at hand on a few data keys. Raises :class:`ObjectsAway`."""
    looked_at = opened = 0
    async for request_id, day, name in _newest(store):
        looked_at += 1
        opened += await vault.opens(request_id, day, name)
        if looked_at == MOST_LOOKED_AT:
            break
    return KeysFound(looked_at, opened)


async def _newest(store: ObjectStore) -> AsyncIterator[tuple[UUID, str, str]]:
    for day in reversed([name for name in await store.names(KEYS) if day_of(name)]):
        for told in await store.names(f"{KEYS}/{day}"):
            if request_id := request_of(told):
                for name in await store.names(f"{KEYS}/{day}/{told}"):
                    yield request_id, day, name
