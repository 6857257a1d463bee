"""What the gateway makes of the ends of requests: whoever waits for one is answered."""

from typing import Protocol

from schemas.outcome import RequestCompleted, RequestFailed
from schemas.reaction import NOTHING, Reaction, Received


class Waiting(Protocol):
    """Those who wait for an end."""

    def resolve(self, end: RequestCompleted | RequestFailed) -> None: ...


class Cache(Protocol):
    """Keeps what may be asked again."""

    def heard(self, end: RequestCompleted) -> None: ...


class Handlers:
    """Ends of requests that came by another way are heard, too, and nobody waits for them here."""

    def __init__(self, waiting: Waiting, cache: Cache | None = None) -> None:
        self._waiting = waiting
        self._cache = cache

    def on_request_completed(self, event: RequestCompleted, received: Received) -> Reaction:
        """The answer."""
        self._waiting.resolve(event)
        if self._cache is not None:
            self._cache.heard(event)
        return NOTHING

    def on_request_failed(self, event: RequestFailed, received: Received) -> Reaction:
        """The reason why there is none."""
        self._waiting.resolve(event)
        return NOTHING
