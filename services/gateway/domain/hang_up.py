"""What becomes of a request whose client hangs up before its answer."""

from schemas.portfolio import OnHangUp, Portfolio
from schemas.request import RequestSubmitted
from services.gateway.domain.patience import lanes_of

BY = "hang-up"
"""By whom a request was cancelled, as `request.cancelled` and the ledger tell it."""


def is_cancelled(asked: RequestSubmitted, portfolio: Portfolio) -> bool:
    """Whether its lane cancels it then. Where only the profiler can tell the lane: whether all do that it may get."""
    return all(lane.on_hang_up is OnHangUp.CANCEL for lane in lanes_of(asked, portfolio))
