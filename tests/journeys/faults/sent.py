"""The client's book: what it sent, what Kafka acknowledged, and when each request ended."""

import threading
from collections.abc import Iterable
from uuid import UUID


class Sent:
    """One load's requests. Filled by the threads that send and hear while others read: each look is a copy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: set[UUID] = set()
        self._accepted: set[UUID] = set()
        self._ended: dict[UUID, float] = {}

    def send(self, request_id: UUID) -> None:
        """A request is on its way."""
        with self._lock:
            self._all.add(request_id)

    def acknowledge(self, request_id: UUID) -> None:
        """Kafka has it."""
        with self._lock:
            self._accepted.add(request_id)

    def end(self, requests: Iterable[UUID], at: float) -> None:
        """An end was heard of each, or that it comes later, ``at`` by the monotonic clock.

        The first counts, and others' requests do not.
        """
        with self._lock:
            for request_id in requests:
                if request_id in self._all:
                    self._ended.setdefault(request_id, at)

    def all(self) -> set[UUID]:
        """Those that were sent."""
        with self._lock:
            return set(self._all)

    def accepted(self) -> set[UUID]:
        """Those that were acknowledged."""
        with self._lock:
            return set(self._accepted)

    def ended(self) -> dict[UUID, float]:
        """When each ended, by the monotonic clock."""
        with self._lock:
            return dict(self._ended)

    def open(self) -> set[UUID]:
        """Those that were acknowledged and have not ended."""
        with self._lock:
            return self._accepted - self._ended.keys()
