"""Whether a provider's worker is ready, and when that must be said again."""

from dataclasses import dataclass
from datetime import datetime

from schemas.portfolio import Portfolio
from schemas.standing import WorkerReady

Holds = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a worker says of itself. ``holds`` as in :class:`schemas.standing.WorkerReady`."""

    ready: bool
    holds: Holds | None = None


NOT_READY = Readiness(ready=False)


def readiness_of(portfolio: Portfolio, provider: str, held: Holds | None) -> Readiness:
    """Ready when the portfolio in force has the provider. A replaying one holds nothing for a model it lacks."""
    if provider not in portfolio.providers:
        return NOT_READY
    if held is None:
        return Readiness(ready=True)
    models = [name for name, model in portfolio.models.items() if any(e.provider == provider for e in model.endpoints)]
    return Readiness(ready=True, holds={name: held.get(name, ()) for name in models})


def must_say(mine: Readiness, said: Readiness | None, stands: WorkerReady | None) -> bool:
    """Whether to say it (again): it changed, or another worker left and believed itself the last.

    Workers of one provider that hold different answers do not contradict each other, or they would for ever.
    """
    return mine.ready and (mine != said or (stands is not None and not stands.ready))


def worker_ready(provider: str, worker: str, mine: Readiness, at: datetime) -> WorkerReady:
    """The event that says so."""
    return WorkerReady(provider=provider, worker=worker, ready=mine.ready, holds=mine.holds, at=at)
