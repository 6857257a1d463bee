"""Whether events come fast enough for batches to be worth waiting for."""

from math import exp

MEMORY_S = 0.1
BUSY_EVENTS = 5.0
"""Fading count of events above which the bus is busy: fifty a second, over a memory of a tenth of one."""


class Pace:
    """A count of events that fades with time."""

    def __init__(self) -> None:
        self._events = 0.0
        self._at = 0.0

    def busy_after(self, size: int, now: float) -> bool:
        """Count a batch of ``size`` that was done at ``now`` (seconds, monotonic); whether the bus is busy."""
        self._events = self._events * exp(-(now - self._at) / MEMORY_S) + size
        self._at = now
        return self._events > BUSY_EVENTS
