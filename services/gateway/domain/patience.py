"""How long a client is kept waiting before the gateway gives up on hearing of its request, and how long it is kept."""

from collections.abc import Collection

from schemas.asking import lane_in
from schemas.portfolio import Lane, Portfolio
from schemas.request import RequestSubmitted

KEPT_S = 86_400.0
"""How long a request is remembered that nobody may answer later than its deadline."""
AFTER_DEADLINE_S = 2.0
"""A request ends within a second of its deadline; the rest is the way back."""


def lane_named(asked: RequestSubmitted, portfolio: Portfolio) -> str | None:
    """The lane that a request names, in its own field or as its model."""
    return asked.lane if asked.lane is not None else lane_in(asked.model, portfolio)


def patience_s(asked: RequestSubmitted, portfolio: Portfolio, longest_s: float) -> float:
    """Seconds until the request's end must have come: the latest deadline that it can be given, and a little more.

    The profiler gives the least of the request's own deadline and its lane's; which lane, only it knows.
    """
    return min(_deadline_s(asked, portfolio) + AFTER_DEADLINE_S, longest_s)


def most_waited_s(asked: RequestSubmitted, portfolio: Portfolio, longest_s: float) -> float:
    """Seconds for which a request waits for another's answer at most: half of its own time, so that half is left."""
    return min(_deadline_s(asked, portfolio), longest_s) / 2


def after_waiting(asked: RequestSubmitted, portfolio: Portfolio, waited_s: float) -> RequestSubmitted:
    """The request with what is left of its time, once it has waited for another's answer."""
    return asked.model_copy(update={"deadline_s": _deadline_s(asked, portfolio) - waited_s})


def kept_s(asked: RequestSubmitted, portfolio: Portfolio) -> float:
    """Seconds for which a request is remembered: a day, and as long as a person may answer it after its deadline."""
    reviews = (lane.reviews for lane in _lanes_of(asked, portfolio))
    return KEPT_S + max((each.after_deadline_s or 0 for each in reviews if each), default=0)


def _deadline_s(asked: RequestSubmitted, portfolio: Portfolio) -> float:
    latest = max(lane.deadline_s for lane in _lanes_of(asked, portfolio))
    return min(asked.deadline_s or latest, latest)


def _lanes_of(asked: RequestSubmitted, portfolio: Portfolio) -> Collection[Lane]:
    """Where it can come to."""
    lane = portfolio.lanes.get(lane_named(asked, portfolio) or "")
    return (lane,) if lane else portfolio.lanes.values()
