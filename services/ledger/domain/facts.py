"""From an event to the columns that it fills. Facts only: no prompt, no answer, no free text of a client's.

A row is a dict of column names. Each kind of event fills a group of columns of its own, which begins with
``<group>_at`` (when the log took it) and ``<group>_place`` (where it stands there).
"""

from typing import Any

from pydantic_core import to_json

from schemas.attempt import (
    Attempt,
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptEvent,
    AttemptFailed,
    AttemptRejected,
    CheckResult,
    Cost,
    OfAttempt,
    Usage,
)
from schemas.money import micro_from_usd
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.reaction import Received
from schemas.request import RequestProfiled
from schemas.review import FeedbackRecorded, ReviewRequested
from schemas.settlement import AttemptSettled
from schemas.standing import BreakerChanged, PortfolioRevised
from schemas.vocabulary import Action

Row = dict[str, Any]


def place_of(received: Received, suffix: str = "") -> str:
    """Where a record stands among those of its event's topics: ``[suffix/]partition/offset``."""
    return f"{suffix}/{received.partition}/{received.offset}" if suffix else f"{received.partition}/{received.offset}"


def profiled(event: RequestProfiled, received: Received) -> Row:
    """The columns of a request that its admission tells."""
    request, profile, refusal = event.request, event.request.profile, event.refusal
    return {
        "request_id": request.request_id,
        "profiled_at": received.at,
        "profiled_place": place_of(received),
        "admitted_at": request.admitted_at,
        "deadline_at": request.deadline_at,
        "tenant": request.tenant,
        "lane": request.lane,
        "task": profile.task,
        "confidence": profile.confidence,
        "profile_why": profile.why,
        "needs": json_text(profile.needs),
        "context_tokens": profile.context_tokens,
        "features": json_text(profile.features),
        "data_class": request.data_class,
        "risk": request.risk,
        "revision": request.revision,
        "pinned_model": request.pinned_model,
        "budget_micro_usd": request.budget_micro_usd,
        "max_attempts": request.max_attempts,
        "trace_id": received.trace_id,
        "refusal_reason": refusal.reason if refusal else None,
        "refusal_detail": refusal.detail if refusal else None,
    }


def completed_request(event: RequestCompleted, received: Received) -> Row:
    """The columns of a request that its completion tells."""
    return {
        "request_id": event.request_id,
        "completed_at": received.at,
        "completed_place": place_of(received),
        "status": event.status,
        "model": event.model,
        "provider": event.provider,
        "completed_cost_micro_usd": micro_from_usd(event.cost_usd),
        "latency_ms": event.latency_ms,
        "recalled_from": event.recalled_from,
        "confirms": event.confirms,
    }


def failed_request(event: RequestFailed, received: Received) -> Row:
    """The columns of a request that its failure tells."""
    return {
        "request_id": event.request_id,
        "failed_at": received.at,
        "failed_place": place_of(received),
        "reason": event.reason,
        "detail": event.detail,
        "failed_cost_micro_usd": micro_from_usd(event.cost_usd),
    }


def cancelled(event: RequestCancelled, received: Received) -> Row:
    """The columns of a request that its withdrawal tells."""
    return {
        "request_id": event.request_id,
        "cancelled_at": received.at,
        "cancelled_place": place_of(received),
        "cancelled_by": event.by,
    }


def deferred(event: RequestDeferred, received: Received) -> Row:
    """The columns of a request that tell until when a person may answer past the deadline."""
    return {
        "request_id": event.request_id,
        "deferred_at": received.at,
        "deferred_place": place_of(received),
        "deferred_until": event.until,
        "deferred_detail": event.detail,
    }


def dispatched(event: AttemptDispatched, received: Received) -> Row:
    # A router that starts again may dispatch an attempt twice, to two providers: two topics, so the provider ranks too.
    """The columns of an attempt that the router's choice tells."""
    return _known(event) | {
        "dispatched_at": received.at,
        "dispatched_place": place_of(received, event.attempt.provider),
        **_path(event.attempt),
        "deadline_at": event.attempt.deadline_at,
        "why": event.choice.why,
        "expected_micro_usd": event.choice.expected_micro_usd,
        "exclusions": json_text(event.choice.excluded),
    }


def completed_attempt(event: AttemptCompleted, received: Received) -> Row:
    """The columns of an attempt that its answer tells: who gave it, tokens, micro-dollars, milliseconds."""
    return _known(event) | {
        "completed_at": received.at,
        "completed_place": place_of(received),
        **{f"completed_{name}": value for name, value in _path(event.attempt).items()},
        "answered_by": event.answered_by,
        **_spent(event.usage, event.cost),
        "latency_ms": event.latency_ms,
    }


def failed_attempt(event: AttemptFailed, received: Received) -> Row:
    """A row of its own: one attempt may fail for several reasons, each said by another service."""
    return {
        "request_id": event.request.request_id,
        "number": event.attempt.number,
        "reason": event.reason,
        "said_at": received.at,
        "said_place": place_of(received),
        "said_by": received.source,
        **_path(event.attempt),
        "detail": event.detail,
        **_spent(event.usage, event.cost),
        "latency_ms": event.latency_ms,
        "retry_after_ms": event.retry_after_ms,
    }


