"""What a client is told of its request's road while it goes: facts by name, and never an answer that is not checked."""

from collections.abc import Sequence

from pydantic_core import to_json

from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDoubted,
    AttemptEvent,
    AttemptFailed,
    AttemptRejected,
    CheckResult,
)
from schemas.content import Json
from schemas.fact import Event
from schemas.outcome import RequestDeferred, RequestEscalated
from schemas.request import RequestProfiled

ROAD: tuple[type[Event], ...] = (
    RequestProfiled,
    AttemptCompleted,
    AttemptFailed,
    AttemptAccepted,
    AttemptRejected,
    AttemptDoubted,
    RequestEscalated,
    RequestDeferred,
)
"""What happens to a request before its end, in the order in which one follows another."""


def step_of(event: Event, name: str) -> bytes:
    """One event of the road, as a server-sent event of this name."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), to_json(facts_of(event), exclude_none=True))


def facts_of(event: Event) -> Json:
    """What is told of an event. Raises ``TypeError`` for one that is not of the road."""
    if isinstance(event, RequestProfiled):
        request = event.request
        refusal = {"reason": event.refusal.reason, "detail": event.refusal.detail} if event.refusal else None
        told: Json = {"task": request.profile.task, "lane": request.lane, "deadline_at": request.deadline_at}
        return {**told, "data_class": request.data_class, "risk": request.risk, "refusal": refusal}
    if isinstance(event, RequestEscalated):
        return {"number": event.number, "action": event.action, "reason": event.reason, "tier": event.tier}
    if isinstance(event, RequestDeferred):
        return {"until": event.until, "detail": event.detail}
    if isinstance(event, AttemptEvent):
        attempt = event.attempt
        told = {"number": attempt.number, "role": attempt.role, "tier": attempt.tier}
        return {**told, "model": attempt.model, "provider": attempt.provider, **_verdict(event)}
    raise TypeError(f"{type(event).__name__} is not of the road")


def _verdict(event: AttemptEvent) -> Json:
    if isinstance(event, AttemptFailed):
        return {"reason": event.reason, "detail": event.detail}
    if isinstance(event, AttemptAccepted):
        return {"verified": event.verified, "checks": _checks(event.checks)}
    if isinstance(event, AttemptRejected):
        return {"reason": event.reason, "checks": _checks(event.checks)}
    if isinstance(event, AttemptDoubted):
        return {"look": event.look, "checks": _checks(event.checks)}
    return {}


def _checks(checks: Sequence[CheckResult]) -> list[Json]:
    return [{"name": check.name, "verdict": check.verdict} for check in checks]
