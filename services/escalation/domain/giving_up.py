"""The words with which a request is given up: what happened last, what no longer helps, and what would have."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from schemas.portfolio import Portfolio
from schemas.vocabulary import Action, Reason
from services.escalation.domain.alike import OF_PROVIDERS, met_alike
from services.escalation.domain.left import is_mendable, is_paid_again, is_short
from services.escalation.domain.longer import reason_of_its_own
from services.escalation.domain.setback import GiveUp, Setback, last_of

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        Reason.CONTEXT_TOO_LONG: "a model with a longer context in lanes.{lane}.tiers could take it",
        Reason.CONTENT_FILTERED: "a model of another provider in lanes.{lane}.tiers may answer it",
        Reason.LACKS_ABILITY: "a model of another provider in lanes.{lane}.tiers may take it as it is",
        Reason.DEADLINE: "no path is left in lane {lane}: another one, or more workers, would give it another chance",
        Reason.UNCALLED: "no path is left in lane {lane}: more workers, or providers with more concurrency, would help",
        Reason.STARVED: "no path is left in lane {lane}: more workers, or providers with more concurrency, would help",
    }
)
"""What would help a request that no path takes for what it is, or had time for; else all was tried."""

NO_ROOM = "too large a share of all requests needs a stronger model: defaults.escalation.most_share is its cap"
"""Why a request may not move up a tier."""


def no_room(setback: Setback) -> GiveUp:
    """The end of a request that may not move up, because too many others do."""
    return GiveUp(Reason.ESCALATION_CAPPED, f"{last_of(setback)}; {NO_ROOM}")


def no_step_left(setback: Setback, steps: Sequence[Action], portfolio: Portfolio) -> GiveUp:
    """The end of a request that none of these steps can help any more, and what would have."""
    lane = setback.request.lane
    reason = reason_of_its_own(setback.attempt, setback.reason)
    if reason in (Reason.INVALID_REQUEST, Reason.NO_ELIGIBLE_MODEL, Reason.BUDGET_SPENT):
        return GiveUp(reason, setback.detail)
    if Action.UP in steps and is_short(setback.request, setback.tried, portfolio):
        return GiveUp(Reason.BUDGET_SPENT, f"{last_of(setback)}; what is left of the budget pays no other path")
    may_mend = Action.REPAIR in steps and is_mendable(setback.attempt, setback.tried, portfolio.lanes[lane])
    if may_mend and not is_paid_again(setback.attempt, setback.request, setback.tried, portfolio):
        return GiveUp(Reason.BUDGET_SPENT, f"{last_of(setback)}; what is left of the budget pays no repair")
    if reason in REMEDIES:
        return GiveUp(reason, f"{last_of(setback)}; {REMEDIES[reason].format(lane=lane)}")
    return _all_tried(setback, steps, reason)


def _all_tried(setback: Setback, steps: Sequence[Action], reason: str) -> GiveUp:
    lane = setback.request.lane
    spent = met_alike(setback.tried) or Reason.TIERS_SPENT
    if setback.request.wants_vectors:
        remedy = f"another endpoint in models.{setback.request.pinned_model}.endpoints would give it another chance"
        return GiveUp(spent, f"{last_of(setback)}; no other endpoint gives the same vectors: {remedy}")
    stronger = f"a stronger model in lanes.{lane}.tiers"
    helps = f"{stronger}, or repairs in lanes.{lane}," if Action.REPAIR in steps else stronger
    helps = f"more max_tokens, or {helps}" if reason == Reason.CUT_OFF else helps
    helps = helps if spent not in OF_PROVIDERS else f"a model of another provider in lanes.{lane}.tiers"
    return GiveUp(spent, f"{last_of(setback)}; no path is left in lane {lane}: {helps} would give it another chance")


def too_late_to_wait(setback: Setback, now: datetime) -> GiveUp:
    """The end of a request whose path may come back, and comes back too late."""
    left_s = (setback.request.deadline_at - now).total_seconds()
    asked = f"its path asks for {setback.retry_after.total_seconds():g} s, and " if setback.retry_after else ""
    remedy = f"another path in lanes.{setback.request.lane}.tiers, or a later deadline, would give it another chance"
    return GiveUp(setback.reason, f"{last_of(setback)}; {asked}{left_s:.1f} s are left, too few to wait: {remedy}")
