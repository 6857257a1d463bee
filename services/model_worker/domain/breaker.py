"""The circuit breaker of one model path: closed, open, half-open. Pure: a breaker and what happened give the next one.

Closed, calls pass and are counted; open, none passes until a time; half-open, a few probes pass, of which enough good
ones close it and a bad one opens it for longer (M. Nygard, *Release It!*, "Circuit Breaker"). Times are seconds since
1970; ``jitter`` is a number drawn from 0 to 1.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schemas.providers import BreakerLimits
from schemas.vocabulary import BreakerState, Reason
from services.model_worker.domain.calls import Answered, Outcome

BUCKETS = 10
"""Parts of the window, so that what is counted slides with time and takes no room for each call."""
MOST_DOUBLINGS = 10
JITTER = 0.25
"""An opening lasts up to this much longer than it must, so that paths and workers do not return all at once."""

BAD = frozenset(
    {
        Reason.TIMEOUT,
        Reason.RATE_LIMITED,
        Reason.PROVIDER_ERROR,
        Reason.UNREACHABLE,
        Reason.BAD_ANSWER,
        Reason.UNKNOWN_MODEL,
    }
)
"""Failures that speak of the path. Others speak of the request, and are not counted."""


class Health(StrEnum):
    """What a call's outcome says of its path."""

    GOOD = "good"
    BAD = "bad"
    BARRED = "barred"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Sign:
    """An outcome as its breaker sees it. ``wait_s``: the provider asks to be left alone for so long."""

    health: Health
    reason: str = ""
    wait_s: float = 0.0


GOOD, UNTOLD = Sign(Health.GOOD), Sign(Health.UNTOLD)


class Bucket(NamedTuple):
    """Calls that ended in one part of the window. ``slot`` counts parts since 1970."""

    slot: int
    calls: int
    bad: int


class Breaker(NamedTuple):
    """``turn`` rises with every change, and a call's outcome counts only in the turn in which it began.

    ``until`` is when an open one lets probes pass; ``None`` there: not before somebody closes it. ``trips`` counts
    openings since it was last closed; ``probing`` probes are on their way, and ``good`` came back well. ``running``
    calls of a closed one are on their way.
    """

    state: BreakerState = BreakerState.CLOSED
    turn: int = 0
    since: float = 0.0
    until: float | None = None
    reason: str = ""
    trips: int = 0
    probing: int = 0
    good: int = 0
    running: int = 0
    counted: tuple[Bucket, ...] = ()

    @property
    def is_barred(self) -> bool:
        """Open, until somebody closes it."""
        return self.state is BreakerState.OPEN and self.until is None


def sign_of(outcome: Outcome | None) -> Sign:
    """What an outcome says of the path; a call that was cut here (``None``) says nothing."""
    if outcome is None:
        return UNTOLD
    if isinstance(outcome, Answered):
        return GOOD
    if outcome.reason is Reason.UNAUTHORIZED:
        return Sign(Health.BARRED, outcome.reason)
    if outcome.reason not in BAD:
        return UNTOLD
    return Sign(Health.BAD, outcome.reason, (outcome.retry_after_ms or 0) / 1000)


def entered(breaker: Breaker, limits: BreakerLimits, now: float) -> tuple[Breaker, bool]:
    """Whether a call may pass now, and the breaker from then on."""
    if breaker.state is BreakerState.CLOSED:
        return breaker._replace(running=breaker.running + 1), True
    if breaker.state is BreakerState.OPEN:
        if breaker.until is None or now < breaker.until:
            return breaker, False
        breaker = half_opened(breaker, now)
    if breaker.probing + breaker.good >= limits.probes:
        return breaker, False
    return breaker._replace(probing=breaker.probing + 1), True


