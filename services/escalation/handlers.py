"""What escalation answers to what it hears."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.attempt import (
    AttemptAccepted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    CheckResult,
    Repair,
    attempts_made,
    contradicted_by,
    tried_of,
)
from schemas.content import Body
from schemas.deadlines import attempt_deadline, renewed
from schemas.outcome import RequestCancelled, RequestCompleted, RequestEscalated, RequestFailed
from schemas.portfolio import CheckName, Portfolio
from schemas.reaction import DONE, Reaction, Received, Said, Write
from schemas.request import Request, RequestProfiled
from schemas.review import ReviewAnswered, ReviewRequested
from schemas.standing import Revisions
from schemas.vocabulary import Action, Reason, Role, Verdict
from services.escalation.domain.decide import MOST_LOOKS, decide
from services.escalation.domain.doubts import DOUBTS
from services.escalation.domain.endings import (
    completed_by,
    ends_of,
    failed_with,
    given_up,
    has_no_whole,
    kept,
    recalled,
    undecided,
)
from services.escalation.domain.giving_up import no_room
from services.escalation.domain.life import (
    ASKED,
    REFUSED,
    Cancellation,
    Closing,
    Dispatch,
    Move,
    Opening,
    PersonsAnswer,
)
from services.escalation.domain.longer import is_as_long_as_asked
from services.escalation.domain.reviews import asked_of
from services.escalation.domain.setback import Ask, GiveUp, Setback, Step
from services.escalation.domain.storm import Passage, Storm
from services.escalation.domain.timers import DispatchFacts
from services.escalation.domain.waiting import uncalled_until

Ended = AttemptRejected | AttemptFailed | AttemptDoubted
"""How an attempt ends that does not end its request."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """One door out: each end and each next attempt is said only when its compare-and-set took effect."""

    revisions: Revisions
    storm: Storm = field(default_factory=Storm)

    def on_request_profiled(self, event: RequestProfiled, received: Received) -> Reaction:
        """Open the request's life, with its deadline; a refused one ends at once, and one that was answered before."""
        request = event.request
        if event.recalled is not None:
            return _close(request, recalled(request, event.recalled, received.at, received.trace_id), received)
        if event.refusal is not None:
            refusal = event.refusal
            end = failed_with(request, refusal.reason, refusal.detail, (), received.at, received.trace_id)
            return _close(request, end.model_copy(update={"retry_at": refusal.retry_at}), received)
        opening = Opening(
            request.request_id,
            request.deadline_at,
            renewed(event.attempt_deadline_at, received.at, request.deadline_at),
            received.value or event.to_json(),
            received.traceparent,
        )
        return Reaction(writes=(Write("openings", request.request_id, opening),))

    def on_attempt_dispatched(self, event: AttemptDispatched, received: Received) -> Reaction:
        """Remember where the attempt went."""
        facts = DispatchFacts(attempt=event.attempt, tried=event.tried).to_json()
        dispatch = Dispatch(event.request.request_id, event.attempt.number, facts, received.traceparent)
        return Reaction(writes=(Write("dispatches", (dispatch.request_id, dispatch.number), dispatch),))

    def on_attempt_accepted(self, event: AttemptAccepted, received: Received) -> Reaction:
        """The answer, if the request is still open: an acceptance of any attempt, early or late, closes it."""
        self.storm.ended(event.attempt, event.tried, received.at)
        return _close(event.request, completed_by(event, received.at, received.trace_id), received)

    def on_attempt_rejected(self, event: AttemptRejected, received: Received) -> Reaction:
        """A check failed: repair, elsewhere, up, or the end. An answer of which its model was unsure stays at hand, and
        where there is none, one that is as long as its client let it be.
        """
        failed = tuple(check.name for check in event.checks if check.verdict == Verdict.FAIL)
        doubted = event.answer if event.reason == Reason.UNSURE else None
        setback = _setback(event, event.detail, doubted, failed)
        if has_no_whole(setback.at_hand) and is_as_long_as_asked(failed, event.request, setback.tried):
            setback = _setback(event, event.detail, event.answer, failed)
        setback = replace(setback, took=timedelta(milliseconds=event.latency_ms))
        repair = Repair(answer=event.answer, message=event.detail, told=event.told)
        return self._go_on(event, setback, received, repair=repair, checks=event.checks)

    def on_attempt_failed(self, event: AttemptFailed, received: Received) -> Reaction:
        """No answer came: elsewhere, the same path later, up, or the end."""
        told = None if event.retry_after_ms is None else timedelta(milliseconds=event.retry_after_ms)
        is_contradicted = event.attempt.role == Role.AGREEMENT and contradicted_by(event.tried) is not None
        doubted = None if event.rival or is_contradicted else event.doubted
        setback = replace(_setback(event, event.detail, doubted), retry_after=told, differs=event.rival is not None)
        return self._go_on(event, setback, received, doubted=event.doubted)

    def on_attempt_doubted(self, event: AttemptDoubted, received: Received) -> Reaction:
        """Another model is asked about this answer; or for a better one, where judges did not decide."""
        detail = DOUBTS.get(str(event.reason), DOUBTS[Reason.DOUBTED])
        if event.rival is None:
            setback = _setback(event, detail, event.answer)
        else:
            setback = replace(_setback(event, detail, failed=(CheckName.AGREEMENT.value,)), differs=True)
        return self._go_on(event, setback, received, doubted=event.answer, checks=event.checks)

    def on_request_cancelled(self, event: RequestCancelled, received: Received) -> Reaction:
        """The client left; the timers' loop ends what is still open, or opens later."""
        row = Cancellation(event.request_id, received.at)
        return Reaction(writes=(Write("cancellations", event.request_id, row),))

    def on_review_answered(self, event: ReviewAnswered, received: Received) -> Reaction:
        """A person spoke; the timers' loop says the end, if this came first and in time."""
        row = PersonsAnswer(event.request_id, received.value or event.to_json())
        return Reaction(writes=(Write("persons_answers", event.request_id, row),))

    def _go_on(
        self,
        event: Ended,
        setback: Setback,
        received: Received,
        *,
        repair: Repair | None = None,
        doubted: Body | None = None,
        checks: tuple[CheckResult, ...] = (),
    ) -> Reaction:
        request, portfolio = setback.request, self.revisions.revision(setback.request.revision)
        self.storm.ended(setback.attempt, setback.tried[:-1], received.at)
        decision = decide(setback, portfolio, received.at)
        if isinstance(decision, GiveUp):
            end = _given_up(setback, decision, received)
            return _close(request, end, received, only_attempt=setback.attempt.number)

        def moved(step: Step | Ask, passage: Passage) -> Write:
            if isinstance(step, Step):
                escalated = _escalated(event, setback, step, received, repair, doubted)
                return _moves(setback, step, passage, escalated, received)
            shown = repair.answer if repair else doubted or (setback.at_hand and setback.at_hand.answer)
            return _asks(setback, step, event.body, shown, checks, received)

        passage = self._passage(setback, decision, portfolio, received)
        wished, other = moved(decision, passage), _instead(setback, decision, portfolio, received)
        if other is None:
            return Reaction(writes=(wished,))
        instead = moved(other, self._passage(setback, other, portfolio, received))
        taken, left = (instead, wished) if passage is Passage.REFUSE else (wished, instead)
        # Read again, this record may find other room: what the first time asked for is said again, or has its number.
        return Reaction(writes=(replace(taken, then={**left.then, **taken.then}),))

    def _passage(self, setback: Setback, step: Step | Ask, portfolio: Portfolio, received: Received) -> Passage:
        if isinstance(step, Ask):
            return Passage.ASK
        if _is_up(setback, step):
            return self.storm.up(portfolio, setback.request.lane, setback.attempt.tier, received.at)
        return Passage.WAIT if step.not_before else Passage.GO


