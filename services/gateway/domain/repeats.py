"""What an ``Idempotency-Key`` promises: the same request under it gets the same answer, and no other request does.

Source: IETF draft-ietf-httpapi-idempotency-key-header, whose 422 tells of a key that is used for something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from schemas.request import RequestSubmitted
from services.gateway.domain.chat_completion import Reply
from services.gateway.domain.problems import INVALID, SERVER, Problem, Refused, wrong

HEADER = "idempotency-key"
NAME = "Idempotency-Key"
REPEATED = "x-portfolio-repeated"
"""Stands, with ``true``, beside an answer whose key had been used before."""
LONGEST = 255
GOES_ON = frozenset({"not_acknowledged", "no_answer", "stopping", "answer_away"})
"""What is told of a request that may still go on: under a key it may be asked for again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a key stands for. ``is_said``: Kafka has the request, so that it need not be said again."""

    request_id: UUID
    asked_at: datetime
    is_new: bool = True
    is_said: bool = False


def key_in(headers: Mapping[str, str]) -> str | None:
    """The key that is sent; ``None`` without one. Raises ``Refused`` for one that cannot be kept."""
    found = headers.get(HEADER)
    if found is not None and not (0 < len(found) <= LONGEST and found.isascii() and found.isprintable()):
        raise wrong(
            NAME, f"{NAME}: 1 to {LONGEST} printable ASCII characters are wanted, such as a UUID", "invalid_value"
        )
    return found


def own_key(request_id: UUID) -> str:
    """What a request is remembered under that came without an Idempotency-Key."""
    return f"request {request_id}"


def hash_of_key(key: str) -> bytes:
    """What is kept of a key: it may hold more than its client should tell."""
    return sha256(key.encode()).digest()


def hash_of_body(asked: RequestSubmitted) -> bytes:
    """What makes two bodies the same request, as the profiler sees it: all but the id, the key and the cache."""
    return sha256(asked.model_copy(update={"request_id": None, "grant": None, "recall": None}).to_json()).digest()


def used_for_another() -> Refused:
    """The key belongs to another body: 422."""
    message = f"This {NAME} was sent before with another body: use a new key for a new request."
    return Refused(Problem(422, INVALID, "idempotency_key_reused", message, NAME))


def no_memory() -> Refused:
    """Nothing can be remembered without a database: 400, rather than pay twice unseen."""
    message = f"This gateway has no database to remember an {NAME} in: leave it out, or set DATABASE_URL there."
    return Refused(Problem(400, INVALID, "idempotency_unavailable", message, NAME))


def memory_away() -> Refused:
    """It cannot be known whether the key was used before: 503, rather than pay twice."""
    message = f"The {NAME} cannot be looked up: the gateway's database does not answer. Send it again in a few seconds."
    return Refused(Problem(503, SERVER, "idempotency_away", message, retry=True, retry_after_s=2))


def under_a_key(problem: Problem) -> Problem:
    """A request that may still go on can be asked for again under its key: nothing is paid twice."""
    return replace(problem, retry=True) if problem.code in GOES_ON else problem


def same_again(reply: Reply) -> Reply:
    """A failure stands under its key as an answer does: to send the same again would tell the same again."""
    if "x-should-retry" not in reply.headers:
        return reply
    return replace(reply, headers={**reply.headers, "x-should-retry": "false"})