def left(breaker: Breaker, limits: BreakerLimits, turn: int, sign: Sign, now: float, jitter: float) -> Breaker:
    """The breaker after a call that began in ``turn``."""
    if turn != breaker.turn:
        return breaker
    if breaker.state is BreakerState.HALF_OPEN:
        return _probed(breaker, limits, sign, now, jitter)
    breaker = breaker._replace(running=max(0, breaker.running - 1))
    if sign.health is Health.UNTOLD:
        return breaker
    return _counted(breaker, limits, sign, now, jitter)


def barred(breaker: Breaker, reason: str, now: float) -> Breaker:
    """Open until somebody closes it: the provider does not take our key, and asking again does not help."""
    return Breaker(BreakerState.OPEN, breaker.turn + 1, now, reason=reason, trips=breaker.trips + 1)


def half_opened(breaker: Breaker, now: float) -> Breaker:
    """Its time is over: probes may pass."""
    return Breaker(BreakerState.HALF_OPEN, breaker.turn + 1, now, reason=breaker.reason, trips=breaker.trips)


def closed(breaker: Breaker, reason: str, now: float) -> Breaker:
    """Calls pass again, and nothing is held against the path."""
    return Breaker(BreakerState.CLOSED, breaker.turn + 1, now, reason=reason)


def opened(breaker: Breaker, limits: BreakerLimits, sign: Sign, now: float, jitter: float) -> Breaker:
    """Open for twice as long as the last time, and for as long as the provider asks at least."""
    doubled = limits.open_s * 2 ** min(breaker.trips, MOST_DOUBLINGS)
    least = sign.wait_s or min(doubled, limits.longest_open_s)
    until = now + least * (1 + JITTER * jitter)
    return Breaker(BreakerState.OPEN, breaker.turn + 1, now, until, sign.reason, breaker.trips + 1)


def _probed(breaker: Breaker, limits: BreakerLimits, sign: Sign, now: float, jitter: float) -> Breaker:
    if sign.health is Health.BAD:
        return opened(breaker, limits, sign, now, jitter)
    good = breaker.good + (sign.health is Health.GOOD)
    if good >= limits.probes:
        return closed(breaker, "its probes were answered", now)
    return breaker._replace(probing=breaker.probing - 1, good=good)


def _counted(breaker: Breaker, limits: BreakerLimits, sign: Sign, now: float, jitter: float) -> Breaker:
    counted = _slid(breaker.counted, limits, now, sign.health is Health.BAD)
    breaker = breaker._replace(counted=counted)
    if sign.health is Health.BAD and (_is_too_bad(counted, limits) or (sign.wait_s > 0 and _is_asked(breaker, limits))):
        return opened(breaker, limits, sign, now, jitter)
    return breaker


def _slid(counted: tuple[Bucket, ...], limits: BreakerLimits, now: float, is_bad: bool) -> tuple[Bucket, ...]:
    """The window as it is now, with one more call."""
    slot = int(now * BUCKETS / limits.window_s)
    if counted and counted[-1].slot == slot:
        last = counted[-1]
        return (*counted[:-1], Bucket(slot, last.calls + 1, last.bad + is_bad))
    return (*(bucket for bucket in counted if bucket.slot > slot - BUCKETS), Bucket(slot, 1, int(is_bad)))


def _is_asked(breaker: Breaker, limits: BreakerLimits) -> bool:
    """Whether the provider means the path when it asks to be left alone: one call refused among many good ones is
    that request's matter, and setting the path aside would turn all of them away. A refusal comes back sooner than an
    answer, so calls that are on their way count as not refused."""
    lately = breaker.counted[-2:]
    calls = breaker.running + sum(bucket.calls for bucket in lately)
    return sum(bucket.bad for bucket in lately) >= limits.failure_share * calls


def _is_too_bad(counted: tuple[Bucket, ...], limits: BreakerLimits) -> bool:
    calls = sum(bucket.calls for bucket in counted)
    return calls >= limits.least_calls and sum(bucket.bad for bucket in counted) >= limits.failure_share * calls
