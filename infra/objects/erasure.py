"""Erasing: data keys are deleted, and nobody reads what was sealed under them. It takes no master key."""

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

from infra.objects.store import KEYS, ObjectStore
from infra.objects.vault import WrappedKey


class Sealed(NamedTuple):
    """A request whose content can be read: the day under which its keys are kept."""

    request_id: UUID
    day: date


class Erasure:
    """Finds the data keys that are kept, and deletes them. All raise :class:`ObjectsAway`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def of_request(self, request_id: UUID) -> list[Sealed]:
        """Where keys of this request are kept: most often one day, or none."""
        days = [day async for day in self._days()]
        return [Sealed(request_id, day) for day in days if await self._store.names(_folder(Sealed(request_id, day)))]

    async def of_tenant(self, tenant: str, before: date) -> list[Sealed]:
        """This tenant's requests of the days before that one."""
        found: list[Sealed] = []
        async for day in self._days():
            names = await self._store.names(f"{KEYS}/{day.isoformat()}") if day < before else []
            kept = [Sealed(UUID(name), day) for name in names]
            found += [each for each in kept if await self._tenant_of(each) == tenant]
        return found

    async def erase(self, sealed: Sealed) -> None:
        """Delete its keys. What is gone already stays gone."""
        await self._store.remove(_folder(sealed))

    async def _days(self) -> AsyncIterator[date]:
        for name in await self._store.names(KEYS):
            yield date.fromisoformat(name)

    async def _tenant_of(self, sealed: Sealed) -> str | None:
        """Whose it is; ``None`` when its keys went meanwhile."""
        for name in await self._store.names(_folder(sealed)):
            if (kept := await self._store.read(f"{_folder(sealed)}/{name}")) is not None:
                return WrappedKey.read(kept).tenant
        return None


def _folder(sealed: Sealed) -> str:
    return f"{KEYS}/{sealed.day.isoformat()}/{sealed.request_id}"
