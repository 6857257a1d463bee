"""The two ends of a request, built from what its last event carries."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from pydantic_core import from_json

from schemas.attempt import AtHand, AttemptAccepted, Cost, Tried, Usage, answered_last
from schemas.content import Body
from schemas.money import usd_from_micro
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from schemas.portfolio import CheckName
from schemas.reaction import Said
from schemas.recall import CheckSummary, Recalled
from schemas.request import Request
from schemas.review import ReviewRequested
from schemas.vocabulary import CostKind, Reason, Risk, Role, Status, Verdict
from services.escalation.domain.doubts import OF_JUDGES
from services.escalation.domain.setback import GiveUp, Setback

PERSON = "person"
"""Stands for the model, and for its provider, where a person answered."""
WITHDRAWN_BY_CLIENT = GiveUp(Reason.CANCELLED, "the request was cancelled")
NOT_TOLD = Usage(estimated=True)
"""The usage of an attempt of which nobody told it."""
FREE = Cost()


class Spent(NamedTuple):
    """What attempts cost at most, and how much of that is of attempts of which no more is known than a bound."""

    micro_usd: int = 0
    bounded_micro_usd: int = 0


def completed_by(event: AttemptAccepted, now: datetime, trace_id: str | None) -> RequestCompleted:
    """The end of a request whose attempt was accepted. ``now`` is when the verdict was said."""
    model, provider, usage = _given_by(event)
    return _completed(
        event.request,
        status=Status.VERIFIED if event.verified else Status.UNVERIFIED,
        answer=event.answer,
        checks=tuple(_summary(check.name, check.verdict) for check in event.checks),
        model=model,
        provider=provider,
        attempts=event.attempt.number,
        usage=usage,
        cost=spent(event.tried, event.cost),
        now=now,
        trace_id=trace_id,
    )


def recalled(request: Request, found: Recalled, now: datetime, trace_id: str | None) -> RequestCompleted:
    """The end of a request that was asked before: the answer that was verified then, for nothing."""
    end = _completed(
        request,
        status=Status.VERIFIED,
        answer=found.answer,
        checks=found.checks,
        model=found.model,
        provider=found.provider,
        attempts=0,
        usage=Usage(),
        cost=Spent(),
        now=now,
        trace_id=trace_id,
    )
    return end.model_copy(update={"recalled_from": found.request_id})


def given_up(
    request: Request,
    at_hand: AtHand | None,
    why: GiveUp,
    tried: tuple[Tried, ...],
    now: datetime,
    trace_id: str | None,
) -> RequestCompleted | RequestFailed:
    """The end of a request without a next step: the answer at hand, called unverified; without one its failure."""
    if at_hand is None:
        return failed_with(request, why.reason, why.detail, tried, now, trace_id)
    by = next(attempt for attempt in tried if attempt.number == at_hand.number)
    return _completed(
        request,
        status=Status.UNVERIFIED,
        answer=at_hand.answer,
        checks=(at_hand.check,),
        model=by.model or "",
        provider=by.provider or "",
        attempts=tried[-1].number,
        usage=by.usage or NOT_TOLD,
        cost=spent(tried),
        now=now,
        trace_id=trace_id,
    )


def kept(request: Request, tried: Sequence[Tried], answer: Body, check: CheckSummary) -> AtHand | None:
    """The last answer, which this check does not confirm, as the one at hand; where the risk is high there is none."""
    by = answered_last(tried)
    if by is None or request.risk == Risk.HIGH:
        return None
    return AtHand(number=by.number, answer=answer, check=check)


def undecided(setback: Setback) -> CheckSummary:
    """The check that would have confirmed the answer in doubt, or that it failed."""
    if setback.reason == Reason.UNSURE:
        return CheckSummary(name=CheckName.CONFIDENCE, verdict=Verdict.FAIL)
    if setback.reason == Reason.CUT_OFF:
        return CheckSummary(name=CheckName.NOT_CUT_OFF, verdict=Verdict.FAIL)
    if setback.reason == Reason.UNDECIDED:
        return CheckSummary(name=CheckName.JUDGE, verdict=Verdict.DOUBT)
    is_judged = setback.attempt.role == Role.JUDGE or setback.reason in OF_JUDGES
    return unheard(CheckName.JUDGE if is_judged else CheckName.AGREEMENT)


def has_no_whole(at_hand: AtHand | None) -> bool:
    """Whether there is no answer at hand, or none that is better than one that was cut off."""
    return at_hand is None or at_hand.check.name == CheckName.NOT_CUT_OFF


def unheard(name: CheckName) -> CheckSummary:
    """Of a check for which another model was to be asked, and which came to nothing."""
    return CheckSummary(name=name, verdict=Verdict.CANNOT_TELL)


def completed_by_person(asked: ReviewRequested, answer: Body, now: datetime, trace_id: str | None) -> RequestCompleted:
    """The end of a request that a person answered: no model's answer, and none of its tokens."""
    end = _completed(
        asked.request,
        status=Status.HUMAN,
        answer=answer,
        checks=(),
        model=PERSON,
        provider=PERSON,
        attempts=len(asked.tried),
        usage=Usage(),
        cost=spent(asked.tried),
        now=now,
        trace_id=trace_id,
    )
    return end.model_copy(update={"confirms": _confirmed(asked, answer)})


