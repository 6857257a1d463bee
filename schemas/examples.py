"""One coherent story that says every event: what the committed examples are made of. Fixed ids, fixed times.

A bank asks for the total of an invoice as JSON. The small model gives a string where a number is due (rejected), mends
it (repaired); the lane wants a second opinion (doubted); the first model asked is rate-limited (failed), another agrees
(accepted), and the request is completed. Of another request a call came to its end too late; two more are withdrawn
and handed to a person.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from schemas.attempt import (
    Attempt,
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    CheckResult,
    Choice,
    Cost,
    Exclusion,
    Repair,
    Tried,
    Usage,
    tried_of,
)
from schemas.deadlines import attempt_deadline
from schemas.example_late import settled_late
from schemas.example_request import (
    FEEDBACK_ID,
    LARGE,
    PLAN,
    REQUEST_ID,
    SECOND,
    SMALL,
    START,
    TENANT,
    TRACE_ID,
    after,
    answer,
    attempt,
    portfolio,
    question,
    request,
    submitted,
)
from schemas.fact import Event
from schemas.ids import request_id_from_origin
from schemas.money import usd_from_micro
from schemas.operator import OperatorActed
from schemas.outcome import (
    RequestCancelled,
    RequestCompleted,
    RequestDeferred,
    RequestEscalated,
    RequestFailed,
)
from schemas.recall import CheckSummary
from schemas.request import RequestProfiled
from schemas.review import FeedbackRecorded, ReviewAnswered, ReviewClaimed, ReviewRequested
from schemas.standing import BreakerChanged, ModelScored, PortfolioRevised, WorkerReady
from schemas.streamed import AnswerStreamed
from schemas.vocabulary import Action, BreakerState, CostKind, Deed, Reason, Role, Status, Verdict

PASSED = CheckResult(name="schema", verdict=Verdict.PASS)
WRONG_TYPE = CheckResult(
    name="schema",
    verdict=Verdict.FAIL,
    reason=Reason.CHECK_FAILED,
    at="/total",
    detail='"94.40" is not of type "number"',
)
DOUBT = CheckResult(name="agreement", verdict=Verdict.DOUBT, detail="the lane asks another model")
AGREED = CheckResult(name="agreement", verdict=Verdict.PASS, detail="second@mistral gives the same total")
FIRST = attempt(1, Role.PRIMARY, SMALL, 0, 0)
REPAIRED = attempt(2, Role.REPAIR, SMALL, 0, 900)
ASKED = attempt(3, Role.AGREEMENT, LARGE, 1, 1_700)
ASKED_AGAIN = attempt(4, Role.AGREEMENT, SECOND, 1, 1_850)
USED = Usage(input_tokens=41, output_tokens=9)
USED_BY_SECOND = Usage(input_tokens=44, output_tokens=11)
TRIED = (
    tried_of(FIRST, Reason.CHECK_FAILED, Cost(micro_usd=20), USED),
    tried_of(REPAIRED, Reason.DOUBTED, Cost(micro_usd=25), USED),
    tried_of(ASKED, Reason.RATE_LIMITED, usage=Usage()),
)
MEND = Repair(answer=answer("94.40"), message='/total: "94.40" is not of type "number"')
SMALL_COST = Cost(micro_usd=25, price_list="portfolio")
SECOND_COST = Cost(micro_usd=290, price_list="portfolio")
TOTAL_MICRO_USD = 20 + 25 + 290


def dispatched(made: Attempt, tried: Sequence[Tried], **more: Any) -> AttemptDispatched:
    """The router's choice. ``more``: what a repair or an agreement carries."""
    choice = Choice(
        why="the cheapest eligible path",
        expected_micro_usd=21 if made.model == "small" else 690,
        excluded=(Exclusion(model="large", provider="azure", why="its circuit breaker is open"),)
        if made.number == 4
        else (),
    )
    return AttemptDispatched(
        request=request(), attempt=made, tried=tuple(tried), body=question(), choice=choice, **more
    )


def completed(made: Attempt, tried: Sequence[Tried], total: str | float, cost: Cost, **more: Any) -> AttemptCompleted:
    """A model's answer, not judged yet."""
    return AttemptCompleted(
        request=request(),
        attempt=made,
        tried=tuple(tried),
        body=question(),
        answer=answer(total),
        usage=USED if made.model == SMALL.model else USED_BY_SECOND,
        cost=cost,
        latency_ms=610,
        answered_by=made.model,
        **more,
    )


