"""Which open pages an event changes, and how soon they are told."""

from dataclasses import dataclass
from math import inf
from typing import Self
from uuid import UUID

from schemas.topics import BY_NAME

OVERVIEW, REQUESTS, REVIEWS, HEALTH, PORTFOLIO = "overview", "requests", "reviews", "health", "portfolio"
STORY = "story/"
PATHS = {
    "/": OVERVIEW,
    "/tenants": OVERVIEW,
    "/requests": REQUESTS,
    "/reviews": REVIEWS,
    "/health": HEALTH,
    "/portfolio": PORTFOLIO,
}
LISTED = frozenset(f"request.{each}" for each in ("profiled", "completed", "failed", "cancelled", "deferred"))
"""What changes the list of requests, and the figures of the overview."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """In seconds: pages are told ``settle_s`` after an event, and ``echo_s`` after the last one once more.

    The ledger reads a moment behind. They are told every ``every_s`` at most, and every ``rest_s`` at least.
    """

    settle_s: float
    every_s: float
    echo_s: float
    rest_s: float


TEMPI = {
    OVERVIEW: Tempo(1, 15, 15, 60),
    REQUESTS: Tempo(0.5, 2, 3, 30),
    REVIEWS: Tempo(0.2, 5, 5, 30),
    HEALTH: Tempo(0.5, 2, 2, 5),
    PORTFOLIO: Tempo(0.2, 2, 3, 60),
    STORY: Tempo(0.3, 1, 3, 15),
}


def channel_of(path: str) -> str | None:
    """What a page at this path is told by; ``None`` for a page that does not change by itself."""
    if channel := PATHS.get(path):
        return channel
    try:
        return story_of(UUID(path.removeprefix("/requests/"))) if path.startswith("/requests/") else None
    except ValueError:
        return None


def story_of(request_id: UUID | str) -> str:
    """The channel of one request's page."""
    return f"{STORY}{request_id}"


def tempo_of(channel: str) -> Tempo:
    """How often the pages of a channel are told."""
    return TEMPI[STORY if channel.startswith(STORY) else channel]


def touched_by(topic: str, key: str) -> frozenset[str]:
    """The channels of what was said on a topic (its logical name) under this key."""
    found = {story_of(key)}
    if topic in LISTED:
        found |= {REQUESTS, OVERVIEW}
    if topic in BY_NAME and topic.startswith("review."):
        found.add(REVIEWS)
    return frozenset(found)


@dataclass(slots=True)
class Pace:
    """When those who watch one channel are to be told. Times are seconds of a clock that never goes back."""

    tempo: Tempo
    told_at: float
    due_at: float = inf
    echo_at: float = inf

    @classmethod
    def of(cls, channel: str, now: float) -> Self:
        """The pace of a channel that somebody begins to watch now."""
        return cls(tempo_of(channel), now)

    def touch(self, now: float) -> None:
        """Something was said."""
        self.due_at = min(self.due_at, now + self.tempo.settle_s)
        self.echo_at = now + self.tempo.echo_s

    @property
    def next_at(self) -> float:
        """When to tell next, if nothing is said until then."""
        wanted = min(self.due_at, self.echo_at, self.told_at + self.tempo.rest_s)
        return max(wanted, self.told_at + self.tempo.every_s)

    def tell(self, now: float) -> bool:
        """Whether they are to be told now; it counts as told."""
        if now < self.next_at:
            return False
        self.told_at, self.due_at = now, inf
        self.echo_at = self.echo_at if self.echo_at > now else inf
        return True
