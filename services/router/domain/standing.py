"""What stands at the moment: live workers, what they hold, breakers. Folded from compacted topics."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.attempt import Candidate
from schemas.standing import BreakerChanged, WorkerReady
from schemas.vocabulary import BreakerState, Reason

PROBE_EVERY = timedelta(seconds=1)
"""A path that comes back is sent so few attempts at first: its worker would refuse more, and each costs its request."""
CLOCKS_DIFFER = timedelta(seconds=2)
"""A worker's clock may be ahead of the broker's by so much."""


@dataclass(slots=True)
class StandingView:
    """The latest word on each provider and model path, and which were probed. Fed by ``app.py`` and by choices made.

    ``taken`` counts the attempts that went each path.
    """

    workers: dict[str, WorkerReady] = field(default_factory=dict[str, WorkerReady])
    breakers: dict[str, BreakerChanged] = field(default_factory=dict[str, BreakerChanged])
    taken: Counter[str] = field(default_factory=Counter[str])
    _probed: dict[str, datetime] = field(default_factory=dict[str, datetime])
    _held: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict[str, dict[str, frozenset[str]]])

    def apply_worker(self, event: WorkerReady) -> None:
        """A provider's worker came or went."""
        self.workers[event.provider] = event
        holds = event.holds or {}
        self._held[event.provider] = {model: frozenset(prints) for model, prints in holds.items()}

    def apply_breaker(self, event: BreakerChanged) -> None:
        """A model path opened or closed."""
        self.breakers[event.subject] = event

    def why_wait(self, candidate: Candidate) -> str | None:
        """Why this path has to wait for a worker; ``None`` when it has one."""
        worker = self.workers.get(candidate.provider)
        return None if worker and worker.ready else f"no live worker for provider {candidate.provider}"

    def why_not(self, candidate: Candidate, fingerprint: str | None, now: datetime) -> str | None:
        """Why this path cannot be taken just now; ``None`` when it can. Without a fingerprint, whatever is asked."""
        if fingerprint is not None and self.lacks_answer(candidate, fingerprint):
            return f"{candidate.provider} holds no recorded answer of {candidate.model} to this request"
        return self._by_breaker(_path(candidate), now)

    def is_full(self, provider: str, now: datetime) -> bool:
        """Whether attempts wait for a hand at this provider, or did at ``now``, when what is decided was said."""
        worker = self.workers.get(provider)
        if worker is None or worker.full_until is None:
            return False
        return worker.at - CLOCKS_DIFFER <= now < worker.full_until

    def lacks_answer(self, candidate: Candidate, fingerprint: str) -> bool:
        """Whether this path gives recorded answers, and none to this request."""
        held = self._held.get(candidate.provider, {}).get(candidate.model)
        return held is not None and fingerprint not in held

    def refuses_our_key(self, candidate: Candidate) -> bool:
        """Whether this path is set aside until somebody resets it, since its provider takes no key of ours."""
        breaker = self.breakers.get(_path(candidate))
        if breaker is None or breaker.state != BreakerState.OPEN:
            return False
        return breaker.until is None and breaker.reason == Reason.UNAUTHORIZED

    def reopens_at(self, candidate: Candidate, fingerprint: str, now: datetime) -> datetime | None:
        """When the breaker of this path lets one pass; ``None`` where nobody knows, or something else is against it."""
        path = _path(candidate)
        if self.lacks_answer(candidate, fingerprint) or self._by_breaker(path, now) is None:
            return None
        breaker = self.breakers[path]
        is_shut = breaker.state == BreakerState.OPEN and (not breaker.until or now < breaker.until)
        return breaker.until if is_shut else self._probed[path] + PROBE_EVERY

    def took(self, candidate: Candidate, now: datetime) -> None:
        """An attempt goes this way: where it is a probe, the next one may follow a little later."""
        path = _path(candidate)
        self.taken[path] += 1
        if path in self.breakers and self.breakers[path].state != BreakerState.CLOSED:
            self._probed[path] = now

    def _by_breaker(self, path: str, now: datetime) -> str | None:
        breaker = self.breakers.get(path)
        if breaker is None or breaker.state == BreakerState.CLOSED:
            return None
        if breaker.state == BreakerState.OPEN and (not breaker.until or now < breaker.until):
            return "its circuit breaker is open"
        last = self._probed.get(path)
        if last is not None and now < last + PROBE_EVERY:
            return "its circuit breaker lets one probe pass a second"
        return None


def _path(candidate: Candidate) -> str:
    return f"{candidate.model}@{candidate.provider}"
