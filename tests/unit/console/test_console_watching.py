"""Which open pages an event changes, and when they are told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.domain.story import is_news
from services.console.domain.watching import (
    HEALTH,
    OVERVIEW,
    REQUESTS,
    REVIEWS,
    TEMPI,
    Pace,
    channel_of,
    story_of,
    touched_by,
)

ID = UUID("6f1c0c34-70a2-5f0e-9d0a-4f3c5f7f2a11")
CHANNELS = [*sorted(TEMPI.keys() - {"story/"}), story_of(ID)]
TICK_S = 0.1


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/", OVERVIEW),
        ("/requests", REQUESTS),
        ("/reviews", REVIEWS),
        ("/health", HEALTH),
        (f"/requests/{ID}", f"story/{ID}"),
        (f"/requests/{ID.hex}", f"story/{ID}"),
        ("/requests/nonsense", None),
        ("/requests/", None),
        (f"/reviews/{ID}", None),
        ("/keys", None),
        ("", None),
    ],
)
def test_a_page_has_one_channel_or_does_not_change_by_itself(path: str, channel: str | None) -> None:
    assert channel_of(path) == channel


@pytest.mark.parametrize(
    ("topic", "more"),
    [
        ("request.profiled", {REQUESTS, OVERVIEW}),
        ("request.completed", {REQUESTS, OVERVIEW}),
        ("attempt.dispatched.acme", set[str]()),
        ("review.claimed", {REVIEWS}),
        ("dead-letters.profiler", set[str]()),
        ("", set[str]()),
    ],
)
def test_what_is_said_of_a_request_changes_its_story_and_what_lists_it(topic: str, more: set[str]) -> None:
    assert touched_by(topic, str(ID)) == {story_of(ID), *more}


def told_at(channel: str, touches: list[float], until_s: float) -> list[float]:
    """When those who watch are told, asked every tick."""
    pace, found, left = Pace.of(channel, 0), list[float](), sorted(touches)
    for tick in range(round(until_s / TICK_S)):
        now = tick * TICK_S
        while left and left[0] <= now:
            pace.touch(left.pop(0))
        if pace.tell(now):
            found.append(now)
    return found


touches = st.lists(st.integers(0, 60_000).map(lambda ms: ms / 1_000), max_size=40)
"""Whole milliseconds: what lies nearer to a tick than numbers near it can tell is before it and after it at once."""


@given(st.sampled_from(CHANNELS), touches)
def test_pages_are_told_neither_too_often_nor_too_seldom(channel: str, touches: list[float]) -> None:
    tempo, told = Pace.of(channel, 0).tempo, [0.0, *told_at(channel, touches, 200)]
    gaps = [after - before for before, after in pairwise(told)]

    assert min(gaps) >= tempo.every_s - TICK_S / 2
    assert max(gaps) <= tempo.rest_s + TICK_S * 1.5


@given(st.sampled_from(CHANNELS), touches.filter(bool))
def test_each_event_is_told_of_and_the_last_one_once_more_when_the_ledger_has_read_it(
    channel: str, touches: list[float]
) -> None:
    tempo, told = Pace.of(channel, 0).tempo, told_at(channel, touches, 200)
    soonest = max(tempo.settle_s, tempo.every_s)

    assert all(any(0 <= at - touch <= soonest + TICK_S * 2 for at in told) for touch in touches)
    last = max(touches)
    assert any(tempo.echo_s <= at - last <= max(tempo.echo_s, tempo.every_s) + tempo.every_s + TICK_S for at in told)


NOW = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ended", "is_live"), [(None, True), (timedelta(seconds=5), True), (timedelta(hours=1), False)]
)
def test_a_story_is_live_until_a_moment_after_its_end(ended: timedelta | None, is_live: bool) -> None:
    assert is_news({"ended_at": ended and (NOW - ended).isoformat()}, NOW) is is_live