def _confirmed(asked: ReviewRequested, answer: Body) -> int | None:
    """The attempt whose answer was rejected, and is the person's own; not where only another model's was rejected."""
    last = asked.tried[-1] if asked.tried else None
    is_same = asked.answer is not None and asked.answer.sha256 == answer.sha256
    failed = any(check.verdict == Verdict.FAIL for check in asked.checks)
    return last.number if last and is_same and failed and last.role != Role.AGREEMENT else None


def _completed(
    request: Request,
    *,
    status: Status,
    answer: Body,
    checks: tuple[CheckSummary, ...],
    model: str,
    provider: str,
    attempts: int,
    usage: Usage,
    cost: Spent,
    now: datetime,
    trace_id: str | None,
) -> RequestCompleted:
    return RequestCompleted(
        request_id=request.request_id,
        status=status,
        answer=from_json(answer.text()) if answer.is_plain else None,
        body=None if answer.is_plain else answer,
        checks=checks,
        task=request.profile.task,
        lane=request.lane,
        tenant=request.tenant,
        model=model,
        provider=provider,
        attempts=attempts,
        usage=usage,
        cost_usd=usd_from_micro(cost.micro_usd),
        bounded_usd=usd_from_micro(cost.bounded_micro_usd),
        latency_ms=_milliseconds(request.admitted_at, now),
        revision=request.revision,
        trace_id=trace_id,
        metadata=request.metadata,
        admitted_at=request.admitted_at,
        completed_at=now,
        deadline_at=request.deadline_at,
        keep=request.keep,
    )


def failed_with(
    request: Request, reason: str, detail: str, tried: tuple[Tried, ...], now: datetime, trace_id: str | None
) -> RequestFailed:
    """The end of a request that is given up."""
    cost = spent(tried)
    return RequestFailed(
        request_id=request.request_id,
        reason=reason,
        detail=detail,
        task=request.profile.task,
        lane=request.lane,
        tenant=request.tenant,
        attempts=len(tried),
        cost_usd=usd_from_micro(cost.micro_usd),
        bounded_usd=usd_from_micro(cost.bounded_micro_usd),
        revision=request.revision,
        trace_id=trace_id,
        metadata=request.metadata,
        admitted_at=request.admitted_at,
        failed_at=now,
        deadline_at=request.deadline_at,
    )


def ends_of(request: Request, end: RequestCompleted | RequestFailed | RequestDeferred) -> tuple[Said, ...]:
    """What the client is told, under its own key; where it names a reply topic, the answer goes there, and facts here.

    That an end comes later than the deadline is told as an end is.
    """
    key = request.reply_key.encode("latin-1") if request.reply_key else None
    if request.reply_to is None:
        return (Said(end, key=key),)
    facts = end.model_copy(update={"answer": None, "body": None}) if isinstance(end, RequestCompleted) else end
    return (Said(end, topic=request.reply_to, key=key), Said(facts, key=key))


@lru_cache(maxsize=1_024)
def _summary(name: str, verdict: str) -> CheckSummary:
    """A check as the client sees it: kept, for a portfolio has few, and each passes again and again."""
    return CheckSummary(name=name, verdict=verdict)


def spent(tried: tuple[Tried, ...], last: Cost = FREE) -> Spent:
    """What these attempts cost, and the ``last`` beside them."""
    costs = [(attempt.cost_micro_usd, attempt.bounded) for attempt in tried]
    costs.append((last.micro_usd, last.kind == CostKind.BOUNDED))
    return Spent(sum(micro for micro, _ in costs), sum(micro for micro, is_bounded in costs if is_bounded))


def _given_by(event: AttemptAccepted) -> tuple[str, str, Usage]:
    """Whose answer it is, and its tokens: an agreeing model or a judge only confirms that of an earlier attempt."""
    attempt, tried = event.attempt, event.tried
    if attempt.role in (Role.AGREEMENT, Role.JUDGE):
        chosen = next((each for each in tried if each.number == event.given_by), None)
        earlier = chosen or answered_last(tried)
        if earlier is not None and earlier.model and earlier.provider:
            return earlier.model, earlier.provider, earlier.usage or NOT_TOLD
    return attempt.model, attempt.provider, event.usage


def _milliseconds(start: datetime, end: datetime) -> int:
    return max(0, round((end - start).total_seconds() * 1000))
