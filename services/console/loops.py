"""Open pages are told that something changed: who watches, what is heard of it, and when they are told."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Protocol

from services.console.domain.failures import CommandFailed
from services.console.domain.watching import Pace, touched_by

log = logging.getLogger(__name__)
TICK_S = 0.1
RETRY_S = 5.0
LINGER_S = 30.0
"""How long Kafka is heard after the last page was left: who goes from page to page waits for no connection."""
MOST, MOST_A_SESSION = 200, 4
"""Open pages. Browsers keep six connections to a server, and a session's pages must find one to be loaded by."""
CROWDED, ELSEWHERE, SIGNED_OUT, STOPPING = "crowded", "elsewhere", "signed-out", "stopping"


class Hears(Protocol):
    """Tells topics with the keys of what is said on them; now and then an empty name where nothing is."""

    def touched(self) -> AsyncIterator[tuple[str, frozenset[str]]]: ...


class Watch:
    """One open page. ``ended``: why it is told no more."""

    def __init__(self, channel: str, session: str) -> None:
        self.channel = channel
        self.session = session
        self.ended = ""
        self._some = asyncio.Event()

    def wake(self) -> None:
        self._some.set()

    def end(self, why: str) -> None:
        self.ended = self.ended or why
        self._some.set()

    async def news(self) -> bool:
        """Wait for some; false once there will be none."""
        await self._some.wait()
        self._some.clear()
        return not self.ended


class Watchers:
    """All open pages. Those of one channel are told together, so that what one of them asks for serves them all."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []
        self._paces: dict[str, Pace] = {}
        self._some = asyncio.Event()
        self._left_at = time.monotonic()
        self._over = ""

    @contextmanager
    def watch(self, channel: str, session: str) -> Iterator[Watch]:
        """A page that is open until the block ends. Of too many of one session the oldest gives way."""
        watch = Watch(channel, session)
        if self._over or len(self._watches) >= MOST:
            watch.end(self._over or CROWDED)
            yield watch
            return
        self._join(watch)
        try:
            yield watch
        finally:
            self._leave(watch)

    @property
    def left_s(self) -> float:
        """How long nobody has watched."""
        return 0.0 if self._watches else time.monotonic() - self._left_at

    async def some(self) -> None:
        """Wait until somebody watches."""
        await self._some.wait()

    def touch(self, channels: Iterable[str]) -> None:
        """Something was said that changes these."""
        now = time.monotonic()
        for channel in channels:
            if pace := self._paces.get(channel):
                pace.touch(now)

    def touch_all(self) -> None:
        """Something may have been said that nobody heard."""
        self.touch(tuple(self._paces))

    def tell(self) -> None:
        """Tell whoever is due."""
        now = time.monotonic()
        due = {channel for channel, pace in self._paces.items() if pace.tell(now)}
        for watch in self._watches if due else ():
            if watch.channel in due:
                watch.wake()

    def end(self, session: str) -> None:
        """A session is over."""
        for watch in self._watches:
            if watch.session == session:
                watch.end(SIGNED_OUT)

    def close(self) -> None:
        """Nobody is told any more."""
        self._over = STOPPING
        for watch in self._watches:
            watch.end(STOPPING)

    def _join(self, watch: Watch) -> None:
        same = [each for each in self._watches if each.session == watch.session and not each.ended]
        for each in same[: max(0, len(same) + 1 - MOST_A_SESSION)]:
            each.end(ELSEWHERE)
        self._watches.append(watch)
        self._some.set()
        self._paces.setdefault(watch.channel, Pace.of(watch.channel, time.monotonic()))
        self.touch([watch.channel])  # what was said since the page was made

    def _leave(self, watch: Watch) -> None:
        self._watches.remove(watch)
        if not any(each.channel == watch.channel for each in self._watches):
            del self._paces[watch.channel]
        if not self._watches:
            self._some.clear()
            self._left_at = time.monotonic()


async def run_telling(watchers: Watchers) -> None:
    """Tell open pages when they are due."""
    while True:
        await watchers.some()
        watchers.tell()
        await asyncio.sleep(TICK_S)


async def run_hearing(watchers: Watchers, open_log: Callable[[], AbstractAsyncContextManager[Hears]]) -> None:
    """Hear what happens to requests while somebody watches: one reader for all pages, and none for none."""
    while True:
        await watchers.some()
        try:
            async with open_log() as heard:
                watchers.touch_all()
                await _hear(watchers, heard)
        except CommandFailed as failure:
            log.warning("open pages are refreshed by the clock alone: %s", failure)
            await asyncio.sleep(RETRY_S)


async def _hear(watchers: Watchers, heard: Hears) -> None:
    async for topic, keys in heard.touched():
        for key in keys:
            watchers.touch(touched_by(topic, key))
        if watchers.left_s > LINGER_S:
            return
