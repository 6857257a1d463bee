"""How a request's time is shared among its attempts."""

from datetime import datetime, timedelta

TIMER_GRACE = timedelta(milliseconds=500)
"""How much later than the worker's own hard deadline the timer of an attempt fires."""

LAST_MARGIN = timedelta(seconds=1)
"""What the last attempt leaves, so that its timer and its verdict come before the request's own end."""


def attempt_deadline(now: datetime, deadline_at: datetime, attempts_left: int) -> datetime:
    """The hard deadline of the next attempt: half of what is left while others may follow, all of it for the last.

    ``attempts_left`` counts the next one, too. Never later than the request's deadline, and never before ``now``.
    """
    usable = max(deadline_at - now - LAST_MARGIN, (deadline_at - now) / 2)
    share = usable / 2 if attempts_left > 1 else usable
    return now + max(share, timedelta())


def renewed(attempt_deadline_at: datetime, asked_at: datetime, deadline_at: datetime) -> datetime:
    """The hard deadline of an attempt that is asked for now: reckoned anew where what asks for it comes late.

    At least the share of what is left at ``asked_at``, so that what was away here before it was asked for is not taken
    out of its call's time. Whoever reads the same record reckons the same.
    """
    return max(attempt_deadline_at, attempt_deadline(asked_at, deadline_at, 2))
