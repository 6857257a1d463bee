"""What the ledger reads of the events that every request has: what it writes down, and nothing that comes with it."""

from collections.abc import Mapping

from schemas.attempt import AttemptAccepted, AttemptCompleted, AttemptDispatched
from schemas.fact import Event, part_of
from schemas.outcome import RequestCompleted
from schemas.request import RequestProfiled

KNOWN = ("request.request_id", "request.admitted_at", "attempt.number")
PATH = ("attempt.role", "attempt.tier", "attempt.model", "attempt.provider")

PARTS: Mapping[type[Event], type[Event]] = {
    RequestProfiled: part_of(RequestProfiled, "request", "refusal"),
    AttemptDispatched: part_of(AttemptDispatched, *KNOWN, *PATH, "attempt.deadline_at", "choice"),
    AttemptCompleted: part_of(AttemptCompleted, *KNOWN, *PATH, "answered_by", "usage", "cost", "latency_ms"),
    AttemptAccepted: part_of(AttemptAccepted, *KNOWN, "checks", "verified", "given_by"),
    RequestCompleted: part_of(
        RequestCompleted,
        "request_id",
        "status",
        "model",
        "provider",
        "cost_usd",
        "latency_ms",
        "recalled_from",
        "confirms",
    ),
}
"""By event; any other is read whole."""
