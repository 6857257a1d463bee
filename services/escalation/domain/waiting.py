"""When a request that a path turned away for the moment is sent there again. Pure: the same refusal, the same time.

At least as long as was asked for and as an exponential back-off says (M. Nygard, *Release It!*), and then up to a share
longer, drawn from the request's id: those that were turned away together come back spread over time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from schemas.attempt import Tried, attempts_made
from schemas.deadlines import attempt_deadline
from schemas.ids import attempt_id_of
from schemas.paths import FOR_NOW
from schemas.vocabulary import Reason
from services.escalation.domain.setback import Setback

FIRST, LONGEST = timedelta(seconds=0.5), timedelta(seconds=30)
"""The back-off after the first refusal, doubled with each, and the most that it comes to."""
SPREAD = 4
"""A wait is up to a quarter longer than it must be, or as much as the back-off."""
PATIENCE = 8
"""A request that may move up a tier waits at most an eighth of its time before it does."""


def again_at(
    request_id: UUID, tried: Sequence[Tried], told: timedelta | None, now: datetime, most: timedelta
) -> datetime | None:
    """When to ask again; ``None`` when that takes longer than ``most``. ``told``: what the path asked for."""
    refusals = sum(attempt.reason in FOR_NOW for attempt in tried)
    backoff = min(FIRST * 2 ** (refusals - 1), LONGEST)
    least = max(told or timedelta(), backoff)
    if least > most:
        return None
    return now + least + min(max(least / SPREAD, backoff), most - least) * _drawn(request_id, len(tried))


def was_uncalled_before(tried: Sequence[Tried]) -> bool:
    """Whether the path of the last attempt, for which nobody was called, had one before of which that holds."""
    last, times = tried[-1], [(t.model, t.provider) for t in tried if t.reason == Reason.UNCALLED]
    return times.count((last.model, last.provider)) > 1


def uncalled_until(setback: Setback, now: datetime) -> datetime:
    """Until when an attempt may be called that was not: the second time at its path it has all that is left."""
    is_last = was_uncalled_before(setback.tried) or setback.request.max_attempts - attempts_made(setback.tried) <= 1
    return attempt_deadline(now, setback.request.deadline_at, 1 if is_last else 2)


def _drawn(request_id: UUID, number: int) -> float:
    """From 0 to 1, and the same each time: the first bits of a version 5 UUID are those of a hash."""
    return attempt_id_of(request_id, number).time_low / 2**32
