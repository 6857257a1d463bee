"""A request's road, folded from its events. They come from several topics, so in any order, and more than once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import reduce, singledispatch
from typing import Any

from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptEvent,
    AttemptFailed,
    AttemptRejected,
    CheckResult,
    Exclusion,
)
from schemas.content import Body
from schemas.money import micro_from_usd
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.request import RequestProfiled
from schemas.settlement import AttemptSettled
from schemas.vocabulary import CostKind, Reason
from services.console.domain.heard import Heard, Letter


class Verdict(StrEnum):
    """Where an attempt stands."""

    RUNNING = "running"
    ANSWERED = "answered"
    FAILED = "failed"
    DOUBTED = "doubted"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


class Stage(IntEnum):
    """How far a verdict is along an attempt's life: a later stage is never overwritten by an earlier one.

    An answer may come after its deadline was told, and be accepted all the same.
    """

    SENT = 0
    ANSWERED = 1
    FAILED = 2
    JUDGED = 3


DOOR = "profiler"
STAGES = {Verdict.RUNNING: Stage.SENT, Verdict.ANSWERED: Stage.ANSWERED, Verdict.FAILED: Stage.FAILED}


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt. Money in micro-dollars; ``at_most``: it may have cost less. ``tier`` counts from 0."""

    number: int
    role: str
    tier: int
    model: str
    provider: str
    verdict: Verdict = Verdict.RUNNING
    reason: str | None = None
    detail: str | None = None
    checks: tuple[CheckResult, ...] = ()
    cost_micro_usd: int = 0
    latency_ms: int | None = None
    excluded: tuple[Exclusion, ...] = ()
    why: str | None = None
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Why attempt ``number`` was asked for."""

    number: int
    action: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Late:
    """What came of the call of attempt ``number`` after it was given up. Without ``reason`` an answer, for nobody."""

    number: int
    model: str
    provider: str
    late_ms: int
    cost_micro_usd: int
    reason: str | None = None


def came_late(reason: str | None, late_ms: int) -> str:
    """What came of a call that was given up, in words."""
    return f"{f'failed as {reason}' if reason else 'answered'} {late_ms / 1000:.1f} s after its time, for nobody"


@dataclass(frozen=True, slots=True)
class End:
    """How it ended. ``status`` is verified, unverified, human, failed, cancelled or refused.

    ``recalled_from``: it was answered from the cache, with the answer of this request. ``sealed``: the answer that only
    who has keys can read; ``unread``: why it was not. ``at_most``: it may have cost less.
    """

    status: str
    reason: str | None = None
    detail: str | None = None
    answer: dict[str, Any] | None = None
    model: str | None = None
    cost_micro_usd: int = 0
    latency_ms: int | None = None
    at: datetime | None = None
    recalled_from: str | None = None
    sealed: Body | None = None
    unread: str | None = None
    at_most: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether there is an answer, by a model or a person."""
        return self.status in ("verified", "unverified", "human")


@dataclass(frozen=True, slots=True)
class Road:
    """All that is known of a request so far."""

    request_id: str
    task: str | None = None
    task_why: str | None = None
    lane: str | None = None
    revision: str | None = None
    trace_id: str | None = None
    deferred_until: datetime | None = None
    steps: tuple[Step, ...] = ()
    turns: tuple[Turn, ...] = ()
    late: tuple[Late, ...] = ()
    end: End | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def cost_micro_usd(self) -> int:
        """What it cost: as the end says, else what its attempts have cost so far."""
        if self.end:
            return self.end.cost_micro_usd
        settled = {each.number: each.cost_micro_usd for each in self.late}
        return sum(settled.get(step.number, step.cost_micro_usd) for step in self.steps)

    @property
    def at_most(self) -> bool:
        """Whether it may have cost less."""
        if self.end:
            return self.end.at_most
        settled = {each.number for each in self.late}
        return any(step.at_most and step.number not in settled for step in self.steps)


Answered = AttemptCompleted | AttemptFailed
Judged = AttemptAccepted | AttemptDoubted | AttemptRejected


def without_answer(roads: Sequence[Road]) -> str | None:
    """How many of these have ended without an answer, and how; ``None`` where none has."""
    ends = Counter(road.end.status for road in roads if road.end and not road.end.succeeded)
    told = ", ".join(f"{count} {status}" for status, count in ends.items())
    return f"{ends.total()} of {len(roads)} requests have no answer ({told})" if ends else None


def fold(request_id: str, heard: Iterable[Heard]) -> Road:
    """The road that these events make."""
    return reduce(advance, heard, Road(request_id))


def advance(road: Road, heard: Heard) -> Road:
    """The road after one more event; an event that says nothing of a road changes nothing."""
    known = replace(road, trace_id=road.trace_id or heard.trace_id)
    return _after(heard.event, known, heard.at)


@singledispatch
def _after(event: object, road: Road, at: datetime) -> Road:
    return road


@_after.register
def _(event: RequestProfiled, road: Road, at: datetime) -> Road:
    request = event.request
    return replace(
        road,
        task=request.profile.task,
        task_why=request.profile.why,
        lane=request.lane,
        revision=request.revision,
        metadata=request.metadata,
    )


