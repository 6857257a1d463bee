"""A request whose deadline is past, and that a person may still answer: what its client is told then."""

from datetime import UTC, datetime

from schemas.content import Json
from schemas.outcome import RequestDeferred
from services.gateway.domain.patience import KEPT_S
from services.gateway.domain.problems import SERVER, Problem, Refused

DEFERRED = "deferred"
LOOK_AGAIN_S = 30
"""How soon it is worth a look: people take their time."""


def deferral_told(deferred: RequestDeferred, answer_at: str) -> Refused:
    """The client is answered at its deadline, without an answer: 504. To send the same again would tell the same."""
    until = f"{deferred.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    says = f"No answer came before the deadline, and a person may still give one, until {until}: {answer_at}."
    told: Json = {
        "request_id": str(deferred.request_id),
        "status": DEFERRED,
        "until": until,
        "detail": deferred.detail,
        "answer": answer_at,
    }
    return Refused(Problem(504, SERVER, DEFERRED, says, portfolio=told))


def deferred_headers() -> dict[str, str]:
    """What is told beside it."""
    return {"x-portfolio-status": DEFERRED}


def remembered_s(deferred: RequestDeferred, now: datetime) -> float:
    """How long it is remembered: as any request, once the answer can be there."""
    return max(0.0, (deferred.until - now).total_seconds()) + KEPT_S
