"""Files and batches are forgotten when their time is over: all of them, and what cannot go now holds up no other."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from services.gateway.adapters.batch_store import FORGET_AT_ONCE
from services.gateway.adapters.kept_files import MOST_UPLOADS, KeptFiles
from services.gateway.domain.files import StoredFile
from services.gateway.domain.problems import Refused
from services.gateway.loops import run_forgetting_batches

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANY: Any = None


class Files:
    """So many, whose times were over one after the other; two are told at once, and batches read some of them."""

    def __init__(self, count: int, read: set[int]) -> None:
        times = [NOON + timedelta(seconds=number) for number in range(count)]
        self.left = [StoredFile(UUID(int=n), "one", "batch", "a", 3, at, at) for n, at in enumerate(times)]
        self.read = {UUID(int=number) for number in read}

    async def expired(self, after: StoredFile | None) -> list[StoredFile]:
        return [each for each in self.left if after is None or each.expires_at > after.expires_at][:2]

    async def claim(self, file_id: UUID) -> UUID | None:
        return file_id if file_id in self.read else None

    async def parts(self, file_id: UUID) -> list[Any]:
        return []

    async def drop(self, file_id: UUID) -> None:
        self.left = [each for each in self.left if each.id != file_id]


def kept(files: Files, monkeypatch: pytest.MonkeyPatch) -> KeptFiles:
    async def nothing(*_: object) -> None: ...

    made = KeptFiles(cast("Any", files), ANY, ANY)
    monkeypatch.setattr(made, "erase_content", nothing)
    return made


async def test_files_that_cannot_go_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    files = Files(7, read={0, 1, 4})
    assert await kept(files, monkeypatch).forget_expired() == 4
    assert {each.id for each in files.left} == files.read


async def test_all_batches_that_are_old_go_at_once() -> None:
    gone, went = [FORGET_AT_ONCE, FORGET_AT_ONCE, 3], asyncio.Event()

    async def forget(connection: object, days: int) -> int:
        return gone.pop(0)

    async def forget_expired() -> int:
        went.set()
        return 0

    async def patiently(work: Callable[[Any], Awaitable[int]]) -> int:
        return await work(None)

    batches: Any = SimpleNamespace(
        files=SimpleNamespace(forget_expired=forget_expired), store=SimpleNamespace(forget=forget)
    )
    database: Any = SimpleNamespace(patiently=patiently)
    forgetting = asyncio.create_task(run_forgetting_batches(batches, database, 30))
    async with asyncio.timeout(10):
        await went.wait()
    forgetting.cancel()
    assert gone == []


async def test_an_upload_that_is_refused_leaves_nothing_behind() -> None:
    class Sealing:
        """Would write a key with the first part."""

        can_seal = True

        async def sealed(self, *told: object, **more: object) -> None:
            raise AssertionError("a key was written")

    portfolio: Any = SimpleNamespace(seals=lambda each, has_keys: True)
    files = KeptFiles(ANY, ANY, cast("Any", Sealing()))
    files.uploads = MOST_UPLOADS
    with pytest.raises(Refused) as refused:
        async with await files.begin("one", portfolio):
            pass
    assert (refused.value.problem.status, files.uploads) == (503, MOST_UPLOADS)
