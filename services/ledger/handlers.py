"""What each event heard writes into the ledger. The ledger says nothing."""

from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptEvent,
    AttemptFailed,
    AttemptRejected,
    CheckResult,
    OfAttempt,
)
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.reaction import Reaction, Received, Write
from schemas.request import RequestProfiled
from schemas.review import FeedbackRecorded, ReviewRequested
from schemas.settlement import AttemptSettled
from schemas.standing import BreakerChanged, PortfolioRevised
from services.ledger.domain import facts
from services.ledger.domain.facts import Row


class Handlers:
    """One method an event. Nothing is remembered: what rows make together is derived in views."""

    def on_request_profiled(self, event: RequestProfiled, received: Received) -> Reaction:
        return _request(facts.profiled(event, received))

    def on_request_completed(self, event: RequestCompleted, received: Received) -> Reaction:
        return _request(facts.completed_request(event, received))

    def on_request_failed(self, event: RequestFailed, received: Received) -> Reaction:
        return _request(facts.failed_request(event, received))

    def on_request_cancelled(self, event: RequestCancelled, received: Received) -> Reaction:
        return _request(facts.cancelled(event, received))

    def on_request_deferred(self, event: RequestDeferred, received: Received) -> Reaction:
        return _request(facts.deferred(event, received))

    def on_request_escalated(self, event: RequestEscalated, received: Received) -> Reaction:
        key = (event.request.request_id, event.number)
        return Reaction(writes=(Write("escalations", key, facts.escalated(event, received)),))

    def on_review_requested(self, event: ReviewRequested, received: Received) -> Reaction:
        row = facts.asked_a_person(event, received)
        return Reaction(writes=(Write("escalations", (row["request_id"], row["number"]), row),))

    def on_attempt_dispatched(self, event: AttemptDispatched, received: Received) -> Reaction:
        return Reaction(writes=(_attempt(event, facts.dispatched(event, received)),))

    def on_attempt_completed(self, event: AttemptCompleted, received: Received) -> Reaction:
        return Reaction(writes=(_attempt(event, facts.completed_attempt(event, received)),))

    def on_attempt_failed(self, event: AttemptFailed, received: Received) -> Reaction:
        key = (event.request.request_id, event.attempt.number, str(event.reason))
        failure = Write("failures", key, facts.failed_attempt(event, received))
        return Reaction(writes=(_attempt(event, facts.heard_of(event)), failure))

    def on_attempt_settled(self, event: AttemptSettled, received: Received) -> Reaction:
        key = (event.request.request_id, event.attempt.number)
        settlement = Write("settlements", key, facts.settled(event, received))
        return Reaction(writes=(_attempt(event, facts.heard_of(event)), settlement))

    def on_attempt_accepted(self, event: AttemptAccepted, received: Received) -> Reaction:
        return _judged(event, facts.accepted(event, received), event.checks, "accepted", received)

    def on_attempt_rejected(self, event: AttemptRejected, received: Received) -> Reaction:
        return _judged(event, facts.rejected(event, received), event.checks, "rejected", received)

    def on_attempt_doubted(self, event: AttemptDoubted, received: Received) -> Reaction:
        return _judged(event, facts.doubted(event, received), event.checks, "doubted", received)

    def on_feedback_recorded(self, event: FeedbackRecorded, received: Received) -> Reaction:
        key = (event.request_id, event.feedback_id)
        return Reaction(writes=(Write("feedback", key, facts.feedback(event, received)),))

    def on_breaker_changed(self, event: BreakerChanged, received: Received) -> Reaction:
        key = (event.model, event.provider, event.at)
        return Reaction(writes=(Write("breakers", key, facts.breaker(event, received)),))

    def on_portfolio_revised(self, event: PortfolioRevised, received: Received) -> Reaction:
        key = (event.number, event.revision)
        return Reaction(writes=(Write("revisions", key, facts.revision(event, received)),))


def _request(row: Row) -> Reaction:
    return Reaction(writes=(Write("requests", row["request_id"], row),))


def _attempt(event: OfAttempt, row: Row) -> Write:
    return Write("attempts", (event.request.request_id, event.attempt.number), row)


def _judged(
    event: AttemptEvent, row: Row, checks: tuple[CheckResult, ...], told_by: str, received: Received
) -> Reaction:
    request_id, number = event.request.request_id, event.attempt.number
    verdicts = (
        Write("checks", (request_id, number, told_by, at), facts.check(event, result, at, told_by, received))
        for at, result in enumerate(checks)
    )
    return Reaction(writes=(_attempt(event, row), *verdicts))
