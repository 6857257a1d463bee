"""What a request may still spend: escalation and router agree on it."""

from collections.abc import Sequence

from schemas.attempt import Tried
from schemas.request import Request


def spare_micro_usd(request: Request, tried: Sequence[Tried]) -> int | None:
    """Micro-dollars that are left of its budget, below 0 where it is overspent; ``None`` for one that has none.

    A bound is far above what a cut-off call was billed: counted in full, one timeout would end most requests.
    """
    if request.budget_micro_usd is None:
        return None
    return request.budget_micro_usd - sum(each.cost_micro_usd for each in tried if not each.bounded)
