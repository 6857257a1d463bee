"""What escalation reads of the events that are its most: what it goes by, without the content and plans beside it."""

from schemas.attempt import AttemptAccepted, AttemptDispatched
from schemas.fact import part_of

DISPATCHED = part_of(AttemptDispatched, "request.request_id", "attempt", "tried")
ACCEPTED = part_of(
    AttemptAccepted,
    "request",
    "attempt.number",
    "attempt.role",
    "attempt.tier",
    "attempt.model",
    "attempt.provider",
    "tried",
    "answer",
    "checks",
    "verified",
    "usage",
    "cost",
    "given_by",
)
