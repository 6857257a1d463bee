"""The file that tells whoever started a service that it is ready."""

import asyncio
import os
from pathlib import Path

import pytest

from infra import readiness
from infra.readiness import shown_ready


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "ready"
    monkeypatch.setenv("READY_FILE", str(file))
    return file


async def test_the_file_is_there_while_the_service_is_ready_and_gone_after(file: Path) -> None:
    with shown_ready():
        assert os.access(file, os.F_OK)
    assert not os.access(file, os.F_OK)


async def test_the_file_is_gone_after_a_failure_too(file: Path) -> None:
    with pytest.raises(RuntimeError, match="broke"), shown_ready():
        raise RuntimeError("the service broke")
    assert not os.access(file, os.F_OK)


async def test_the_event_loop_keeps_the_file_fresh(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "TOUCH_EVERY_S", 0.001)
    touched = asyncio.Event()
    with shown_ready():
        os.utime(file, (0, 0))
        asyncio.get_running_loop().call_later(0.05, touched.set)
        await touched.wait()
        assert os.stat(file).st_mtime > 0  # noqa: PTH116 - pathlib's own is not for async functions


async def test_nothing_is_touched_after_the_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "TOUCH_EVERY_S", 0.001)
    later = asyncio.Event()
    with shown_ready():
        asyncio.get_running_loop().call_later(0.05, later.set)
    await later.wait()
    assert not os.access(file, os.F_OK)


async def test_without_a_name_nothing_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READY_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    with shown_ready():
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - pathlib's own is not for async functions
