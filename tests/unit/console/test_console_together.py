"""What many open pages ask for at the same moment is asked for once."""

import asyncio

import pytest

from services.console.routes.together import Together


class Asked:
    """Counts how often it was asked."""

    def __init__(self, fails: bool = False) -> None:
        self.times = 0
        self.may_answer = asyncio.Event()
        self._fails = fails

    async def __call__(self) -> int:
        self.times += 1
        await self.may_answer.wait()
        if self._fails:
            raise ConnectionError("away")
        return self.times


async def test_all_who_ask_at_once_are_told_by_one_answer() -> None:
    asked, together = Asked(), Together(kept_s=60)
    asked.may_answer.set()
    assert await asyncio.gather(*(together.told(("story", 1), asked) for _ in range(50))) == [1] * 50
    assert await together.told(("story", 1), asked) == 1
    assert await together.told(("story", 2), asked) == 2


async def test_an_answer_is_not_kept_for_longer() -> None:
    asked, together = Asked(), Together(kept_s=0)
    asked.may_answer.set()
    assert [await together.told(("all",), asked) for _ in range(2)] == [1, 2]


async def test_who_leaves_takes_the_answer_from_nobody_and_a_failure_is_everybodys() -> None:
    asked, together = Asked(fails=True), Together()
    first, second = (asyncio.create_task(together.told(("all",), asked)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    asked.may_answer.set()
    with pytest.raises(ConnectionError):
        await second
    assert asked.times == 1
