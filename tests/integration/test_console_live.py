"""Open pages are told that something changed, on real Kafka: to whom, how many, and until when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import TopicAuthorizationFailedError
from console_at_work import Visitor, app, console, pages_over, put_in_force, visiting
from unit.ledger.ledger_story import Story

from infra.bus.config import BusConfig
from schemas.standing import BreakerChanged
from schemas.vocabulary import BreakerState
from services.console.app import ConsoleApp
from services.console.commands.desk import ConsolePages
from services.console.domain.failures import CannotReach
from services.console.loops import MOST_A_SESSION

__all__ = ["app", "console"]
SOON_S = 15


class Stream:
    """What an open page is told, line by line."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def until(self, line: str) -> None:
        """Wait for a line."""
        async with asyncio.timeout(SOON_S):
            async for each in self._lines:
                if each == line:
                    return
        raise AssertionError(f"the stream ended without {line!r}")

    async def ends_with(self) -> str:
        """The last line with something on it, once there are no more."""
        async with asyncio.timeout(SOON_S):
            return [each async for each in self._lines if each][-1]


@asynccontextmanager
async def open_page(visitor: Visitor, path: str) -> AsyncIterator[Stream]:
    async with visitor.client.stream("GET", "/changes", params={"page": path}) as response:
        yield Stream(response)


async def test_a_page_is_told_of_what_is_said_about_it_and_of_nothing_else(
    console: ConsolePages, app: ConsoleApp
) -> None:
    story, other = Story("watched"), Story("another")
    async with (
        visiting(console.url, "ann") as ann,
        open_page(ann, f"/requests/{story.request_id}") as mine,
        open_page(ann, "/portfolio") as portfolio,
    ):
        assert mine.response.headers["content-type"].startswith("text/event-stream")
        assert "default-src 'self'" in mine.response.headers["content-security-policy"]
        assert mine.response.headers["cache-control"] == "no-store"
        await mine.until("event: changed")  # what was said since the page was made
        await portfolio.until("event: changed")
        await app.say([other.profiled(), story.profiled()])
        await mine.until("event: changed")
        told = BreakerChanged(
            model="small", provider="local", state=BreakerState.OPEN, reason="r", at=datetime.now(UTC), by="w"
        )
        await app.say([told])
        await portfolio.until("event: changed")


async def test_of_too_many_pages_of_a_session_the_oldest_gives_way(console: ConsolePages) -> None:
    async with (
        visiting(console.url, "ann") as ann,
        visiting(console.url, "olga") as olga,
        open_page(olga, "/health") as hers,
    ):
        async with open_page(ann, "/") as oldest:
            await oldest.until("retry: 2000")
            others = [ann.client.stream("GET", "/changes", params={"page": "/health"}) for _ in range(MOST_A_SESSION)]
            opened = [await each.__aenter__() for each in others]
            assert [each.status_code for each in opened] == [200] * MOST_A_SESSION
            assert await oldest.ends_with() == "data: elsewhere"
            for each in others:
                await each.__aexit__(None, None, None)
        await hers.until("event: changed")


async def test_signing_out_ends_all_that_is_open_in_the_session_and_in_no_other(console: ConsolePages) -> None:
    async with visiting(console.url, "ann") as ann, visiting(console.url, "ann") as elsewhere:
        async with open_page(ann, "/health") as mine, open_page(elsewhere, "/health") as other:
            await mine.until("retry: 2000")
            await ann.send("/sign-out")
            assert await mine.ends_with() == "data: signed-out"
            await other.until("event: changed")
        refused = await ann.client.get("/changes?page=/health", follow_redirects=False)
        assert (refused.status_code, refused.headers["location"]) == (303, "/sign-in?next=%2Fchanges")


async def test_the_console_stops_though_pages_are_open(bus_config: BusConfig) -> None:
    await put_in_force(bus_config)
    async with pages_over(bus_config) as console, visiting(console.url, "ann") as ann, open_page(ann, "/") as mine:
        await mine.until("retry: 2000")
        stopping = asyncio.create_task(console.stop())
        assert await mine.ends_with() == "data: stopping"
        async with asyncio.timeout(SOON_S):
            await stopping


async def test_who_leaves_is_forgotten_and_a_page_that_does_not_change_is_none(console: ConsolePages) -> None:
    async with visiting(console.url, "ann") as ann:
        async with open_page(ann, "/reviews") as mine:
            await mine.until("retry: 2000")
            assert console.watchers.left_s == 0
        async with asyncio.timeout(SOON_S):
            while console.watchers.left_s == 0:
                await ann.see("/live")
        assert (await ann.see("/changes?page=/keys")).status_code == 404
        assert (await ann.see("/live.js")).headers["content-type"].startswith("text/javascript")


async def test_a_topic_that_may_not_be_read_any_more_is_told_as_that_and_ends_no_console(
    console: ConsolePages, app: ConsoleApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop that hears for open pages goes on with what it is told; any other error would end the console."""

    async def refused(*_: object, **__: object) -> None:
        raise TopicAuthorizationFailedError("request.profiled")

    async with app.event_log() as log:
        monkeypatch.setattr(AIOKafkaConsumer, "getmany", refused)
        with pytest.raises(CannotReach, match="TopicAuthorizationFailedError"):
            await anext(log.touched())
