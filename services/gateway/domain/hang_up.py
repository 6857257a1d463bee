"""What becomes of a request whose client hangs up before its answer."""

from schemas.portfolio import OnHangUp, Portfolio
from schemas.request import RequestSubmitted
from services.gateway.domain.patience import lanes_of

BY = "hang-up"
"""By whom a request was cancelled, as `request.cancelled` and the ledger tell it."""


def is_cancelled(asked: RequestSubmitted, portfolio: Portfolio) -> bool:
    """Whether its lane wishes that; where only the profiler will know the lane, whether all do that it can come to."""
    return all(lane.on_hang_up is OnHangUp.CANCEL for lane in lanes_of(asked, portfolio))