def _is_up(setback: Setback, step: Step) -> bool:
    """Whether it takes room in a tier above, which is capped; some actions may find what they need in the same tier."""
    is_above = step.tier > setback.attempt.tier
    return step.action is Action.UP or (step.action in (Action.LONGER, Action.APPROVED) and is_above)


def _instead(setback: Setback, step: Step | Ask, portfolio: Portfolio, received: Received) -> Step | Ask | None:
    """What follows where there is no room for this step, and another model was wished for before what needs none."""
    if isinstance(step, Ask) or step.action is Action.UP or not _is_up(setback, step):
        return None
    other = decide(setback, portfolio, received.at, without=step.action)
    return None if isinstance(other, GiveUp) or (isinstance(other, Step) and _is_up(setback, other)) else other


def _moves(setback: Setback, step: Step, passage: Passage, escalated: RequestEscalated, received: Received) -> Write:
    """The next attempt; where there may be no room for it, with the end that is said then."""
    move = _move(setback, escalated, escalated.attempt_deadline_at, passage, received)
    says: dict[str, tuple[Said, ...]] = {DONE: (Said(escalated),)}
    if _is_up(setback, step):
        says[REFUSED] = ends_of(setback.request, _given_up(setback, no_room(setback), received))
    return Write("moves", move.request_id, replace(move, not_before=step.not_before), says)


