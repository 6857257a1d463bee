"""Erasing: data keys are deleted, and nobody reads what was sealed under them. It takes no master key."""

from collections.abc import AsyncIterator
from datetime import date
from typing import NamedTuple
from uuid import UUID

from infra.objects.store import KEYS, ObjectStore, day_of, request_of
from infra.objects.vault import WrappedKey


class Sealed(NamedTuple):
    """A request whose content can be read: the day under which its keys are kept. ``keys``: those of one tenant, where
    another used the same id; none are named where all are meant.
    """

    request_id: UUID
    day: date
    keys: tuple[str, ...] = ()


class Erasure:
    """Finds the data keys that are kept, and deletes them. All raise :class:`ObjectsAway`."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def of_request(self, request_id: UUID) -> list[Sealed]:
        """Where keys of this request are kept: most often one day, or none."""
        days = [day async for day in self._days()]
        return [Sealed(request_id, day) for day in days if await self._store.names(_folder(Sealed(request_id, day)))]

    async def of_tenant(self, tenant: str, before: date) -> list[Sealed]:
        """This tenant's keys of the days before that one, by request."""
        found: list[Sealed] = []
        async for day in self._days():
            names = await self._store.names(f"{KEYS}/{day.isoformat()}") if day < before else []
            kept = [Sealed(request_id, day) for name in names if (request_id := request_of(name))]
            theirs = [each._replace(keys=await self._keys_of(tenant, each)) for each in kept]
            found += [each for each in theirs if each.keys]
        return found

    async def erase(self, sealed: Sealed) -> None:
        """Delete its keys. What is gone already stays gone."""
        folder = _folder(sealed)
        for gone in [f"{folder}/{key}" for key in sealed.keys] or [folder]:
            await self._store.remove(gone)

    async def _days(self) -> AsyncIterator[date]:
        for name in await self._store.names(KEYS):
            if (day := day_of(name)) is not None:
                yield day

    async def _keys_of(self, tenant: str, sealed: Sealed) -> tuple[str, ...]:
        names = await self._store.names(_folder(sealed))
        return tuple([name for name in names if await self._tenant_of(f"{_folder(sealed)}/{name}") == tenant])

    async def _tenant_of(self, place: str) -> str | None:
        """Whose key it is; ``None`` when it went meanwhile, or is no key: nothing can be read with it."""
        kept = await self._store.read(place)
        try:
            return WrappedKey.read(kept).tenant if kept is not None else None
        except ValueError:
            return None


def _folder(sealed: Sealed) -> str:
    return f"{KEYS}/{sealed.day.isoformat()}/{sealed.request_id}"
