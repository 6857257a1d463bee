"""What a request may still spend: escalation and router agree on it."""

from collections.abc import Sequence

from schemas.attempt import Candidate, Tried
from schemas.models import Price
from schemas.money import usd_from_micro
from schemas.portfolio import Portfolio
from schemas.request import Request

FEWEST_READ = 0.2
"""So much of the tokens that are estimated of a prompt a provider counts at the least: o200k_base 0.24 of Russian."""


def spare_micro_usd(request: Request, tried: Sequence[Tried]) -> int | None:
    """Micro-dollars that are left of its budget, below 0 where it is overspent; ``None`` for one that has none.

    A bound is far above what a cut-off call was billed: counted in full, one timeout would end most requests.
    """
    if request.budget_micro_usd is None:
        return None
    return request.budget_micro_usd - sum(each.cost_micro_usd for each in tried if not each.bounded)


def why_unpaid(price: Price | None, request: Request, spare: int | None) -> str | None:
    """Why what is left pays no attempt at this price; ``None`` where it may, and for what is free.

    That is told by the least that an attempt can cost: an answer of one token. Where nobody told the price, something
    must be left.
    """
    if spare is None or (price is None and spare > 0):
        return None
    left = f"{usd_from_micro(max(spare, 0))} dollars are left of the budget"
    if price is None:
        return f"{left}, and the portfolio does not say that it is free"
    read = int(request.profile.features.estimated_tokens * FEWEST_READ)
    least = price.least_micro_usd(read, 0 if request.wants_vectors else 1)
    return f"{left}, and the shortest answer costs {usd_from_micro(least)}" if least > max(spare, 0) else None


def why_path_unpaid(path: Candidate, request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> str | None:
    """The same of a path of the portfolio, after what was tried."""
    model = portfolio.models.get(path.model)
    endpoint = model.endpoint_at(path.provider) if model else None
    return why_unpaid(endpoint.price if endpoint else None, request, spare_micro_usd(request, tried))