def escalated(
    number: int, action: Action, reason: Reason, tier: int, detail: str, said_ms: int, **more: Any
) -> RequestEscalated:
    """What is asked for next, after attempt ``number - 1`` ended."""
    left = request().max_attempts - number + 1
    return RequestEscalated(
        request=request(),
        body=question(),
        number=number,
        action=action,
        reason=reason,
        detail=detail,
        tier=tier,
        plan=PLAN,
        tried=TRIED[: number - 1],
        attempt_deadline_at=attempt_deadline(after(said_ms), request().deadline_at, left),
        **more,
    )


def first_answer() -> tuple[Event, ...]:
    """Admitted, answered by the small model, rejected by a check, to be repaired."""
    profiled = RequestProfiled(request=request(), body=question(), attempt_deadline_at=FIRST.deadline_at)
    answered = completed(FIRST, (), "94.40", Cost(micro_usd=20, price_list="portfolio"))
    rejected = AttemptRejected(
        **dict(answered_and_judged(answered, (WRONG_TYPE,))),
        body=question(),
        reason=Reason.CHECK_FAILED,
        detail=MEND.message,
    )
    again = escalated(2, Action.REPAIR, Reason.CHECK_FAILED, 0, MEND.message, 900, repair=MEND)
    return submitted(), profiled, dispatched(FIRST, ()), answered, rejected, again


def answered_and_judged(event: AttemptCompleted, checks: tuple[CheckResult, ...]) -> Mapping[str, Any]:
    """What every verdict repeats of the answer that it judges."""
    kept = ("request", "attempt", "tried", "answer", "usage", "cost", "latency_ms")
    return {"checks": checks, **{name: getattr(event, name) for name in kept}}


def second_answer() -> tuple[Event, ...]:
    """Repaired, and doubted: another model is to be asked."""
    answered = completed(REPAIRED, TRIED[:1], 94.4, SMALL_COST)
    doubted = AttemptDoubted(**answered_and_judged(answered, (PASSED, DOUBT)), body=question(), look=Role.AGREEMENT)
    detail = "the lane asks for a second opinion"
    again = escalated(3, Action.AGREEMENT, Reason.DOUBTED, 0, detail, 1_700, doubted=answer(94.4))
    return dispatched(REPAIRED, TRIED[:1], repair=MEND), answered, doubted, again


def third_attempt() -> tuple[Event, ...]:
    """The first model asked for its opinion is rate-limited; its breaker opens."""
    failed = AttemptFailed(
        request=request(),
        attempt=ASKED,
        tried=TRIED[:2],
        body=question(),
        reason=Reason.RATE_LIMITED,
        detail="azure answered 429",
        cost=Cost(kind=CostKind.KNOWN),
        latency_ms=88,
        retry_after_ms=2_000,
        doubted=answer(94.4),
    )
    opened = BreakerChanged(
        model="large",
        provider="azure",
        state=BreakerState.OPEN,
        reason="rate_limited",
        until=after(3_800),
        at=after(1_800),
    )
    again = escalated(4, Action.AGREEMENT, Reason.RATE_LIMITED, 1, failed.detail, 1_850, doubted=answer(94.4))
    return dispatched(ASKED, TRIED[:2], doubted=answer(94.4)), failed, opened, again


def agreement() -> tuple[Event, ...]:
    """Another model gives the same total; the doubted answer is the one that counts."""
    answered = completed(ASKED_AGAIN, TRIED, 94.4, SECOND_COST, doubted=answer(94.4))
    chunk = AnswerStreamed(
        request_id=REQUEST_ID,
        attempt_id=ASKED_AGAIN.attempt_id,
        fence=1,
        sequence=0,
        delta={"content": '{"total"'},
        model=ASKED_AGAIN.model,
    )
    accepted = AttemptAccepted(**answered_and_judged(answered, (PASSED, AGREED)), verified=True)
    return dispatched(ASKED_AGAIN, TRIED, doubted=answer(94.4)), chunk, answered, accepted, the_end(accepted)


