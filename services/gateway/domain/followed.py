"""A request that is asked for now and looked at later: what is told of it meanwhile, and in the end."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from services.gateway.domain.chat_completion import completed_headers, completion_of, failed_headers
from services.gateway.domain.deferred import DEFERRED, LOOK_AGAIN_S, deferred_headers
from services.gateway.domain.embeddings import embeddings_of, has_vectors
from services.gateway.domain.problems import INVALID, SERVER, Problem, Refused, problem_of, wrong

End = RequestCompleted | RequestFailed
REQUESTS = "/v1/requests"
LONGEST_WAIT_S = 60.0
IN_PROGRESS = "in_progress"


class FollowedRequest(BaseModel):
    """What is told of a request.

    ``response`` is OpenAI's chat completion, or its list of embeddings; ``error`` why there is none. ``until``: of one
    that is deferred, when a person will have answered it or nobody does.
    """

    id: UUID
    object: str = "request"
    status: str
    created_at: int
    completed_at: int | None = None
    until: int | None = None
    response: Json | None = None
    error: Json | None = None


def place_of(request_id: UUID) -> str:
    """Where it is looked at."""
    return f"{REQUESTS}/{request_id}"


def id_in(path: str) -> UUID:
    """The id in an address. Raises ``Refused``, as for a request that is not there."""
    try:
        return UUID(path)
    except ValueError:
        raise no_such_request() from None


def wait_in(query: Mapping[str, str]) -> float:
    """How long the client would wait for the end. Raises ``Refused``."""
    try:
        wait_s = float(query.get("wait", "0"))
    except ValueError:
        wait_s = -1
    if not 0 <= wait_s <= LONGEST_WAIT_S:
        raise wrong("wait", f"wait: seconds from 0 to {LONGEST_WAIT_S:g} are wanted", "invalid_value")
    return wait_s


def told_of(request_id: UUID, asked_at: datetime, end: End | RequestDeferred | None) -> bytes:
    """How it stands, as JSON."""
    told: Json = {"id": request_id, "created_at": int(asked_at.timestamp()), "status": IN_PROGRESS}
    if isinstance(end, RequestCompleted):
        at = int(end.completed_at.timestamp())
        response = embeddings_of(end) if has_vectors(end) else completion_of(end)
        told |= {"status": "completed", "completed_at": at, "response": response}
    elif isinstance(end, RequestDeferred):
        told |= {"status": DEFERRED, "until": int(end.until.timestamp())}
    elif end is not None:
        error = from_json(problem_of(end).to_json())["error"]
        told |= {"status": "failed", "completed_at": int(end.failed_at.timestamp()), "error": error}
    return to_json(FollowedRequest(**told))


def headers_of(end: End | RequestDeferred | None) -> dict[str, str]:
    """What is told beside it; how soon to look again, while it is under way."""
    if end is None:
        return {"retry-after": "1"}
    if isinstance(end, RequestDeferred):
        return {**deferred_headers(), "retry-after": str(LOOK_AGAIN_S)}
    told = completed_headers(end) if isinstance(end, RequestCompleted) else failed_headers(end)
    return {**told, **({"x-portfolio-trace-id": end.trace_id} if end.trace_id else {})}


def event_of(told: bytes, end: End | None) -> bytes:
    """How it stands, as a server-sent event named after it."""
    status = IN_PROGRESS if end is None else "completed" if isinstance(end, RequestCompleted) else "failed"
    return b"event: request.%s\ndata: %s\n\n" % (status.encode(), told)


def no_such_request() -> Refused:
    """None of this id, or none of this tenant's, or none that is remembered: 404."""
    kept = f"what came by POST {REQUESTS}, with store: true, or under an Idempotency-Key, is remembered for a day"
    return Refused(
        Problem(404, INVALID, "request_not_found", f"There is no such request of yours: {kept}.", "request_id")
    )


def nothing_remembered() -> Refused:
    """Requests are remembered in a database only: 400."""
    message = "This gateway has no database to remember requests in: ask /v1/chat/completions, or set DATABASE_URL."
    return Refused(Problem(400, INVALID, "requests_unavailable", message))


def events_unavailable() -> Refused:
    """The topics of all roads could not be read at the start: 503, which no repeat mends."""
    message = "This gateway cannot read the events of requests, as its log says: ask with ?wait=60, and for JSON."
    return Refused(Problem(503, SERVER, "events_unavailable", message))


def log_away() -> Refused:
    """Kafka's log was not read to its end in time, so that it is not known how the request stands: 503."""
    message = "How the request stands cannot be read from Kafka just now: ask again in a few seconds."
    return Refused(Problem(503, SERVER, "log_away", message, retry=True, retry_after_s=2))
