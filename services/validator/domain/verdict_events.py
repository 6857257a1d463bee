"""Verdicts written down as events: each tells what the attempt before it told, and what it came to."""

from schemas.attempt import AttemptAccepted, AttemptCompleted, AttemptDoubted, AttemptRejected, CheckResult
from schemas.content import Body
from schemas.vocabulary import Reason, Role, Verdict
from services.validator.domain.results import is_verified

Checks = tuple[CheckResult, ...]


def repair_message(checks: Checks) -> str:
    """What a model is told, to mend its answer: each failed check, where, and what is wrong there."""
    failures = [check for check in checks if check.verdict == Verdict.FAIL]
    told = [f"- {check.name}{f' at {check.at}' if check.at else ''}: {check.detail}" for check in failures]
    lines = ["Your answer was checked, and this is wrong with it:", *told, "Give the whole answer again, mended."]
    return "\n".join(lines)


def accepted_event(
    event: AttemptCompleted, answer: Body, checks: Checks, *, given_by: int | None = None
) -> AttemptAccepted:
    """The answer stands; ``given_by``: the attempt whose it is, where that is not this one."""
    return AttemptAccepted(
        request=event.request,
        attempt=event.attempt,
        tried=event.tried,
        answer=answer,
        checks=checks,
        verified=is_verified(checks),
        usage=event.usage,
        cost=event.cost,
        latency_ms=event.latency_ms,
        given_by=given_by,
    )


def rejected_event(event: AttemptCompleted, answer: Body, checks: Checks, worst: CheckResult) -> AttemptRejected:
    """The answer does not stand; the reason is the worst check's, and the detail what a model is told to mend."""
    return AttemptRejected(
        request=event.request,
        attempt=event.attempt,
        tried=event.tried,
        at_hand=event.at_hand,
        body=event.body,
        answer=answer,
        checks=checks,
        reason=worst.reason or Reason.CHECK_FAILED,
        detail=repair_message(checks),
        usage=event.usage,
        cost=event.cost,
        latency_ms=event.latency_ms,
    )


def doubted_event(event: AttemptCompleted, answer: Body, checks: Checks, look: Role, reason: Reason) -> AttemptDoubted:
    """Another look is asked for, of this role and for this reason."""
    return AttemptDoubted(
        request=event.request,
        attempt=event.attempt,
        tried=event.tried,
        at_hand=event.at_hand,
        body=event.body,
        answer=answer,
        checks=checks,
        look=look,
        reason=reason,
        usage=event.usage,
        cost=event.cost,
        latency_ms=event.latency_ms,
    )
