"""A worker says that attempts wait at its provider: once, while that goes on, and only while no hand is free."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.providers import Provider
from schemas.standing import WorkerReady
from services.model_worker.adapters.desk import Desk
from services.model_worker.adapters.fullness import Fullness
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.domain.readiness import FULL_FOR, LONG_WAIT_S, may_say_full
from services.model_worker.loops import run_fullness

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STANDS = WorkerReady(provider="acme", worker="w2", ready=True, holds={"small": ("a",)}, at=NOW)


class Store:
    """Where an attempt has waited for so long. ``asked``: how long it was to have waited, each time."""

    def __init__(self, waited_s: float) -> None:
        self.waited_s = waited_s
        self.asked: list[float] = []

    async def has_waited(self, least_s: float) -> bool:
        self.asked.append(least_s)
        return self.waited_s >= least_s


def fullness(store: Store, stands: WorkerReady | None = STANDS, limits: RateLimits | None = None) -> Fullness:
    found = Fullness(store, limits or RateLimits(), "w1", lambda: NOW)  # type: ignore[arg-type]
    found.stands = stands
    return found


def limited(**limits: Any) -> RateLimits:
    found = RateLimits()
    found.limit(Provider(adapter="openai_compatible", base_url="http://acme.test", **limits))  # type: ignore[arg-type]
    return found


async def test_what_stands_is_said_again_with_the_time_until_which_it_is_full() -> None:
    said = await fullness(Store(LONG_WAIT_S)).found()
    assert said == STANDS.model_copy(update={"worker": "w1", "at": NOW, "full_until": NOW + FULL_FOR})


async def test_a_short_wait_is_none() -> None:
    assert await fullness(Store(LONG_WAIT_S / 2)).found() is None


async def test_any_wait_is_long_where_the_next_call_is_far_off() -> None:
    store = Store(0.0)
    assert await fullness(store, limits=limited(requests_per_minute=12)).found() is not None
    assert await fullness(store, limits=limited(requests_per_minute=600)).found() is None
    assert store.asked == [0.0, LONG_WAIT_S]


async def test_it_is_said_once_and_not_again_before_its_time_is_half_over() -> None:
    mine = fullness(Store(9.0))
    assert await mine.found() is not None
    assert await mine.found() is None


@pytest.mark.parametrize(
    ("stands", "may"),
    [
        (STANDS, True),
        (STANDS.model_copy(update={"ready": False}), False),
        (STANDS.model_copy(update={"full_until": NOW - FULL_FOR}), True),
        (STANDS.model_copy(update={"full_until": NOW + FULL_FOR / 3}), True),
        (STANDS.model_copy(update={"full_until": NOW + FULL_FOR / 2}), False),
    ],
)
async def test_the_store_is_asked_only_where_nobody_has_just_said_so(stands: WorkerReady, may: bool) -> None:
    store = Store(9.0)
    assert may_say_full(stands, NOW) is may
    assert (await fullness(store, stands).found() is not None) is may
    assert bool(store.asked) is may


async def test_before_a_provider_is_ready_nothing_is_said_of_it() -> None:
    assert await fullness(Store(9.0), stands=None).found() is None


async def said_of(desk: Desk, most: int) -> list[WorkerReady]:
    """What the loop says while it looks so often."""
    said: list[WorkerReady] = []
    looked = asyncio.Event()
    looks = 0

    async def found() -> WorkerReady:
        nonlocal looks
        looks += 1
        if looks == most:
            looked.set()
        return STANDS.model_copy(update={"full_until": NOW + timedelta(seconds=looks)})

    async def say(event: WorkerReady) -> None:
        said.append(event)

    desk.left.set()
    loop = asyncio.create_task(run_fullness(desk, found, say))
    try:
        async with asyncio.timeout(20):
            await looked.wait()
    finally:
        loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    return said


async def test_the_loop_looks_as_soon_as_something_is_left_and_again_after_a_while() -> None:
    assert [each.full_until for each in await said_of(Desk(slots=lambda: 0), most=3)][:2] == [
        NOW + timedelta(seconds=1),
        NOW + timedelta(seconds=2),
    ]


async def test_what_finds_no_hand_free_wakes_the_loop() -> None:
    desk = Desk(slots=lambda: 1)
    desk.take_up([], False, lambda _: None)  # type: ignore[arg-type, return-value]
    assert not desk.left.is_set()
    desk.take_up([], True, lambda _: None)  # type: ignore[arg-type, return-value]
    assert desk.left.is_set()


class Looked(Exception):
    """The loop came to a second look, having said nothing at the first."""


async def test_with_a_hand_free_nothing_is_looked_for() -> None:
    asked = iter((1,))

    def slots() -> int:
        if (free := next(asked, None)) is None:
            raise Looked
        return free

    async def unexpected(*_: Any) -> Any:
        raise AssertionError("nothing waits")

    desk = Desk(slots=slots)
    desk.left.set()
    with pytest.raises(Looked):
        await run_fullness(desk, unexpected, unexpected)


async def test_a_worker_that_leaves_does_not_call_its_provider_full() -> None:
    async def unexpected(*_: Any) -> Any:
        raise AssertionError("it leaves")

    desk = Desk(slots=lambda: 0, stopping=True)
    desk.left.set()
    loop = asyncio.create_task(run_fullness(desk, unexpected, unexpected))
    async with asyncio.timeout(20):
        while desk.left.is_set():  # noqa: ASYNC110 - until the loop has taken one step
            await asyncio.sleep(0)
    assert not loop.done()
    loop.cancel()
