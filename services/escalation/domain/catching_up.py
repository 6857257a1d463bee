"""Which timers of attempts still wait: those of later deadlines, and all of them while this service catches up.

After an outage of the database, or of this service, the outcomes of calls that were made meanwhile are heard at the
same time as the timers of their attempts are due; who had no word of them could send each to a dearer model. Ends of
requests never wait. Pure; times of a beat are seconds of the process's clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from schemas.deadlines import TIMER_GRACE
from services.escalation.domain.timers import OPEN, DispatchFacts, Due

LONGEST_PAUSE_S = 2.0
"""Between two looks at what is due, beyond the time between them; a longer one was an outage."""
CATCH_UP_S = 4.0
"""Others look for the database every two seconds, and then say what they have."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A look at what is due, and since when there was no outage."""

    at: float
    steady_since: float

    def catches_up_for(self, left: timedelta) -> timedelta:
        """How long the timer of an attempt waits from this look on, where so much is ``left`` of its request's time.

        No longer in all than half of what was left when the outage was over.
        """
        steady_s = self.at - self.steady_since
        return timedelta(seconds=max(0.0, min(CATCH_UP_S - steady_s, (left.total_seconds() - steady_s) / 2)))


def beaten(last: Beat | None, now: float, tick_s: float) -> Beat:
    """The look at ``now`` after the last one; the first comes after a time when this service was away."""
    was_away = last is None or now - last.at > tick_s + LONGEST_PAUSE_S
    return Beat(now, now if was_away or last is None else last.steady_since)


@dataclass(frozen=True, slots=True)
class Early:
    """A row whose attempt's timer is not due before ``until``."""

    due: Due
    until: datetime


def early(due: Sequence[Due], beat: Beat) -> list[Early]:
    """Of these rows those whose attempts have time still."""
    waits = ((one, _until(one, beat)) for one in due if one.state == OPEN)
    return [Early(one, until) for one, until in waits if until > one.now]


def _until(due: Due, beat: Beat) -> datetime:
    """An attempt that was dispatched has the deadline that it was dispatched with."""
    caught_up = due.now + beat.catches_up_for((due.deadline_at or due.now) - due.now)
    try:
        facts = None if due.dispatched is None else DispatchFacts.read(due.dispatched)
    except ValidationError:
        return caught_up
    return caught_up if facts is None else max(caught_up, facts.attempt.deadline_at + TIMER_GRACE)
