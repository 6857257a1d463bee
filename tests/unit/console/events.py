"""The events of one request that is repaired, goes up a tier and is confirmed, as the services say them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.attempt import (
    Attempt,
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    Candidate,
    CheckResult,
    Choice,
    Cost,
    Exclusion,
    Plan,
    Usage,
)
from schemas.content import body_of
from schemas.fact import Event
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.request import Features, Profile, Request, RequestProfiled
from services.console.domain.heard import Heard

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
LATER = AT + timedelta(seconds=30)
REQUEST_ID = UUID("6f1c0c34-70a2-5f0e-9d0a-4f3c5f7f2a11")
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
BODY = body_of(b"{}")
USAGE = Usage(input_tokens=10, output_tokens=5)
PLAN = Plan(tiers=((Candidate(model="small", provider="local"),), (Candidate(model="large", provider="azure"),)))
FAILED_CHECK = CheckResult(
    name="schema", verdict="fail", reason="check_failed", at="/total", detail="/total: too large"
)

REQUEST = Request(
    request_id=REQUEST_ID,
    tenant="default",
    admitted_at=AT,
    deadline_at=LATER,
    lane="simple",
    revision="abc",
    fingerprint="0" * 16,
    data_class="internal",
    risk="low",
    max_attempts=5,
    metadata={"name": "invoice"},
    profile=Profile(
        task="extraction",
        confidence=0.9,
        why="it asks for JSON",
        context_tokens=100,
        features=Features(characters=40, estimated_tokens=10),
    ),
)


def heard(event: Event) -> Heard:
    return Heard(str(REQUEST_ID), event, AT, TRACE_ID)


def attempt(number: int, model: str = "small", role: str = "primary") -> dict[str, Any]:
    """What every event of an attempt carries."""
    provider, tier = ("local", 0) if model == "small" else ("azure", 1)
    made = Attempt(
        attempt_id=attempt_id_of(REQUEST_ID, number),
        number=number,
        role=role,
        tier=tier,
        model=model,
        provider=provider,
        deadline_at=LATER,
        plan=PLAN,
    )
    return {"request": REQUEST, "attempt": made}


def answered(cost: int, latency_ms: int) -> dict[str, Any]:
    return {"answer": BODY, "usage": USAGE, "cost": Cost(micro_usd=cost), "latency_ms": latency_ms}


def profiled() -> RequestProfiled:
    return RequestProfiled(request=REQUEST, body=BODY, attempt_deadline_at=LATER)


def dispatched(number: int, model: str = "small", role: str = "primary") -> AttemptDispatched:
    choice = Choice(
        why="the cheapest", expected_micro_usd=10, excluded=(Exclusion(model="large", provider="azure", why="dearer"),)
    )
    return AttemptDispatched(**attempt(number, model, role), body=BODY, choice=choice)


def completed_attempt(number: int, model: str = "small", role: str = "primary") -> AttemptCompleted:
    return AttemptCompleted(**attempt(number, model, role), **answered(10 * number, 100), body=BODY, answered_by=model)


def rejected(number: int, model: str = "small", role: str = "primary") -> AttemptRejected:
    checks = (CheckResult(name="not_empty", verdict="pass"), FAILED_CHECK)
    told = {"checks": checks, "reason": "check_failed", "detail": "mend it", "body": BODY}
    return AttemptRejected(**attempt(number, model, role), **answered(10 * number, 100), **told)


def doubted(number: int, model: str = "small") -> AttemptDoubted:
    return AttemptDoubted(
        **attempt(number, model), **answered(10 * number, 100), body=BODY, checks=(), look="agreement"
    )


def accepted(number: int, model: str = "small", role: str = "primary") -> AttemptAccepted:
    return AttemptAccepted(**attempt(number, model, role), **answered(10 * number, 100), checks=(), verified=True)


def failed_attempt(number: int, model: str = "small", role: str = "primary") -> AttemptFailed:
    return AttemptFailed(**attempt(number, model, role), body=BODY, reason="timeout", detail="no answer in time")


def escalated(number: int, action: str) -> RequestEscalated:
    return RequestEscalated(
        request=REQUEST,
        body=BODY,
        number=number,
        action=action,
        reason="check_failed",
        detail="mend it",
        tier=0,
        plan=PLAN,
        tried=(),
        attempt_deadline_at=LATER,
    )


def completed(recalled_from: UUID | None = None) -> RequestCompleted:
    return RequestCompleted(
        request_id=REQUEST_ID,
        status="verified",
        answer={"message": {"role": "assistant", "content": "42"}, "finish_reason": "stop"},
        task="extraction",
        lane="simple",
        tenant="default",
        model="large",
        provider="azure",
        attempts=4,
        usage=USAGE,
        cost_usd="0.0001",
        latency_ms=900,
        revision="abc",
        trace_id=TRACE_ID,
        metadata={"name": "invoice"},
        admitted_at=AT,
        completed_at=AT + timedelta(milliseconds=900),
        recalled_from=recalled_from,
        deadline_at=LATER,
    )


def failed(detail: str = "no path is left: lanes.simple.tiers would help") -> RequestFailed:
    return RequestFailed(
        request_id=REQUEST_ID,
        reason="tiers_spent",
        detail=detail,
        task="extraction",
        lane="simple",
        tenant="default",
        attempts=2,
        cost_usd="0.00003",
        revision="abc",
        admitted_at=AT,
        failed_at=AT + timedelta(milliseconds=700),
        deadline_at=LATER,
    )


STORY: tuple[Event, ...] = (
    profiled(),
    dispatched(1),
    completed_attempt(1),
    rejected(1),
    escalated(2, "repair"),
    dispatched(2, role="repair"),
    failed_attempt(2, role="repair"),
    escalated(3, "up"),
    dispatched(3, "large"),
    completed_attempt(3, "large"),
    doubted(3, "large"),
    escalated(4, "agreement"),
    dispatched(4, "small", "agreement"),
    completed_attempt(4, "small", "agreement"),
    accepted(4, "small", "agreement"),
    completed(),
)
