"""What a timer says when it fires, from the context that its row kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.attempt import AtHand, Attempt, AttemptFailed, Cost, Plan, Tried, contradicted_by, tried_of
from schemas.fact import Fact
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed, carried_by
from schemas.portfolio import CheckName
from schemas.request import Request, RequestProfiled
from schemas.vocabulary import Action, CostKind, Reason, Role
from services.escalation.domain.endings import WITHDRAWN_BY_CLIENT, given_up, kept, unheard
from services.escalation.domain.giving_up import NO_ROOM
from services.escalation.domain.setback import GiveUp

OPEN, HELD, EXPIRED, UNMOVED, CANCELLED = "open", "held", "expired", "unmoved", "cancelled"
ENDED = (EXPIRED, UNMOVED, CANCELLED)
"""States of a row whose request ends; the others are of one that goes on, and whose attempt is overdue."""
Context = RequestProfiled | RequestEscalated
"""What asked for the attempt that a row waits for: the first one, or the next."""


class DispatchFacts(Fact):
    """What a dispatch's row keeps."""

    attempt: Attempt
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """A row whose time has come. ``dispatched`` is absent when the router was never heard of.

    ``deadline_at``: its request's own.
    """

    request_id: UUID
    state: str
    number: int
    context: bytes
    dispatched: bytes | None
    traceparent: str | None
    trace_id: str | None
    now: datetime
    answer: bytes | None = None
    deadline_at: datetime | None = None


def event_of(due: Due) -> tuple[Request, AttemptFailed | RequestCompleted | RequestFailed]:
    """The request, and what is said of it: its attempt's failure by deadline, or its own honest end."""
    context = _context(due)
    attempt, tried = _attempt(due, context)
    if due.state not in ENDED:
        return context.request, _overdue(context, attempt, tried)
    at_hand = None if due.state == CANCELLED else _at_hand(context)
    if due.state == EXPIRED:
        tried = (*tried, tried_of(attempt, Reason.DEADLINE))
    why = _why_ended(due, context, attempt)
    return context.request, given_up(context.request, at_hand, why, tried, due.now, due.trace_id)


def _overdue(context: Context, attempt: Attempt, tried: tuple[Tried, ...]) -> AttemptFailed:
    """An attempt of which nothing was heard; what it may have cost is bounded, and not known."""
    return AttemptFailed(
        request=context.request,
        attempt=attempt,
        tried=tried,
        body=context.body,
        reason=Reason.DEADLINE,
        detail=f"nothing was heard of {_told(attempt)} by its deadline",
        cost=Cost(kind=CostKind.BOUNDED),
        **carried_by(context)._asdict(),
    )


def _why_ended(due: Due, context: Context, attempt: Attempt) -> GiveUp:
    if due.state == CANCELLED:
        return WITHDRAWN_BY_CLIENT
    if due.state == EXPIRED:
        detail = f"no accepted answer by the deadline; the last attempt was {_told(attempt)}"
        return GiveUp(Reason.DEADLINE, detail)
    if isinstance(context, RequestEscalated) and context.action == Action.AGAIN:
        return GiveUp(context.reason, f"{context.detail}; it waited for its path until its deadline")
    is_in_time = due.now < context.request.deadline_at
    until = f"the patience of lanes.{context.request.lane}.patience_s was over" if is_in_time else "its deadline"
    return GiveUp(Reason.ESCALATION_CAPPED, f"it waited to move up until {until}; {NO_ROOM}")


def _at_hand(context: Context) -> AtHand | None:
    """The answer that another model was being asked about, unless one differs from it already; else an earlier one."""
    if not isinstance(context, RequestEscalated):
        return None
    is_judged = context.action == Action.JUDGE
    is_contradicted = not is_judged and contradicted_by(context.tried) is not None
    if context.doubted is None or context.rival is not None or is_contradicted:
        return context.at_hand
    look = CheckName.JUDGE if is_judged else CheckName.AGREEMENT
    return kept(context.request, context.tried, context.doubted, unheard(look))


def _context(due: Due) -> Context:
    return RequestProfiled.read(due.context) if due.number == 1 else RequestEscalated.read(due.context)


def _attempt(due: Due, context: Context) -> tuple[Attempt, tuple[Tried, ...]]:
    if due.dispatched is not None:
        dispatch = DispatchFacts.read(due.dispatched)
        return dispatch.attempt, dispatch.tried
    escalated = context if isinstance(context, RequestEscalated) else None
    attempt = Attempt(
        attempt_id=attempt_id_of(due.request_id, due.number),
        number=due.number,
        role=_role(context),
        tier=escalated.tier if escalated else 0,
        model="",
        provider="",
        deadline_at=context.attempt_deadline_at,
        plan=escalated.plan if escalated else Plan(tiers=()),
    )
    return attempt, escalated.tried if escalated else ()


def _role(context: Context) -> Role:
    """Of one that nobody dispatched: another look where there is an answer in doubt, else an answer of its own."""
    if isinstance(context, RequestEscalated) and context.action == Action.JUDGE:
        return Role.JUDGE
    is_look = isinstance(context, RequestEscalated) and context.doubted is not None
    return Role.AGREEMENT if is_look else Role.PRIMARY


def _told(attempt: Attempt) -> str:
    where = f"{attempt.model}@{attempt.provider}" if attempt.model else "not dispatched yet"
    return f"attempt {attempt.number} ({where})"
