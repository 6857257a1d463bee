"""Requests to route, and what stands while they are."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from schemas.attempt import AttemptDispatched, Candidate
from schemas.example_request import DOCUMENT, LARGE, SECOND, SMALL, request
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.standing import BreakerChanged, ModelScored, WorkerReady
from schemas.vocabulary import BreakerState
from services.router.domain.choose import Options, WhyNotNow, options_for
from services.router.domain.standing import StandingView
from services.router.domain.ways import ways_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALL = (SMALL, LARGE, SECOND)


def portfolio(*changes: tuple[str, Any]) -> Portfolio:
    """The portfolio of the examples, with some values changed: ``("models/small/lifecycle", "retired")``."""
    document: Any = deepcopy(DOCUMENT)
    for path, value in changes:
        *steps, last = path.split("/")
        part = document
        for step in steps:
            part = part[int(step)] if isinstance(part, list) else part[step]
        part[last] = value
    return Portfolio.of(document)


OF_PROFILE = ("needs", "context_tokens", "most_output_tokens")


def asking(**changes: Any) -> Request:
    """The request of the examples, changed. Those :data:`OF_PROFILE` are its profile's."""
    original = request()
    of_profile = {name: changes.pop(name) for name in OF_PROFILE if name in changes}
    return original.model_copy(update={**changes, "profile": original.profile.model_copy(update=of_profile)})


def alive(*providers: str, holds: dict[str, tuple[str, ...]] | None = None) -> StandingView:
    """What stands when only these providers have workers; all of the examples', without any."""
    view = StandingView()
    for provider in providers or ("local", "azure", "mistral"):
        view.apply_worker(WorkerReady(provider=provider, worker=f"{provider}-1", ready=True, holds=holds, at=NOW))
    return view


def nothing_against(_: Candidate) -> None:
    """Every path can be taken just now."""


def options_of(
    document: Portfolio,
    request: Request,
    why_not_now: WhyNotNow = nothing_against,
    why_wait: WhyNotNow = nothing_against,
) -> Options:
    """All the ways to serve a request under a document."""
    return options_for(ways_of(document, request), request, why_not_now, why_wait)


def only(taken: Iterable[Candidate]) -> Any:
    """These paths can be taken just now, and no others."""
    taken = set(taken)
    return lambda candidate: None if candidate in taken else "its circuit breaker is open"


def served(taken: Iterable[Candidate]) -> Any:
    """These paths have live workers, and no others."""
    taken = set(taken)
    return lambda candidate: None if candidate in taken else f"no live worker for provider {candidate.provider}"


def shut(*paths: Candidate) -> StandingView:
    """All providers have workers, and these paths an open breaker."""
    view = alive()
    for path in paths:
        told = BreakerChanged(
            model=path.model, provider=path.provider, state=BreakerState.OPEN, reason="errors", until=None, at=NOW
        )
        view.apply_breaker(told)
    return view


def scored(
    model: str,
    sequence: int = 1,
    good: float = 0,
    bad: float = 0,
    false_accepts: float = 0,
    micro_usd: int = 100,
    task: str = "faq",
    at: datetime = NOW,
) -> ModelScored:
    """What a model of the examples achieved."""
    provider = {each.model: each.provider for each in ALL}[model]
    return ModelScored(
        task=task,
        model=model,
        version=provider,
        sequence=sequence,
        successes=round(good),
        failures=round(bad),
        fresh_successes=good,
        fresh_failures=bad,
        fresh_false_accepts=false_accepts,
        mean_micro_usd=micro_usd,
        mean_latency_ms=500,
        scored_at=at,
    )


def path_of(event: AttemptDispatched) -> Candidate:
    """The path that an attempt goes."""
    return Candidate(model=event.attempt.model, provider=event.attempt.provider)
