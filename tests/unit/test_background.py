"""A loop that dies takes its service with it; one that is ended does not."""

import asyncio

import pytest

from infra.background import begin


async def test_a_loop_that_dies_breaks_its_service_and_says_why_without_what_it_handled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = " ".join(("what", "a", "client", "asked"))

    async def dies() -> None:
        raise ValueError(asked)

    broken = asyncio.Event()
    task = begin(dies(), broken, "escalation")
    await asyncio.wait_for(broken.wait(), 5)
    assert task.done()
    assert "a loop of escalation broke: ValueError" in caplog.text
    assert asked not in caplog.text


async def test_a_loop_that_is_ended_breaks_nothing() -> None:
    broken = asyncio.Event()
    task = begin(asyncio.Event().wait(), broken, "escalation")  # type: ignore[arg-type]  waits until it is ended
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not broken.is_set()
