"""Verdicts written down as events: each tells what the attempt before it told, and what it came to."""

from typing import Any

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
    return AttemptAccepted(**_told(event, answer, checks), verified=is_verified(checks), given_by=given_by)


def rejected_event(event: AttemptCompleted, answer: Body, checks: Checks, worst: CheckResult) -> AttemptRejected:
    """The answer does not stand; the reason is the worst check's, and the detail what a model is told to mend."""
    told, reason = _told_on(event, answer, checks), worst.reason or Reason.CHECK_FAILED
    return AttemptRejected(**told, reason=reason, detail=repair_message(checks))


def doubted_event(event: AttemptCompleted, answer: Body, checks: Checks, look: Role, reason: Reason) -> AttemptDoubted:
    """Another look is asked for, of this role and for this reason."""
    return AttemptDoubted(**_told_on(event, answer, checks), look=look, reason=reason)


def _told_on(event: AttemptCompleted, answer: Body, checks: Checks) -> dict[str, Any]:
    """What a verdict tells that ends no request: what is asked, and which answer there is, goes on with it."""
    return {**_told(event, answer, checks), "at_hand": event.at_hand, "body": event.body}


def _told(event: AttemptCompleted, answer: Body, checks: Checks) -> dict[str, Any]:
    """What each verdict tells of the attempt."""
    return {
        "request": event.request,
        "attempt": event.attempt,
        "tried": event.tried,
        "answer": answer,
        "checks": checks,
        "usage": event.usage,
        "cost": event.cost,
        "latency_ms": event.latency_ms,
    }
