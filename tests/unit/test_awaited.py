"""What is waited for comes, does not, or the waiting is cancelled: also at the very moment at which it comes."""

import ast
import asyncio
from pathlib import Path

import pytest

import infra
from infra.awaited import awaited

ROOT = Path(infra.__path__[0]).parent
OURS = [file for room in ("infra", "services") for file in (ROOT / room).rglob("*.py")]


async def test_what_comes_in_time_is_told_and_nothing_else() -> None:
    event = asyncio.Event()
    assert await awaited(event.wait(), 0.001) is None
    event.set()
    assert await awaited(event.wait(), 10) is True


@pytest.mark.parametrize("turns", range(4))
async def test_a_cancellation_that_comes_together_with_it_is_not_swallowed(turns: int) -> None:
    event, goes_on = asyncio.Event(), False

    async def wait_and_go_on() -> None:
        nonlocal goes_on
        await awaited(event.wait(), 10)
        goes_on = True
        await asyncio.Event().wait()

    task = asyncio.create_task(wait_and_go_on())
    await asyncio.sleep(0)
    event.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


def test_nothing_waits_in_the_way_that_swallows_it() -> None:
    calls = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in OURS
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "wait_for" and ast.unparse(node.value) == "asyncio"
    ]
    assert not calls
