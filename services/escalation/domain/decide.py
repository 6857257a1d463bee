"""The decision after an attempt that did not end its request. Pure: (what failed, what was tried, limits) to a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from schemas.attempt import Attempt, Tried, Usage, attempts_made
from schemas.paths import why_hopeless
from schemas.portfolio import MOST_DISPATCHES, Lane, Portfolio
from schemas.request import Request
from schemas.vocabulary import Action, Reason, Role
from services.escalation.domain.reasons import steps_for

LEAST_TIME = timedelta(milliseconds=250)
"""An attempt with less time than this would only spend money."""

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        Reason.CONTEXT_TOO_LONG: "a model with a longer context in lanes.{lane}.tiers could take it",
        Reason.CONTENT_FILTERED: "a model of another provider in lanes.{lane}.tiers may answer it",
    }
)
"""What would help a request that no path takes for what it is: its end says so, and not that all was tried."""

NO_ROOM = "too large a share of all requests needs a stronger model: defaults.escalation.most_share is its cap"
"""Why a request may not move up a tier."""

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


def decide(setback: Setback, portfolio: Portfolio, now: datetime) -> Step | GiveUp:
    """The next step that the limits and the plan allow, or the honest end."""
    request = setback.request
    # A bound is far above what a cut-off call was billed: counted in full, one timeout would end most requests.
    spent = sum(t.cost_micro_usd for t in setback.tried if not t.bounded)
    if attempts_made(setback.tried) >= request.max_attempts:
        return GiveUp(Reason.ATTEMPTS_SPENT, f"{_last(setback)}; {request.max_attempts} attempts were made")
    if setback.attempt.number >= MOST_DISPATCHES:
        return GiveUp(Reason.BREAKER_OPEN, f"{_last(setback)}; it was dispatched {MOST_DISPATCHES} times")
    if request.budget_micro_usd is not None and spent >= request.budget_micro_usd:
        return GiveUp(Reason.BUDGET_SPENT, f"{_last(setback)}; the budget of the request is spent")
    if request.deadline_at - now < LEAST_TIME:
        return GiveUp(Reason.DEADLINE, f"{_last(setback)}; no time is left for another attempt")
    for action in _steps(setback, portfolio.lanes[request.lane]):
        step = _possible(action, setback, portfolio)
        if step is not None:
            return step
    return _no_step_left(setback)


def no_room(setback: Setback) -> GiveUp:
    """The end of a request that may not move up, because too many others do."""
    return GiveUp(Reason.ESCALATION_CAPPED, f"{_last(setback)}; {NO_ROOM}")


def _steps(setback: Setback, lane: Lane) -> tuple[Action, ...]:
    if setback.reason == Reason.DOUBTED:
        return (Action.AGREEMENT,)
    if setback.attempt.role == Role.AGREEMENT and setback.reason == Reason.NO_ELIGIBLE_MODEL:
        return (Action.UP,)
    return steps_for(setback.reason, setback.failed_checks, lane.on_fail)


def _possible(action: Action, setback: Setback, portfolio: Portfolio) -> Step | None:
    if action is Action.AGREEMENT:
        return Step(action, setback.attempt.tier)
    if action is Action.REPAIR:
        return _repair(setback, portfolio.lanes[setback.request.lane])
    if action is Action.SIDEWAYS:
        return _sideways(setback, portfolio)
    if action is Action.UP:
        return _up(setback, portfolio)
    return None


def _repair(setback: Setback, lane: Lane) -> Step | None:
    made = sum(1 for t in setback.tried if t.role == Role.REPAIR and t.model == setback.attempt.model)
    mendable = setback.attempt.role in (Role.PRIMARY, Role.REPAIR)
    return Step(Action.REPAIR, setback.attempt.tier) if mendable and made < lane.repairs else None


def _sideways(setback: Setback, portfolio: Portfolio) -> Step | None:
    attempt = setback.attempt
    if not attempt.plan.tiers:
        # Nobody planned yet (the router was away): ask it again.
        return Step(Action.SIDEWAYS, attempt.tier)
    same_opinion_asked = attempt.role == Role.AGREEMENT
    if _has_another(setback, attempt.tier, portfolio):
        return Step(Action.AGREEMENT if same_opinion_asked else Action.SIDEWAYS, attempt.tier)
    return None


def _up(setback: Setback, portfolio: Portfolio) -> Step | None:
    for tier in range(_base_tier(setback) + 1, len(setback.attempt.plan.tiers)):
        if _has_another(setback, tier, portfolio):
            return Step(Action.UP, tier)
    return None


def _base_tier(setback: Setback) -> int:
    """The tier to go up from: that of the answer in doubt, when another model was asked about it."""
    if setback.attempt.role != Role.AGREEMENT:
        return setback.attempt.tier
    return max((t.tier for t in setback.tried if t.role in (Role.PRIMARY, Role.REPAIR)), default=setback.attempt.tier)


def _has_another(setback: Setback, tier: int, portfolio: Portfolio) -> bool:
    used = {(t.model, t.provider) for t in setback.tried}
    untried = (c for c in setback.attempt.plan.tiers[tier] if (c.model, c.provider) not in used)
    return any(why_hopeless(path, setback.tried, portfolio) is None for path in untried)


def _last(setback: Setback) -> str:
    """What happened last, on one line: what a model is told to mend its answer can be long."""
    if setback.failed_checks:
        return f"the last answer failed {', '.join(setback.failed_checks)}"
    first = setback.detail.partition("\n")[0]
    return first or f"the last attempt ended with {setback.reason}"


def _no_step_left(setback: Setback) -> GiveUp:
    lane = setback.request.lane
    if setback.reason in (Reason.INVALID_REQUEST, Reason.NO_ELIGIBLE_MODEL):
        return GiveUp(setback.reason, setback.detail)
    if setback.reason in REMEDIES:
        return GiveUp(setback.reason, f"{_last(setback)}; {REMEDIES[setback.reason].format(lane=lane)}")
    remedy = f"a stronger model in lanes.{lane}.tiers, or repairs in lanes.{lane}, would give it another chance"
    return GiveUp(Reason.TIERS_SPENT, f"{_last(setback)}; no path is left in lane {lane}: {remedy}")
