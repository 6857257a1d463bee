"""The rows of a request's life: opened once, moved by compare-and-set, closed once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from schemas.portfolio import LONGEST_DEADLINE_S
from services.escalation.domain.storm import Passage

HELD = "held"
"""The outcome of a move that waits, for room or for its path; the timers' loop makes it."""

REFUSED = "refused"
"""The outcome of a move for which there is no room, and which ended its request."""


ASKED = "asked"
"""The outcome of a move to a person."""

LONGEST_LIFE = timedelta(seconds=LONGEST_DEADLINE_S)
"""No request comes so long after its cancellation with time left: it was written down before that."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A request begins: attempt 1 is on its way. ``context`` is what its timers need to go on."""

    request_id: UUID
    deadline_at: datetime
    attempt_deadline_at: datetime
    context: bytes
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Which model an attempt went to, for the case that nothing more is heard of it."""

    request_id: UUID
    number: int
    attempt: bytes
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """From attempt ``number`` to the next, if the request is still open and still there.

    ``passage`` says whether it may go now, or only ``not_before`` a time when its path may take it; what this record
    did before is done again, whatever it says this time. ``by`` is the place of the event's record: another record of
    the same event may say it in other words, or later. ``beyond``: until when a person may answer past the deadline.
    """

    request_id: UUID
    number: int
    by: str
    deadline_at: datetime
    attempt_deadline_at: datetime
    context: bytes
    traceparent: str | None
    passage: Passage = Passage.GO
    not_before: datetime | None = None
    beyond: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """The end, if it is still open. ``only_attempt``: only if it is still at this attempt (a failure's end)."""

    request_id: UUID
    by: str
    deadline_at: datetime
    only_attempt: int | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The client left, ``at`` this moment: the timers' loop says the end."""

    request_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonsAnswer:
    """What a person said, the first to say anything in time: the timers' loop says the end."""

    request_id: UUID
    answer: bytes
