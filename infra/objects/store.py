"""The object store, by fsspec: each object is written once under a name of its own, and read with its hash checked."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from infra.metrics.health import Health
from infra.metrics.measure import counter
from infra.objects.config import ObjectsConfig
from infra.objects.failures import ContentElsewhere, ContentLost, ObjectsAway
from schemas.content import Body

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

NAME = re.compile(r"\d{4}-\d{2}-\d{2}/[0-9a-f]{32}")
"""The day it was written on, and what nobody can guess: a reference leads nowhere else, whoever wrote it."""
KEYS = "keys"
"""The folder of data keys, by day as well."""
LEAST_KEPT_DAYS = 1
"""Whatever a store's own rules are."""
PART = ".part"
"""What a file's name ends with until it is whole."""


class ObjectStore:
    """Puts and gets whole objects, in threads. It connects when it is first used."""

    def __init__(self, config: ObjectsConfig) -> None:
        self._config = config
        self._opened: tuple[AbstractFileSystem, str] | None = None
        self._bytes = {"written": 0, "read": 0}

    def report(self, health: Health) -> None:
        """Tell how much content went by reference."""
        health.measure(
            counter("portfolio_object_bytes_total", "Content by reference.", lambda: self._bytes, "direction")
        )

    async def put(self, content: bytes) -> Body:
        """Keep it, and return the reference. Raises :class:`ObjectsAway`."""
        ref = f"{datetime.now(UTC).date().isoformat()}/{uuid4().hex}"
        await self.write(ref, content)
        self._bytes["written"] += len(content)
        return Body(ref=ref, sha256=sha256(content).hexdigest(), bytes=len(content))

    async def write(self, name: str, content: bytes) -> None:
        """Keep it under this name. Raises :class:`ObjectsAway`."""
        with _away("takes nothing now"):
            await asyncio.to_thread(self._write, name, content)

    async def get(self, body: Body) -> bytes:
        """The content of a reference. Raises :class:`ContentLost`, in one of its kinds, or :class:`ObjectsAway`."""
        if body.ref is None or NAME.fullmatch(body.ref) is None or body.bytes > self._config.largest_bytes:
            raise ContentLost("the body refers to nothing in the object store")
        # One byte more than there should be is enough to see that it is another.
        content = await self.read(body.ref, body.bytes + 1)
        if content is None:
            raise await self._missing(body.ref)
        if len(content) != body.bytes or sha256(content).hexdigest() != body.sha256:
            raise ContentLost(f"the object {body.ref} is not what its hash says")
        self._bytes["read"] += body.bytes
        return content

    async def read(self, name: str, most: int | None = None) -> bytes | None:
        """What is kept under this name; ``None`` when nothing is. Raises :class:`ObjectsAway`."""
        with _away("does not answer"), _gone_is_nothing():
            return await asyncio.to_thread(self._read, name, most)
        return None

    async def _missing(self, ref: str) -> ContentLost:
        """Days are forgotten whole, and not before their time: until then the day of an object is where it is."""
        day = day_of(ref.partition("/")[0])
        since = datetime.now(UTC).date() - timedelta(days=self._config.keep_days or LEAST_KEPT_DAYS)
        if day is None or day < since or await self._has(day.isoformat()):
            return ContentLost(f"the object {ref} is gone: it is kept for OBJECTS_KEEP_DAYS")
        other = "its writer has another OBJECTS_URL, or this one is emptied or not mounted"
        return ContentElsewhere(f"the object store holds nothing of {day}: {other}; see OBJECTS_URL")

    async def _has(self, folder: str) -> bool:
        with _away("does not answer"):
            return await asyncio.to_thread(self._exists, folder)

    async def names(self, folder: str) -> list[str]:
        """What is kept in a folder now; nothing where there is none. Raises :class:`ObjectsAway`."""
        with _away("does not answer"):
            return await asyncio.to_thread(self._names, folder)

    async def remove(self, folder: str) -> None:
        """Delete a folder with all that is in it, if it is there. Raises :class:`ObjectsAway`."""
        with _away("deletes nothing now"), suppress(FileNotFoundError):
            await asyncio.to_thread(self._remove, folder)

    async def forget(self, today: date) -> int:
        """Remove the days that are over, of content and of keys; how many were. Raises :class:`ObjectsAway`."""
        if self._config.keep_days == 0:
            return 0
        before = today - timedelta(days=self._config.keep_days)
        with _away("forgets nothing now"):
            return sum([await asyncio.to_thread(self._forget, folder, before) for folder in ("", f"{KEYS}/")])

    def _write(self, name: str, content: bytes) -> None:
        files, root = self._files()
        path = f"{root}/{name}"
        if not _is_folder(self._config.url):
            files.pipe_file(path, content)
            return
        # A file is there whole or not at all: a process may end, or a disk be full, in the midst of writing.
        part = Path(f"{path}{PART}")
        try:
            files.pipe_file(str(part), content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _read(self, name: str, most: int | None) -> bytes:
        files, root = self._files()
        return bytes(files.cat_file(f"{root}/{name}", start=0, end=most))  # pyright: ignore[reportArgumentType]

    def _forget(self, folder: str, before: date) -> int:
        over = [name for name in self._names(folder) if (day := day_of(name)) and day < before]
        for name in over:
            self._remove(f"{folder}{name}")
        return len(over)

    def _names(self, folder: str) -> list[str]:
        files, root = self._files()
        found: list[str] = []
        with _gone_is_nothing():
            found = files.ls(f"{root}/{folder}".rstrip("/"), detail=False, refresh=True)
        return sorted(str(path).rstrip("/").rpartition("/")[2] for path in found)

    def _exists(self, folder: str) -> bool:
        files, root = self._files()
        files.invalidate_cache()
        return bool(files.exists(f"{root}/{folder}"))

    def _remove(self, folder: str) -> None:
        files, root = self._files()
        files.rm(f"{root}/{folder}", recursive=True)

    def _files(self) -> "tuple[AbstractFileSystem, str]":
        if self._opened is None:
            from fsspec.core import url_to_fs

            self._opened = url_to_fs(self._config.url, **_options(self._config.url))
        return self._opened


def _options(url: str) -> dict[str, Any]:
    """A folder is made where it is missing; buckets are not ours to make."""
    return {"auto_mkdir": True} if _is_folder(url) else {}


def _is_folder(url: str) -> bool:
    return "://" not in url or url.startswith("file://")


@contextmanager
def _away(does: str) -> Iterator[None]:
    """What the store does not do, whatever its file system says of it: each has exceptions of its own."""
    try:
        yield
    except ObjectsAway:
        raise
    except Exception as error:
        raise ObjectsAway(f"the object store {does} ({type(error).__name__}): see OBJECTS_URL") from error


@contextmanager
def _gone_is_nothing() -> Iterator[None]:
    """What is not there is nothing. Raises :class:`ObjectsAway` where its bucket is not there: then nobody knows."""
    try:
        yield
    except FileNotFoundError as error:
        # S3's file system has one exception for an object and for a bucket; its cause tells them apart.
        if "NoSuchBucket" in str(error.__cause__):
            raise ObjectsAway("the object store has no bucket of that name: see OBJECTS_URL") from error


def day_of(name: str) -> date | None:
    """The day of a folder; ``None`` for what somebody else left there."""
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def request_of(name: str) -> UUID | None:
    """The request of a folder of keys; ``None`` for what somebody else left there."""
    try:
        return UUID(name)
    except ValueError:
        return None
