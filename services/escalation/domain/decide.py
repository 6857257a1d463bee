"""The decision after an attempt that did not end its request. Pure: (what failed, what was tried, limits) to a step."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.attempt import Attempt, Tried, Usage
from schemas.portfolio import Lane
from schemas.request import Request
from schemas.vocabulary import Action, Reason, Role
from services.escalation.domain.reasons import steps_for

LEAST_TIME = timedelta(milliseconds=250)
"""An attempt with less time than this would only spend money."""

NOT_TOLD = Usage(estimated=True)
"""The usage of an attempt whose event says none."""


@dataclass(frozen=True, slots=True)
class Setback:
    """An attempt that did not end its request. ``tried`` holds it, too, last."""

    request: Request
    attempt: Attempt
    tried: tuple[Tried, ...]
    reason: str
    detail: str
    failed_checks: tuple[str, ...] = ()
    usage: Usage = NOT_TOLD


@dataclass(frozen=True, slots=True)
class Step:
    """Make another attempt, at this tier."""

    action: Action
    tier: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the request, honestly."""

    reason: str
    detail: str


def decide(setback: Setback, lane: Lane, now: datetime) -> Step | GiveUp:
    """The next step that the limits and the plan allow, or the honest end."""
    request = setback.request
    # A bound is far above what a cut-off call was billed: counted in full, one timeout would end most requests.
    spent = sum(t.cost_micro_usd for t in setback.tried if not t.bounded)
    if setback.attempt.number >= request.max_attempts:
        return GiveUp(Reason.ATTEMPTS_SPENT, f"{_last(setback)}; {request.max_attempts} attempts were made")
    if request.budget_micro_usd is not None and spent >= request.budget_micro_usd:
        return GiveUp(Reason.BUDGET_SPENT, f"{_last(setback)}; the budget of the request is spent")
    if request.deadline_at - now < LEAST_TIME:
        return GiveUp(Reason.DEADLINE, f"{_last(setback)}; no time is left for another attempt")
    for action in _steps(setback, lane):
        step = _possible(action, setback, lane)
        if step is not None:
            return step
    return _no_step_left(setback)


def _steps(setback: Setback, lane: Lane) -> tuple[Action, ...]:
    if setback.reason == Reason.DOUBTED:
        return (Action.AGREEMENT,)
    if setback.attempt.role == Role.AGREEMENT and setback.reason == Reason.NO_ELIGIBLE_MODEL:
        return (Action.UP,)
    return steps_for(setback.reason, setback.failed_checks, lane.on_fail)


def _possible(action: Action, setback: Setback, lane: Lane) -> Step | None:
    if action is Action.AGREEMENT:
        return Step(action, setback.attempt.tier)
    if action is Action.REPAIR:
        return _repair(setback, lane)
    if action is Action.SIDEWAYS:
        return _sideways(setback)
    if action is Action.UP:
        return _up(setback)
    return None


def _repair(setback: Setback, lane: Lane) -> Step | None:
    made = sum(1 for t in setback.tried if t.role == Role.REPAIR and t.model == setback.attempt.model)
    mendable = setback.attempt.role in (Role.PRIMARY, Role.REPAIR)
    return Step(Action.REPAIR, setback.attempt.tier) if mendable and made < lane.repairs else None


def _sideways(setback: Setback) -> Step | None:
    attempt = setback.attempt
    if not attempt.plan.tiers:
        # Nobody planned yet (the router was away): ask it again.
        return Step(Action.SIDEWAYS, attempt.tier)
    same_opinion_asked = attempt.role == Role.AGREEMENT
    if _untried(setback, attempt.tier):
        return Step(Action.AGREEMENT if same_opinion_asked else Action.SIDEWAYS, attempt.tier)
    return None


def _up(setback: Setback) -> Step | None:
    for tier in range(_base_tier(setback) + 1, len(setback.attempt.plan.tiers)):
        if _untried(setback, tier):
            return Step(Action.UP, tier)
    return None


def _base_tier(setback: Setback) -> int:
    """The tier to go up from: that of the answer in doubt, when another model was asked about it."""
    if setback.attempt.role != Role.AGREEMENT:
        return setback.attempt.tier
    return max((t.tier for t in setback.tried if t.role in (Role.PRIMARY, Role.REPAIR)), default=setback.attempt.tier)


def _untried(setback: Setback, tier: int) -> bool:
    used = {(t.model, t.provider) for t in setback.tried}
    return any((c.model, c.provider) not in used for c in setback.attempt.plan.tiers[tier])


def _last(setback: Setback) -> str:
    """What happened last, on one line: what a model is told to mend its answer can be long."""
    if setback.failed_checks:
        return f"the last answer failed {', '.join(setback.failed_checks)}"
    first = setback.detail.partition("\n")[0]
    return first or f"the last attempt ended with {setback.reason}"


def _no_step_left(setback: Setback) -> GiveUp:
    if setback.reason in (Reason.INVALID_REQUEST, Reason.NO_ELIGIBLE_MODEL):
        return GiveUp(setback.reason, setback.detail)
    lane = setback.request.lane
    remedy = f"a stronger model in lanes.{lane}.tiers, or repairs in lanes.{lane}, would give it another chance"
    return GiveUp(Reason.TIERS_SPENT, f"{_last(setback)}; no path is left in lane {lane}: {remedy}")
