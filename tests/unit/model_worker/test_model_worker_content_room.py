"""Calls with large content hold so much of it at once, and no more; the rest of the worker's calls pass by."""

import asyncio
from hashlib import sha256
from uuid import UUID

import pytest
from dispatches import dispatched

from schemas.attempt import Repair
from schemas.content import Body
from services.model_worker.adapters.content_room import ContentRoom, referred_bytes
from services.model_worker.domain.claims import Claim, Finished

MOST = 100


class Calls:
    """Calls that last until they are let go, and what each had left when it began."""

    def __init__(self) -> None:
        self.begun: dict[UUID, float] = {}
        self.lets_go = asyncio.Event()

    async def perform(self, claim: Claim) -> Finished:
        self.begun[claim.attempt_id] = claim.remaining_s
        await self.lets_go.wait()
        return Finished(claim.attempt_id, claim.fence, None, b"", None)  # pyright: ignore[reportArgumentType]


def kept(size: int) -> Body:
    return Body(ref=f"2026-05-04/{'0' * 32}", sha256=sha256(b"").hexdigest(), bytes=size)


def claim(size: int, remaining_s: float = 30.0) -> Claim:
    event = dispatched()
    event = event.model_copy(update={"body": kept(size)}) if size else event
    return Claim(event.attempt.attempt_id, 1, event.to_json(), None, remaining_s, False, 0.0)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Stand:
    """A room, and what was asked of it by name."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.room = ContentRoom(MOST, self.calls.perform)
        self.asked: list[tuple[Claim, asyncio.Task[Finished]]] = []

    async def ask(self, *sizes: int) -> None:
        for size in sizes:
            told = claim(size)
            self.asked.append((told, asyncio.create_task(self.room.perform(told))))
        await turns()

    def begun(self) -> list[bool]:
        return [told.attempt_id in self.calls.begun for told, _ in self.asked]

    async def cut(self, number: int) -> None:
        self.asked[number][1].cancel()
        await turns()

    async def end(self) -> None:
        self.calls.lets_go.set()
        await asyncio.wait_for(asyncio.gather(*(task for _, task in self.asked), return_exceptions=True), 5)


@pytest.mark.parametrize(
    ("sizes", "begun"),
    [
        ((60, 40, 1), [True, True, False]),
        ((60, 60, 40), [True, False, False]),
        ((300, 1), [True, False]),
        ((60, 300, 0, 0), [True, False, True, True]),
    ],
    ids=["as many as fit", "in the order of coming", "one alone, however large", "small ones pass"],
)
async def test_they_begin_while_there_is_room(sizes: tuple[int, ...], begun: list[bool]) -> None:
    stand = Stand()
    await stand.ask(*sizes)
    assert stand.begun() == begun
    await stand.end()
    assert all(stand.begun())


async def test_one_that_ends_lets_in_who_waits_also_past_one_that_was_cut() -> None:
    stand = Stand()
    await stand.ask(60, 90, 40, 50)
    await stand.cut(1)
    assert stand.begun() == [True, False, False, False]
    await stand.cut(0)
    assert stand.begun() == [True, False, True, True]
    await stand.ask(20)
    assert not stand.begun()[-1]
    await stand.end()


async def test_one_that_is_cut_as_it_is_let_in_leaves_its_room() -> None:
    stand = Stand()
    await stand.ask(100, 100)
    stand.asked[0][1].cancel()
    await asyncio.sleep(0)
    await stand.cut(1)
    await stand.ask(100)
    assert stand.begun()[-1]
    await stand.end()


async def test_its_time_runs_while_it_waits() -> None:
    stand = Stand()
    await stand.ask(100, 100)
    await stand.end()
    first, second = (stand.calls.begun[told.attempt_id] for told, _ in stand.asked)
    assert second < first < 30.0


def test_all_that_a_call_brings_is_counted_and_nothing_that_came_with_the_event() -> None:
    repair = Repair(answer=kept(5), message="mend it", told=kept(7))
    event = dispatched(repair=repair, doubted=kept(11))
    assert referred_bytes(event) == 23
    assert referred_bytes(event.model_copy(update={"body": kept(100)})) == 123
    assert referred_bytes(dispatched()) == 0
