"""The story of a request, as the read API tells it. All times are the log's own; costs are whole micro-dollars."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, computed_field

from schemas.ids import attempt_id_of
from schemas.money import usd_from_micro
from schemas.vocabulary import CostKind


class RequestState(StrEnum):
    """What became of a request. ``cancelled`` and ``deferred`` hold until it completes."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DEFERRED = "deferred"


class AttemptOutcome(StrEnum):
    """What became of an attempt: the last word said of it, a verdict before a failure."""

    DISPATCHED = "dispatched"
    COMPLETED = "completed"
    FAILED = "failed"
    DOUBTED = "doubted"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


class Told(BaseModel):
    """A part of an answer of the API."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Priced(Told):
    """What something cost. ``bounded``: the most that it can have cost."""

    cost_micro_usd: int
    cost_kind: str

    @computed_field
    @property
    def cost_usd(self) -> str:
        """The cost as a decimal string of dollars."""
        return usd_from_micro(self.cost_micro_usd)


class RequestLine(Priced):
    """A request: what it is, what became of it, and what its attempts cost together.

    What the profiler says of it is absent until its ``request.profiled`` has been read.
    ``recalled_from``: it was answered from the cache, with the answer of this request.
    """

    request_id: UUID
    state: RequestState
    status: str | None
    reason: str | None
    detail: str | None
    tenant: str | None
    lane: str | None
    task: str | None
    confidence: float | None
    profile_why: str | None
    needs: list[str] | None
    context_tokens: int | None
    features: dict[str, Any] | None
    data_class: str | None
    risk: str | None
    revision: str | None
    pinned_model: str | None
    budget_micro_usd: int | None
    max_attempts: int | None
    refusal_reason: str | None
    refusal_detail: str | None
    trace_id: str | None
    model: str | None
    provider: str | None
    admitted_at: datetime | None
    deadline_at: datetime | None
    ended_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    deferred_at: datetime | None
    deferred_until: datetime | None
    deferred_detail: str | None
    latency_ms: int | None
    cost_at_close_micro_usd: int | None
    attempts: int
    recalled_from: UUID | None


class CheckLine(Told):
    """The verdict of one check. ``pointer``: where it failed, as a JSON pointer; ``grade``: a judge's, of ten.

    ``score``: how far a graded check was met, 0 to 1, and ``threshold``: how far it had to be.
    """

    name: str
    verdict: str
    reason: str | None
    pointer: str | None
    detail: str | None
    grade: int | None
    score: float | None
    threshold: float | None


class FailureLine(Priced):
    """A failure that was told of an attempt; one attempt may have several, each told by another service."""

    reason: str
    detail: str
    said_at: datetime
    said_by: str | None
    latency_ms: int
    retry_after_ms: int | None


class AttemptLine(Priced):
    """An attempt as the tables have it. ``exclusions``: the model paths that were not taken, and why.

    ``given_by``: the earlier attempt whose answer was taken then, where it is not the one that was in doubt.
    ``settled_at``: when a call that was given up came to its end, ``settled_late_ms`` after its time was over; without
    ``settled_reason`` it was an answer, which nobody was given.
    """

    number: int
    role: str | None
    tier: int | None
    model: str | None
    provider: str | None
    answered_by: str | None
    outcome: AttemptOutcome
    reason: str | None
    detail: str | None
    verified: bool | None
    given_by: int | None
    look: str | None
    why: str | None
    expected_micro_usd: int | None
    exclusions: list[dict[str, Any]] | None
    dispatched_at: datetime | None
    deadline_at: datetime | None
    completed_at: datetime | None
    judged_at: datetime | None
    failed_at: datetime | None
    settled_at: datetime | None
    settled_reason: str | None
    settled_late_ms: int | None
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    tokens_estimated: bool
    price_list: str | None
    latency_ms: int | None


class AttemptStory(AttemptLine):
    """An attempt with its checks and failures."""

    attempt_id: UUID
    checks: list[CheckLine]
    failures: list[FailureLine]


class EscalationLine(Told):
    """Why attempt ``number`` was asked for, and what it was to be."""

    number: int
    action: str
    reason: str
    detail: str
    tier: int
    said_at: datetime
    attempt_deadline_at: datetime


class FeedbackLine(Told):
    """What a user or a downstream system said of the outcome, or of the answer of one ``attempt``."""

    feedback_id: UUID
    source: str
    score: float
    label: str | None
    attempt: int | None
    recorded_at: datetime


class Totals(Priced):
    """The sums over all attempts. ``cost_after_close_micro_usd``: what came later than the request's end."""

    attempts: int
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_at_close_micro_usd: int | None
    cost_after_close_micro_usd: int | None


class RequestStory(Told):
    """The whole story of a request: attempts in order, with their checks and failures."""

    request: RequestLine
    attempts: list[AttemptStory]
    escalations: list[EscalationLine]
    feedback: list[FeedbackLine]
    totals: Totals


class RequestPage(Told):
    """Requests, newest first. ``next``: the cursor of the page that follows; absent on the last one."""

    requests: list[RequestLine]
    next: str | None


def attempt_story(
    request_id: UUID, line: AttemptLine, checks: Sequence[CheckLine], failures: Sequence[FailureLine]
) -> AttemptStory:
    """An attempt, told whole."""
    return AttemptStory(
        **line.model_dump(exclude={"cost_usd"}),
        attempt_id=attempt_id_of(request_id, line.number),
        checks=list(checks),
        failures=list(failures),
    )


def totals_of(attempts: Sequence[AttemptLine], cost_at_close_micro_usd: int | None) -> Totals:
    """The sums over a request's attempts: known only when each attempt's cost is."""
    cost = sum(attempt.cost_micro_usd for attempt in attempts)
    bounded = any(attempt.cost_kind == CostKind.BOUNDED for attempt in attempts)
    return Totals(
        attempts=len(attempts),
        input_tokens=sum(attempt.input_tokens for attempt in attempts),
        cached_input_tokens=sum(attempt.cached_input_tokens for attempt in attempts),
        cache_write_tokens=sum(attempt.cache_write_tokens for attempt in attempts),
        output_tokens=sum(attempt.output_tokens for attempt in attempts),
        reasoning_tokens=sum(attempt.reasoning_tokens for attempt in attempts),
        cost_micro_usd=cost,
        cost_kind=CostKind.of(bounded),
        cost_at_close_micro_usd=cost_at_close_micro_usd,
        cost_after_close_micro_usd=None if cost_at_close_micro_usd is None else cost - cost_at_close_micro_usd,
    )
