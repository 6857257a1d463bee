"""What is heard of a request: an event, when it was said, and in which trace."""

from dataclasses import dataclass
from datetime import datetime

from schemas.fact import Event


@dataclass(frozen=True, slots=True)
class Letter:
    """A request's event that a service could not process, and where it was put aside."""

    service: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Heard:
    """``at`` is the broker's time. ``key`` is the record's key: the request's id."""

    key: str
    event: Event | Letter
    at: datetime
    trace_id: str | None = None
