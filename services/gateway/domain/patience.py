"""How long a client is kept waiting before the gateway gives up on hearing of its request, and how long it is kept."""

from collections.abc import Collection

from schemas.asking import lane_in
from schemas.portfolio import Lane, Portfolio
from schemas.request import RequestSubmitted

KEPT_S = 86_400.0
"""How long a request is remembered that nobody may answer later than its deadline."""
AFTER_DEADLINE_S = 2.0
"""A request ends within a second of its deadline; the rest is the way back."""
MOST_WAITED = 0.95
"""The share of its time for which a request waits for another that asks the same: that one ends by a like deadline."""


def lane_named(asked: RequestSubmitted, portfolio: Portfolio) -> str | None:
    """The lane that a request names, in its own field or as its model."""
    return asked.lane if asked.lane is not None else lane_in(asked.model, portfolio)


def patience_s(asked: RequestSubmitted, portfolio: Portfolio, longest_s: float) -> float:
    """Seconds until the request's end must have come: the latest deadline that it can be given, and a little more.

    The profiler gives the least of the request's own deadline and its lane's; which lane, only it knows.
    """
    latest = max(lane.deadline_s for lane in lanes_of(asked, portfolio))
    return min(min(asked.deadline_s or latest, latest) + AFTER_DEADLINE_S, longest_s) - (asked.waited_s or 0)


def most_waited_s(asked: RequestSubmitted, portfolio: Portfolio, longest_s: float) -> float:
    """Seconds for which a request waits for another's answer at most: nearly all of the least time that it can have."""
    least = min(lane.deadline_s for lane in lanes_of(asked, portfolio))
    return MOST_WAITED * min(asked.deadline_s or least, least, longest_s)


def kept_s(asked: RequestSubmitted, portfolio: Portfolio) -> float:
    """Seconds for which a request is remembered: a day, and as long as a person may answer it after its deadline."""
    reviews = (lane.reviews for lane in lanes_of(asked, portfolio))
    return KEPT_S + max((each.after_deadline_s or 0 for each in reviews if each), default=0)


def lanes_of(asked: RequestSubmitted, portfolio: Portfolio) -> Collection[Lane]:
    """Where it can come to."""
    lane = portfolio.lanes.get(lane_named(asked, portfolio) or "")
    return (lane,) if lane else portfolio.lanes.values()
