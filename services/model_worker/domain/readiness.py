"""Whether a provider's worker is ready, or full, and when that must be said again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.portfolio import Portfolio
from schemas.standing import WorkerReady

Holds = dict[str, tuple[str, ...]]
LONG_WAIT_S = 1.0
"""An attempt that waited so long for a hand would have begun sooner at an equal path that has one."""
FULL_FOR = timedelta(seconds=5)
"""So long a provider is called full at a time: limits for a minute gather no more room than of five seconds."""


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


def long_wait_s(spacing_s: float) -> float:
    """How long an attempt must have waited for its provider to be full: not at all where the next call is far off."""
    return 0.0 if spacing_s > LONG_WAIT_S else LONG_WAIT_S


def may_say_full(stands: WorkerReady, now: datetime) -> bool:
    """Whether it is time to look for attempts that wait: not while another worker's word, or ours, is fresh."""
    return stands.ready and (stands.full_until is None or stands.full_until - now < FULL_FOR / 2)


def full(stands: WorkerReady, worker: str, now: datetime) -> WorkerReady:
    """What stands of the provider, and that attempts wait there."""
    return stands.model_copy(update={"worker": worker, "at": now, "full_until": now + FULL_FOR})
