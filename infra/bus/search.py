"""What is looked for in the log: a subject's first event or all of them, and what is known of where they stand."""

import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition

from schemas.fact import Event

CLOCKS_APART = timedelta(seconds=10)
"""How far a time that somebody else took may be ahead of the broker's."""
MOST_KNOWN = 512
"""Subjects that a partition's readers remember: those that were asked for last."""


@dataclass(eq=False)
class Known:
    """What was read of one subject: all before ``upto``, where its events stand at ``spots`` and nowhere else."""

    upto: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    spots: dict[TopicPartition, list[int]] = field(default_factory=dict[TopicPartition, list[int]])

    def note(self, partition: TopicPartition, offset: int) -> None:
        """An event of it stands there."""
        spots = self.spots.setdefault(partition, [])
        if not spots or spots[-1] < offset:
            spots.append(offset)

    def next(self, partition: TopicPartition, offset: int) -> int:
        """The first offset, from this one on, where something of it stands or may stand."""
        spots = self.spots.get(partition, ())
        number = bisect_left(spots, offset)
        return spots[number] if number < len(spots) else max(offset, self.upto[partition])


class Memory:
    """What is known of the subjects that were searched last, each from one time on."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._known: dict[tuple[UUID, int], Known] = {}

    def of(self, subject: UUID, since_ms: int) -> Known:
        """What is known of it, which whoever reads on adds to; the one asked for longest ago is forgotten for it."""
        known = self._known[subject, since_ms] = self._known.pop((subject, since_ms), None) or Known()
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return known


@dataclass(eq=False)
class Search:
    """A search for the first event. ``at``: where it has come to; ``ends``: where the log ended when it asked.

    ``passing``: events that do not end it. Of these ``passed`` is the last, and ``news`` tells it once the log is read
    to its end; else ``news`` is what ``found`` is.
    """

    subject: UUID
    key: bytes
    since_ms: int
    known: Known
    found: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    passing: tuple[type[Event], ...] = ()
    passed: Any = None
    news: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    caught_up: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    at: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    ends: Mapping[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])

    @property
    def asks(self) -> bool:
        """Whether it must know where the log ends now."""
        return not self.at

    def begin(self, at: Mapping[TopicPartition, int]) -> None:
        """Begin there; what is known already is not read again."""
        for partition, offset in at.items():
            self.known.upto.setdefault(partition, offset)
            self.at[partition] = self.known.next(partition, 0)

    def learn(self, ends: Mapping[TopicPartition, int]) -> None:
        """Where the log ends now."""
        self.ends = ends

    def unread(self, ends: Mapping[TopicPartition, int]) -> int:
        """How many records it still has to read of those before ``ends``."""
        upto = self.known.upto
        return sum(max(0, end - max(self.at[each], upto[each])) for each, end in ends.items())

    def pass_by(self, partition: TopicPartition, position: int) -> None:
        """All before ``position`` is read."""
        self.known.upto[partition] = max(self.known.upto[partition], position)
        self.at[partition] = self.known.next(partition, max(self.at[partition], position))

    def take(self, event: Event, at_ms: int, rank: int) -> None:
        """One that was found, and when it was written."""
        if isinstance(event, self.passing):
            self.passed = event
        else:
            self.end(event)

    def look_up(self) -> None:
        """See whether all is read that was there when it asked."""
        if self.has_read_all and not self.caught_up.done():
            self.caught_up.set_result(None)
        if self.passed is not None and self.caught_up.done() and not self.news.done():
            self.news.set_result(self.passed)

    def end(self, event: Event | None = None) -> None:
        """Settle it, with what was found."""
        for told in (self.found, self.news):
            if not told.done():
                told.set_result(event)

    @property
    def has_read_all(self) -> bool:
        """All that was there when it asked."""
        return bool(self.at) and all(self.at[each] >= end for each, end in self.ends.items())


@dataclass(eq=False)
class Following(Search):
    """A search for every event, each told once, in the order in which they were written; ``None`` if it is ended.

    A find is told once the log is read to where it ended when the find was made: nothing written before it can follow
    then. Where that end is far, it is enough to have read what was written ``CLOCKS_APART`` after the find.
    """

    events: "asyncio.Queue[Event | None]" = field(default_factory=asyncio.Queue)
    held: dict[tuple[int, int, str], Event] = field(default_factory=dict[tuple[int, int, str], Event])
    until_ms: int | None = None
    seen: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])

    @property
    def asks(self) -> bool:
        return not self.at or (bool(self.held) and self.until_ms is None)

    @property
    def latest_ms(self) -> int | None:
        """When the last was written of those that are to be told."""
        return max((at_ms for at_ms, _, _ in self.held), default=None)

    def learn(self, ends: Mapping[TopicPartition, int]) -> None:
        super().learn(ends)
        self.until_ms = self.latest_ms

    def take(self, event: Event, at_ms: int, rank: int) -> None:
        if (rank, event.counter) not in self.seen:
            self.seen.add((rank, event.counter))
            self.held[at_ms, rank, event.counter] = event

    def look_up(self) -> None:
        if self.until_ms is None or not self.has_read_all:
            return
        for when in sorted(when for when in self.held if when[0] <= self.until_ms):
            self.events.put_nowait(self.held.pop(when))
        self.until_ms = None

    def end(self, event: Event | None = None) -> None:
        self.events.put_nowait(None)
        super().end(event)


def soon_after_ms(search: Search) -> int | None:
    """By when all was written that can go before what it is to tell; ``None`` where it has nothing to tell yet."""
    latest_ms = search.latest_ms if isinstance(search, Following) else None
    return None if latest_ms is None else latest_ms + int(CLOCKS_APART.total_seconds() * 1000)


def ms_of(since: datetime) -> int:
    """Since when the log is to be read."""
    return int((since - CLOCKS_APART).timestamp() * 1000)


def by_age(searches: list[Search], now_ms: int) -> Iterator[list[Search]]:
    """Searches that may begin together: none has to read more than twice of what it would alone."""
    groups: dict[int, list[Search]] = {}
    for search in searches:
        groups.setdefault(max(1, (now_ms - search.since_ms) // 1_000).bit_length(), []).append(search)
    yield from groups.values()
