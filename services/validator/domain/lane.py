"""The lane that a request was admitted to, in the revision that it keeps."""

from schemas.portfolio import Lane, Portfolio
from schemas.request import Request


class LaneUnknown(LookupError):
    """A request names a lane that its own revision does not hold."""


def lane_of(request: Request, portfolio: Portfolio) -> Lane:
    """The request's lane. Raises :class:`LaneUnknown`."""
    try:
        return portfolio.lanes[request.lane]
    except KeyError:
        raise LaneUnknown(f"revision {request.revision} has no lane {request.lane}") from None
