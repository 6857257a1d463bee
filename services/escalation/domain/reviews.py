"""A person as the last tier: what is asked, and how a review ends."""

from datetime import datetime

from schemas.attempt import CheckResult
from schemas.content import Body
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from schemas.request import Request
from schemas.review import ReviewAnswered, ReviewRequested
from schemas.vocabulary import Reason
from services.escalation.domain.endings import WITHDRAWN_BY_CLIENT, completed_by_person, given_up
from services.escalation.domain.setback import Ask, GiveUp, Setback
from services.escalation.domain.timers import Due

DEFERRED = "deferred"
"""The state of a review that goes on past its request's deadline."""
ANSWERED, UNREVIEWED, WITHDRAWN = "answered", "unreviewed", "withdrawn"
OF_REVIEWS = (ANSWERED, UNREVIEWED, WITHDRAWN)
"""The states in which a review ends: a person spoke, nobody did in time, the client left."""


def asked_of(
    setback: Setback, ask: Ask, body: Body, answer: Body | None, checks: tuple[CheckResult, ...]
) -> ReviewRequested:
    """What a person is asked, with all that a decision needs."""
    return ReviewRequested(
        request=setback.request,
        body=body,
        answer=answer,
        checks=checks,
        reason=setback.reason,
        tried=setback.tried,
        due_at=ask.due_at,
        asked=ask.who,
        detail=ask.detail,
        at_hand=setback.at_hand,
    )


def deferred(due: Due) -> tuple[Request, RequestDeferred]:
    """The request, and that a person may answer it later than its deadline."""
    asked = ReviewRequested.read(due.context)
    request = asked.request
    detail = f"{asked.detail}; {asked.asked} were asked, and may answer until {_moment(asked.due_at)}"
    told = RequestDeferred(request_id=request.request_id, tenant=request.tenant, until=asked.due_at, detail=detail)
    return request, told


def review_end(due: Due) -> tuple[Request, RequestCompleted | RequestFailed]:
    """The request, and its end: by a person, or without one."""
    asked = ReviewRequested.read(due.context)
    answered = ReviewAnswered.read(due.answer) if due.answer is not None else None
    if due.state == ANSWERED and answered is not None and answered.answer is not None:
        return asked.request, completed_by_person(asked, answered.answer, due.now, due.trace_id)
    why = _why(due.state, asked, answered)
    at_hand = asked.at_hand if why.reason == Reason.REVIEW_UNANSWERED else None
    return asked.request, given_up(asked.request, at_hand, why, asked.tried, due.now, due.trace_id)


def _why(state: str, asked: ReviewRequested, answered: ReviewAnswered | None) -> GiveUp:
    if state == WITHDRAWN:
        return WITHDRAWN_BY_CLIENT
    if answered is not None:
        return GiveUp(Reason.REVIEW_REJECTED, answered.note or "the person who was asked gave no reason")
    nobody = f"{asked.asked} were asked, and nobody answered by {_moment(asked.due_at)}"
    return GiveUp(Reason.REVIEW_UNANSWERED, f"{asked.detail}; {nobody}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
