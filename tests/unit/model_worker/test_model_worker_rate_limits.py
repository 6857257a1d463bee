"""A provider's limits for a minute, shared by its workers, and what a call takes of them."""

import asyncio
import math
from dataclasses import replace
from typing import Any

import pytest
from dispatches import portfolio
from hypothesis import given
from hypothesis import strategies as st

from schemas.content import Json
from schemas.providers import Provider
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.domain.calls import Call
from services.model_worker.domain.pace import MINUTE_S, bucket_of, expected_tokens


def acme(**limits: Any) -> Provider:
    return portfolio(provider=limits).providers["acme"]


def limited(**limits: Any) -> RateLimits:
    found = RateLimits()
    found.limit(acme(**limits))
    return found


@given(st.integers(1, 10_000_000))
def test_no_minute_has_more_than_the_limit(per_minute: int) -> None:
    bucket = bucket_of(per_minute, workers=1)
    most = bucket.capacity + MINUTE_S * bucket.capacity / bucket.period_s
    assert math.floor(most * (1 - 1e-12)) <= per_minute


@given(st.integers(1_000, 1_000_000), st.integers(1, 50))
def test_workers_share_a_limit(per_minute: int, workers: int) -> None:
    bucket = bucket_of(per_minute, workers)
    assert workers * (bucket.capacity + MINUTE_S * bucket.capacity / bucket.period_s) <= per_minute * (1 + 1e-9)


@pytest.mark.parametrize(
    ("payload", "tokens"),
    [({}, 8 + 256), ({"max_tokens": 40}, 48), ({"max_tokens": 40, "max_completion_tokens": 5}, 13)],
)
def test_a_call_takes_its_prompt_and_what_it_may_write(call: Call, payload: Json, tokens: int) -> None:
    assert expected_tokens(replace(call, payload=payload)) == tokens


async def test_without_limits_there_is_room_for_all() -> None:
    limits = limited()
    assert limits.room(500) == 500
    assert await limits.passed(10**9, 0.0)


async def test_there_is_room_for_what_the_bucket_holds_and_then_for_none() -> None:
    limits = limited(requests_per_minute=60)
    assert limits.room(16) == 4
    assert limits.room(3) == 3
    for _ in range(4):
        assert await limits.passed(1, 1.0)
    assert limits.room(16) == 0
    assert not await limits.passed(1, 0.001)


async def test_while_a_call_waits_for_its_tokens_no_more_is_claimed() -> None:
    limits = limited(tokens_per_minute=100)
    waiting = asyncio.create_task(limits.passed(80, 60.0))
    await asyncio.sleep(0)
    assert limits.room(16) == 0
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_twin_halves_the_share_and_a_revision_ends_the_limit() -> None:
    limits = limited(requests_per_minute=120)
    assert limits.room(16) == 9
    limits.share(2)
    assert limits.room(16) == 4
    limits.limit(acme())
    assert limits.room(16) == 16


async def test_what_is_left_and_who_waits_for_it_can_be_told() -> None:
    assert limited().left == {}
    limits = limited(requests_per_minute=60, tokens_per_minute=6_000)
    assert limits.left == {"requests": 4, "tokens": 461}
    assert await limits.passed(400, 1.0)
    assert limits.left["requests"] == 3
    assert 61 <= limits.left["tokens"] < 80
    waiting = asyncio.create_task(limits.passed(460, 60.0))
    await asyncio.sleep(0)
    assert limits.waiting == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert limits.waiting == 0
