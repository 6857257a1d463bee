"""The rate limits of one provider, by aiolimiter: this worker's share of what all of them may use."""

import asyncio
from bisect import bisect_left

from aiolimiter import AsyncLimiter

from schemas.providers import Provider
from services.model_worker.domain.pace import bucket_of


class RateLimits:
    """Says how many attempts may be claimed, so that the others wait in the store by priority; and lets calls pass."""

    def __init__(self) -> None:
        self._per_minute: tuple[int | None, int | None] = (None, None)
        self._workers = 1
        self._requests: AsyncLimiter | None = None
        self._tokens: AsyncLimiter | None = None
        self._waiting = 0

    def limit(self, provider: Provider | None) -> None:
        """Take the limits of the portfolio in force."""
        told = (provider.requests_per_minute, provider.tokens_per_minute) if provider else (None, None)
        if told != self._per_minute:
            self._per_minute = told
            self._renew()

    def share(self, workers: int) -> None:
        """Take so many workers' part of the limits."""
        if workers != self._workers:
            self._workers = workers
            self._renew()

    @property
    def waiting(self) -> int:
        """Calls that wait until the limits let them begin."""
        return self._waiting

    @property
    def left(self) -> dict[str, float]:
        """What may be taken at once, in whole requests and tokens, of each limit that is set."""
        limiters = {"requests": self._requests, "tokens": self._tokens}
        return {name: _left(limiter) for name, limiter in limiters.items() if limiter is not None}

    @property
    def spacing_s(self) -> float:
        """How long one call's room takes to come back, where all is used; 0 without a limit of requests."""
        return self._requests.time_period / self._requests.max_rate if self._requests else 0.0

    def room(self, most: int) -> int:
        """How many calls may begin now, up to ``most``."""
        if self._waiting or (self._tokens is not None and not self._tokens.has_capacity()):
            return 0
        if self._requests is not None:
            while most and not self._requests.has_capacity(most):
                most -= 1
        return most

    async def passed(self, tokens: int, within_s: float) -> bool:
        """Wait until a call that takes so many tokens may begin; ``False`` when that is not within this time."""
        if self._requests is None and self._tokens is None:
            return True
        self._waiting += 1
        try:
            async with asyncio.timeout(within_s):
                await _take(self._requests, 1)
                await _take(self._tokens, tokens)
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return True

    def _renew(self) -> None:
        self._requests, self._tokens = (self._limiter(per_minute) for per_minute in self._per_minute)

    def _limiter(self, per_minute: int | None) -> AsyncLimiter | None:
        if per_minute is None:
            return None
        bucket = bucket_of(per_minute, self._workers)
        return AsyncLimiter(bucket.capacity, bucket.period_s)


def _left(limiter: AsyncLimiter) -> int:
    """The library tells whether an amount fits, so the largest that does is searched for."""
    return bisect_left(range(1, int(limiter.max_rate) + 1), True, key=lambda amount: not limiter.has_capacity(amount))


async def _take(limiter: AsyncLimiter | None, amount: float) -> None:
    """More than the bucket holds is taken in parts."""
    while limiter is not None and amount > 0:
        part = min(amount, limiter.max_rate)
        await limiter.acquire(part)
        amount -= part