@_after.register
def _(event: AttemptDispatched, road: Road, at: datetime) -> Road:
    step = replace(_step(road, event), excluded=event.choice.excluded, why=event.choice.why)
    return _with(road, step)


@_after.register
def _(event: AttemptCompleted, road: Road, at: datetime) -> Road:
    return _judged(road, event, Verdict.ANSWERED)


@_after.register
def _(event: AttemptFailed, road: Road, at: datetime) -> Road:
    return _judged(road, event, Verdict.FAILED, str(event.reason), event.detail)


@_after.register
def _(event: AttemptSettled, road: Road, at: datetime) -> Road:
    attempt, reason = event.attempt, str(event.reason) if event.reason else None
    late = Late(attempt.number, attempt.model, attempt.provider, event.late_ms, event.cost.micro_usd, reason)
    known = {each.number: each for each in (*road.late, late)}
    return replace(road, late=tuple(known[number] for number in sorted(known)))


@_after.register
def _(event: AttemptAccepted, road: Road, at: datetime) -> Road:
    reason = None if event.given_by is None else f"takes the answer of attempt {event.given_by}"
    return _judged(road, event, Verdict.ACCEPTED, reason)


@_after.register
def _(event: AttemptDoubted, road: Road, at: datetime) -> Road:
    return _judged(road, event, Verdict.DOUBTED, f"needs {event.look}")


@_after.register
def _(event: AttemptRejected, road: Road, at: datetime) -> Road:
    return _judged(road, event, Verdict.REJECTED, str(event.reason), event.detail)


@_after.register
def _(event: RequestEscalated, road: Road, at: datetime) -> Road:
    turn = Turn(event.number, str(event.action), str(event.reason), event.detail)
    turns = {each.number: each for each in (*road.turns, turn)}
    return replace(road, turns=tuple(turns[number] for number in sorted(turns)))


@_after.register
def _(event: RequestCompleted, road: Road, at: datetime) -> Road:
    end = End(
        status=str(event.status),
        answer=event.answer,
        model=event.model,
        cost_micro_usd=micro_from_usd(event.cost_usd),
        at_most=event.cost_kind is CostKind.BOUNDED,
        latency_ms=event.latency_ms,
        at=event.completed_at,
        recalled_from=str(event.recalled_from) if event.recalled_from else None,
        sealed=event.body if event.body is not None and event.body.is_sealed else None,
    )
    return _ended(road, end, event)


@_after.register
def _(event: RequestFailed, road: Road, at: datetime) -> Road:
    took = int((event.failed_at - event.admitted_at).total_seconds() * 1000)
    end = End(
        status="cancelled" if event.reason == Reason.CANCELLED else "failed",  # as the ledger has it
        reason=str(event.reason),
        detail=event.detail,
        cost_micro_usd=micro_from_usd(event.cost_usd),
        at_most=event.cost_kind is CostKind.BOUNDED,
        latency_ms=took,
        at=event.failed_at,
    )
    return _ended(road, end, event)


@_after.register
def _(event: RequestCancelled, road: Road, at: datetime) -> Road:
    return replace(road, end=road.end or End("cancelled", "cancelled", f"by {event.by}", at=event.cancelled_at))


@_after.register
def _(event: RequestDeferred, road: Road, at: datetime) -> Road:
    return replace(road, deferred_until=event.until)


@_after.register
def _(event: Letter, road: Road, at: datetime) -> Road:
    if event.service != DOOR:
        return road  # a request that was let in has an end of its own: its deadline
    detail = f"{event.detail} (kept in dead-letters.{event.service})"
    return replace(road, end=road.end or End("refused", event.reason, detail, at=at))


def _ended(road: Road, end: End, event: RequestCompleted | RequestFailed) -> Road:
    return replace(
        road,
        end=end,
        task=road.task or event.task,
        lane=road.lane or event.lane,
        revision=road.revision or event.revision,
        trace_id=event.trace_id or road.trace_id,
        metadata=road.metadata or event.metadata,
    )


def _judged(
    road: Road, event: Answered | Judged, verdict: Verdict, reason: str | None = None, detail: str | None = None
) -> Road:
    """The road with what came of an attempt; what is heard late of an earlier stage changes nothing."""
    step = _step(road, event)
    if _stage(verdict) <= _stage(step.verdict):
        return _with(road, step)
    checks = event.checks if isinstance(event, Judged) else ()
    told = replace(step, verdict=verdict, reason=reason, detail=detail, checks=checks)
    at_most = event.cost.kind == CostKind.BOUNDED
    paid = replace(told, cost_micro_usd=event.cost.micro_usd, latency_ms=event.latency_ms, at_most=at_most)
    return _with(road, paid)


def _stage(verdict: Verdict) -> Stage:
    return STAGES.get(verdict, Stage.JUDGED)


def _step(road: Road, event: AttemptEvent) -> Step:
    attempt = event.attempt
    known = next((step for step in road.steps if step.number == attempt.number), None)
    return known or Step(attempt.number, str(attempt.role), attempt.tier, attempt.model, attempt.provider)


def _with(road: Road, step: Step) -> Road:
    steps = {each.number: each for each in (*road.steps, step)}
    return replace(road, steps=tuple(steps[number] for number in sorted(steps)))
