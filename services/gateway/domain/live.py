"""Live streams: an answer is read while it is written, and its last event says whether it passed its checks."""

from typing import Protocol
from uuid import UUID

from schemas.content import Json
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.vocabulary import Action
from services.gateway.domain.problems import SERVER, Problem, Refused, problem_of

NOT_VERIFIED = "answer_not_verified"
SUPERSEDED = "superseded"
"""The answer that passed is another than the one that was shown."""
UNVERIFIED = "The text shown was not verified"
LONGEST_WHY = 300
EACH = "- "


def place_told(request_id: UUID, *, is_remembered: bool) -> str:
    """Where the answer that passes is found."""
    if is_remembered:
        return f"GET /v1/requests/{request_id} gives the answer that passes"
    return f"`portfolio show {request_id}` tells how it ends"


class LiveStream(Protocol):
    """An API's words for an answer that is being written."""

    def told(self, delta: Json, model: str | None) -> bytes:
        """One more delta, in OpenAI's words."""
        ...

    def ended(self, completed: RequestCompleted, rest: Json) -> bytes:
        """All that is missing of an answer that passed."""
        ...

    def broken(self, problem: Problem) -> bytes:
        """What was told is not the answer that passed, or not the whole of it."""
        ...


def facts_of(completed: RequestCompleted) -> Json:
    """What headers tell of an answer that is known when they are sent."""
    return {
        "request_id": str(completed.request_id),
        "status": str(completed.status),
        "model": completed.model,
        "provider": completed.provider,
        "attempts": completed.attempts,
        "cost_usd": completed.cost_usd,
        "cost_kind": str(completed.cost_kind),
        "checks": {check.name: str(check.verdict) for check in completed.checks},
        "trace_id": completed.trace_id,
    }


def voided(escalated: RequestEscalated) -> frozenset[UUID]:
    """The attempts whose answers have failed; none where another look at one is asked for, which may pass yet."""
    if escalated.action == Action.AGREEMENT or escalated.doubted is not None:
        return frozenset()
    request_id = escalated.request.request_id
    return frozenset(attempt_id_of(request_id, number) for number in range(1, escalated.number))


def escalation_told(escalated: RequestEscalated, answer_at: str) -> Refused:
    """The answer that was shown has failed, and the request goes on."""
    detail = _wrong_with_it(escalated.detail)
    why = f"{escalated.reason}: {detail}" if detail else str(escalated.reason)
    says = f"{UNVERIFIED} ({why[:LONGEST_WHY]}). The request goes on ({escalated.action}): {answer_at}."
    return _not_verified(str(escalated.request.request_id), str(escalated.reason), says, answer_at)


def _wrong_with_it(detail: str) -> str:
    """What failed, without the words to its model around it: where checks failed, each has a line of its own."""
    failed = [line.removeprefix(EACH) for line in detail.splitlines() if line.startswith(EACH)]
    return "; ".join(failed) or detail


def superseded(completed: RequestCompleted, answer_at: str) -> Refused:
    """Another answer than the one that was shown has passed."""
    says = f"{UNVERIFIED}: another answer passed, by {completed.model}: {answer_at}."
    return _not_verified(str(completed.request_id), SUPERSEDED, says, answer_at)


def failure_told(failed: RequestFailed) -> Refused:
    """No answer passed at all."""
    problem = problem_of(failed)
    says = f"{UNVERIFIED}, and no other follows. {problem.message}"
    return _not_verified(str(failed.request_id), str(failed.reason), says, None)


def cut_short(problem: Problem, request_id: str, answer_at: str) -> Refused:
    """The gateway waits no longer for what becomes of the answer that was shown."""
    return _not_verified(request_id, problem.code, f"{UNVERIFIED}. {problem.message} {answer_at}.", answer_at)


def _not_verified(request_id: str, reason: str, says: str, answer_at: str | None) -> Refused:
    told: Json = {"request_id": request_id, "status": "not_verified", "reason": reason, "answer": answer_at}
    return Refused(Problem(502, SERVER, NOT_VERIFIED, says, portfolio=told))
