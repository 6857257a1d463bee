"""How long a bus lets events gather: a batch costs far more than an event of it, and somebody waits for each event."""

import time
from math import exp

MEMORY_S = 0.25
FULL_PER_S = 1_000.0
"""Requests a second at which the pause is at its longest."""
IDLE_PER_S = 40.0


class Pace:
    """The rate of events, fading with time, and the pause that fits it.

    A few hundred requests a second leave a machine time for small batches, which answer soon; a thousand do not. So
    the pause grows with the square of the rate. ``events_a_request``: how many events of a request are heard here.
    """

    def __init__(self, longest_s: float, events_a_request: float = 1.0) -> None:
        self._longest_s = longest_s
        self._events_a_request = events_a_request
        self._events = 0.0
        self._at = 0.0

    def pause_now(self, size: int) -> float:
        """:meth:`pause_after` a batch that is done now."""
        return self.pause_after(size, time.monotonic())

    def pause_after(self, size: int, now: float) -> float:
        """Count a batch of ``size`` that was done at ``now`` (seconds, monotonic); how long to pause, in seconds."""
        self._events = self._events * exp(-(now - self._at) / MEMORY_S) + size
        self._at = now
        requests_per_s = self._events / MEMORY_S / self._events_a_request
        if requests_per_s < IDLE_PER_S:
            return 0.0
        return self._longest_s * min(1.0, requests_per_s / FULL_PER_S) ** 2
