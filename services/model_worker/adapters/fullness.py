"""Whether attempts wait for a hand at this worker's provider: asked of the store, and told to the router."""

from collections.abc import Callable
from datetime import UTC, datetime

from schemas.standing import WorkerReady
from services.model_worker.adapters.attempt_store import AttemptStore
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.domain.readiness import full, long_wait_s, may_say_full


def utc_now() -> datetime:
    """The wall clock: routers compare it with that of Kafka."""
    return datetime.now(UTC)


class Fullness:
    """What all workers of a provider see alike, since they share a store. ``stands``: the last word on the provider."""

    def __init__(
        self, store: AttemptStore, limits: RateLimits, worker: str, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._limits = limits
        self._worker = worker
        self._clock = clock
        self.stands: WorkerReady | None = None

    async def found(self) -> WorkerReady | None:
        """The word to say, where an attempt has waited for long and nobody has just said so."""
        if self.stands is None or not may_say_full(self.stands, self._clock()):
            return None
        if not await self._store.has_waited(long_wait_s(self._limits.spacing_s)):
            return None
        self.stands = full(self.stands, self._worker, self._clock())  # its own echo takes a moment
        return self.stands