def settled(event: AttemptSettled, received: Received) -> Row:
    """What a call cost, though its failure had been told before: a row of its own."""
    return {
        "request_id": event.request.request_id,
        "number": event.attempt.number,
        "said_at": received.at,
        "said_place": place_of(received),
        "reason": event.reason,
        "answered_by": event.answered_by,
        "late_ms": event.late_ms,
        **_spent(event.usage, event.cost),
        "latency_ms": event.latency_ms,
    }


def accepted(event: AttemptAccepted, received: Received) -> Row:
    """The columns of an attempt that its acceptance tells."""
    return _known(event) | {
        "accepted_at": received.at,
        "accepted_place": place_of(received),
        "verified": event.verified,
        "given_by": event.given_by,
    }


def rejected(event: AttemptRejected, received: Received) -> Row:
    """The columns of an attempt that its rejection tells."""
    return _known(event) | {
        "rejected_at": received.at,
        "rejected_place": place_of(received),
        "rejected_reason": event.reason,
        "rejected_detail": event.detail,
    }


def doubted(event: AttemptDoubted, received: Received) -> Row:
    """The columns of an attempt that tell which other look was asked for."""
    return _known(event) | {
        "doubted_at": received.at,
        "doubted_place": place_of(received),
        "look": event.look,
        "doubted_given_by": event.given_by,
    }


def heard_of(event: OfAttempt) -> Row:
    """That the attempt exists, and nothing else: what failed without ever being dispatched has its row, too."""
    return _known(event)


def check(event: AttemptEvent, result: CheckResult, position: int, told_by: str, received: Received) -> Row:
    """One check's verdict. ``told_by`` is what the validator concluded: accepted, rejected or doubted."""
    return {
        "request_id": event.request.request_id,
        "number": event.attempt.number,
        "told_by": told_by,
        "position": position,
        "said_at": received.at,
        "said_place": place_of(received),
        "name": result.name,
        "verdict": result.verdict,
        "reason": result.reason,
        "pointer": result.at,
        "detail": result.detail,
        "grade": result.grade,
        "score": result.score,
        "threshold": result.threshold,
    }


def escalated(event: RequestEscalated, received: Received) -> Row:
    """A further attempt that was asked for, and why."""
    return {
        "request_id": event.request.request_id,
        "number": event.number,
        "said_at": received.at,
        "said_place": place_of(received),
        "action": event.action,
        "reason": event.reason,
        "detail": event.detail,
        "tier": event.tier,
        "attempt_deadline_at": event.attempt_deadline_at,
    }


def asked_a_person(event: ReviewRequested, received: Received) -> Row:
    """The turn after the last attempt, beside those that ask for another one: none of them has its number."""
    return {
        "request_id": event.request.request_id,
        "number": len(event.tried) + 1,
        "said_at": received.at,
        "said_place": place_of(received, "review"),
        "action": Action.HUMAN,
        "reason": event.reason,
        "detail": event.detail,
        "tier": event.tried[-1].tier if event.tried else 0,
        "attempt_deadline_at": event.due_at,
    }


def feedback(event: FeedbackRecorded, received: Received) -> Row:
    """The note and the metadata stay out: free text may quote the answer."""
    return {
        "request_id": event.request_id,
        "feedback_id": event.feedback_id,
        "said_at": received.at,
        "said_place": place_of(received),
        "source": event.source,
        "score": event.score,
        "label": event.label,
        "tenant": event.tenant,
        "attempt": event.attempt,
        "recorded_at": event.recorded_at,
    }


def breaker(event: BreakerChanged, received: Received) -> Row:
    """A change of a model path's breaker."""
    return {
        "model": event.model,
        "provider": event.provider,
        "changed_at": event.at,
        "said_at": received.at,
        "said_place": place_of(received),
        "state": event.state,
        "reason": event.reason,
        "until": event.until,
    }


def revision(event: PortfolioRevised, received: Received) -> Row:
    """A revision is said under its own key and under ``current``; the latter also fills the group ``current``."""
    row: Row = {
        "number": event.number,
        "revision": event.revision,
        "said_at": received.at,
        "said_place": place_of(received),
        "revised_at": event.revised_at,
        "author": event.author,
        "note": event.note,
        "document": json_text(event.portfolio),
    }
    if event.current:
        row |= {"current_at": received.at, "current_place": place_of(received)}
    return row


def json_text(value: object) -> str:
    """The JSON text of facts, for a ``jsonb`` column."""
    return to_json(value, exclude_none=True).decode()


def _known(event: OfAttempt) -> Row:
    request = event.request
    return {
        "request_id": request.request_id,
        "number": event.attempt.number,
        "admitted_at": request.admitted_at,
    }


def _path(attempt: Attempt) -> Row:
    return {"role": attempt.role, "tier": attempt.tier, "model": attempt.model, "provider": attempt.provider}


def _spent(usage: Usage, cost: Cost) -> Row:
    return {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "tokens_estimated": usage.estimated,
        "cost_micro_usd": cost.micro_usd,
        "cost_kind": cost.kind,
        "price_list": cost.price_list,
    }
