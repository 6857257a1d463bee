"""How long a client is kept waiting before the gateway gives up on hearing of its request."""

from schemas.asking import lane_in
from schemas.portfolio import Portfolio
from schemas.request import RequestSubmitted

AFTER_DEADLINE_S = 2.0
"""A request ends within a second of its deadline; the rest is the way back."""


def lane_named(asked: RequestSubmitted, portfolio: Portfolio) -> str | None:
    """The lane that a request names, in its own field or as its model."""
    return asked.lane if asked.lane is not None else lane_in(asked.model, portfolio)


def patience_s(asked: RequestSubmitted, portfolio: Portfolio, longest_s: float) -> float:
    """Seconds until the request's end must have come: the latest deadline that it can be given, and a little more.

    The profiler gives the least of the request's own deadline and its lane's; which lane, only it knows.
    """
    lane = portfolio.lanes.get(lane_named(asked, portfolio) or "")
    lanes = [lane] if lane else portfolio.lanes.values()
    latest = max(lane.deadline_s for lane in lanes)
    return min(min(asked.deadline_s or latest, latest) + AFTER_DEADLINE_S, longest_s)
