"""What stands at the moment: live workers, what they hold, breakers. Folded from compacted topics."""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.attempt import Candidate
from schemas.standing import BreakerChanged, WorkerReady
from schemas.vocabulary import BreakerState


@dataclass(slots=True)
class StandingView:
    """The latest word on each provider and model path. Only ``app.py`` feeds it; decisions read it."""

    workers: dict[str, WorkerReady] = field(default_factory=dict[str, WorkerReady])
    breakers: dict[str, BreakerChanged] = field(default_factory=dict[str, BreakerChanged])
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

    def why_not(self, candidate: Candidate, fingerprint: str, now: datetime) -> str | None:
        """Why this path cannot be taken just now; ``None`` when it can."""
        held = self._held.get(candidate.provider, {}).get(candidate.model)
        if held is not None and fingerprint not in held:
            return f"{candidate.provider} holds no recorded answer of {candidate.model} to this request"
        breaker = self.breakers.get(f"{candidate.model}@{candidate.provider}")
        if breaker is not None and breaker.state == BreakerState.OPEN and (not breaker.until or now < breaker.until):
            return "its circuit breaker is open"
        return None