def the_end(accepted: AttemptAccepted) -> RequestCompleted:
    """The result, as the client reads it."""
    return RequestCompleted(
        request_id=REQUEST_ID,
        status=Status.VERIFIED,
        answer=json.loads(accepted.answer.text()),
        checks=tuple(CheckSummary(name=check.name, verdict=check.verdict) for check in accepted.checks),
        task="invoice",
        lane="critical",
        tenant=TENANT,
        model="small",
        provider="local",
        attempts=4,
        usage=USED,
        cost_usd=usd_from_micro(TOTAL_MICRO_USD),
        latency_ms=2_600,
        revision=request().revision,
        trace_id=TRACE_ID,
        metadata={"form": "A-7"},
        admitted_at=START,
        completed_at=after(2_600),
        deadline_at=request().deadline_at,
    )


def standing() -> tuple[Event, ...]:
    """What stood before the request came."""
    revised = PortfolioRevised(
        revision=portfolio().digest(),
        number=1,
        portfolio=portfolio(),
        revised_at=after(-60_000),
        author="operator",
        note="the first portfolio",
        current=True,
    )
    holds = {"small": (request().fingerprint,)}
    ready = WorkerReady(provider="local", worker="local-1", ready=True, holds=holds, at=after(-50_000))
    scored = ModelScored(
        task="invoice",
        model="small",
        version="local",
        sequence=7,
        successes=412,
        failures=31,
        fresh_successes=92.5,
        fresh_failures=6.1,
        fresh_false_accepts=0.9,
        mean_micro_usd=24,
        mean_latency_ms=640,
        scored_at=after(-40_000),
    )
    return revised, ready, scored


def people() -> tuple[Event, ...]:
    """Two requests more: one that a person answers later, one that its client withdraws; and what a user says."""
    by_hand, withdrawn = (request_id_from_origin("request.submitted", 3, offset) for offset in (41, 42))
    asked = request().model_copy(update={"request_id": by_hand})
    tried = (tried_of(FIRST, Reason.REFUSED, Cost(micro_usd=20)),)
    due_at = START + timedelta(hours=4)
    return (
        ReviewRequested(
            request=asked,
            body=question(),
            answer=answer("unknown"),
            checks=(WRONG_TYPE,),
            reason=Reason.TIERS_SPENT,
            tried=tried,
            due_at=due_at,
        ),
        OperatorActed(by="clerk-3", deed=Deed.REVIEW_ANSWERED, on=str(by_hand), at=due_at),
        RequestDeferred(request_id=by_hand, tenant=TENANT, until=due_at, detail="a clerk will answer by 13:00"),
        ReviewClaimed(request_id=by_hand, reviewer="clerk-3", until=due_at, claimed_at=due_at - timedelta(minutes=15)),
        ReviewAnswered(request_id=by_hand, reviewer="clerk-3", answer=answer(94.4), note="read", answered_at=due_at),
        RequestCancelled(request_id=withdrawn, tenant=TENANT, by="client", cancelled_at=after(400)),
        RequestFailed(
            request_id=withdrawn,
            reason=Reason.CANCELLED,
            detail="the request was cancelled",
            task="invoice",
            lane="critical",
            tenant=TENANT,
            attempts=1,
            cost_usd=usd_from_micro(20),
            revision=request().revision,
            trace_id=TRACE_ID,
            metadata={"form": "A-8"},
            admitted_at=START,
            failed_at=after(500),
            deadline_at=request().deadline_at,
        ),
        FeedbackRecorded(
            request_id=REQUEST_ID,
            feedback_id=FEEDBACK_ID,
            source="user",
            score=1.0,
            label="right",
            note="the total is right",
            metadata={"screen": "invoices"},
            tenant=TENANT,
            recorded_at=after(60_000),
        ),
    )


def story() -> tuple[Event, ...]:
    """Every event of the story, in the order in which they are said."""
    return (*standing(), *first_answer(), *second_answer(), *third_attempt(), *agreement(), settled_late(), *people())


def examples() -> dict[type[Event], Event]:
    """One event of each kind: the one of the story that tells most."""
    found: dict[type[Event], Event] = {}
    for event in story():
        rival = found.get(type(event))
        if rival is None or len(event.to_json()) > len(rival.to_json()):
            found[type(event)] = event
    return found