def _move(
    setback: Setback, said: RequestEscalated | ReviewRequested, until: datetime, passage: Passage, received: Received
) -> Move:
    """What follows this attempt, and ``until`` when."""
    return Move(
        request_id=setback.request.request_id,
        number=setback.attempt.number,
        by=received.place,
        deadline_at=setback.request.deadline_at,
        attempt_deadline_at=until,
        context=said.to_json(),
        traceparent=received.traceparent,
        passage=passage,
    )


def _setback(event: Ended, detail: str, doubted: Body | None = None, failed: tuple[str, ...] = ()) -> Setback:
    given_by = event.given_by if isinstance(event, AttemptDoubted) else None
    this = tried_of(event.attempt, event.reason, event.cost, event.usage, given_by)
    setback = Setback(event.request, event.attempt, (*event.tried, this), event.reason, detail, failed)
    newest = kept(event.request, setback.tried, doubted, undecided(setback)) if doubted else None
    return replace(setback, at_hand=newest or event.at_hand)


def _asks(
    setback: Setback,
    ask: Ask,
    body: Body,
    answer: Body | None,
    checks: tuple[CheckResult, ...],
    received: Received,
) -> Write:
    """A person is asked, as the move after this attempt: a late failure of it counts no more."""
    asked = asked_of(setback, ask, body, answer, checks)
    move = _move(setback, asked, ask.due_at, Passage.ASK, received)
    beyond = ask.due_at if ask.due_at > setback.request.deadline_at else None
    return Write("moves", move.request_id, replace(move, beyond=beyond), {ASKED: (Said(asked),)})


def _given_up(setback: Setback, why: GiveUp, received: Received) -> RequestCompleted | RequestFailed:
    return given_up(setback.request, setback.at_hand, why, setback.tried, received.at, received.trace_id)


def _escalated(
    event: Ended, setback: Setback, step: Step, received: Received, repair: Repair | None, doubted: Body | None
) -> RequestEscalated:
    request, attempt = setback.request, setback.attempt
    looked_at = doubted if step.action in (Action.AGREEMENT, Action.JUDGE, Action.AGAIN) else None
    left, is_repair = request.max_attempts - attempts_made(setback.tried), step.action is Action.REPAIR
    is_the_same = step.action in (Action.REPAIR, Action.AGAIN)
    if step.action is Action.JUDGE:
        left = max(left, MOST_LOOKS)
    return RequestEscalated(
        request=request,
        body=event.body,
        number=attempt.number + 1,
        action=step.action,
        reason=setback.reason,
        detail=setback.detail,
        tier=step.tier,
        plan=attempt.plan,
        tried=setback.tried,
        attempt_deadline_at=_until(setback, step, left, received.at),
        repair=repair if is_repair else None,
        doubted=looked_at,
        rival=None if looked_at is None or isinstance(event, AttemptRejected) else event.rival,
        at_hand=event.at_hand if looked_at else setback.at_hand,
        most_output_tokens=attempt.most_output_tokens if is_the_same else step.most_output_tokens,
    )


def _until(setback: Setback, step: Step, left: int, now: datetime) -> datetime:
    if step.action is Action.AGAIN and setback.reason == Reason.UNCALLED:
        return uncalled_until(setback, now)
    return attempt_deadline(step.not_before or now, setback.request.deadline_at, left)


def _close(
    request: Request, end: RequestCompleted | RequestFailed, received: Received, only_attempt: int | None = None
) -> Reaction:
    closing = Closing(request.request_id, received.place, request.deadline_at, only_attempt)
    return Reaction(writes=(Write("closings", request.request_id, closing, {DONE: ends_of(request, end)}),))
