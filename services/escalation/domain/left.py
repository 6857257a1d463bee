"""Which paths of a plan are left, and which of them what is left of the budget pays."""

from collections.abc import Iterator, Sequence

from schemas.attempt import Candidate, Tried
from schemas.budget import spare_micro_usd, why_path_unpaid
from schemas.paths import used_paths, why_hopeless
from schemas.portfolio import Portfolio
from schemas.request import Request

Tier = Sequence[Candidate]


def paid_for(tier: Tier, request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> Iterator[Candidate]:
    """Paths of a tier that were not tried, would not fail as one that was, and can be paid."""
    left = _untried(tier, tried, portfolio)
    return (path for path in left if why_path_unpaid(path, request, tried, portfolio) is None)


def is_short(tiers: Sequence[Tier], request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> bool:
    """Whether one of those is left out because it cannot be paid."""
    left = (path for tier in tiers for path in _untried(tier, tried, portfolio))
    return any(why_path_unpaid(path, request, tried, portfolio) for path in left)


def is_spent(tiers: Sequence[Tier], request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> bool:
    """Whether nothing is left of the budget, and no path is free; a plan that nobody made yet may hold one."""
    spare = spare_micro_usd(request, tried)
    if spare is None or spare > 0:
        return False
    paths = [path for tier in tiers for path in tier]
    return bool(tiers) and all(why_path_unpaid(path, request, tried, portfolio) for path in paths)


def _untried(tier: Tier, tried: Sequence[Tried], portfolio: Portfolio) -> Iterator[Candidate]:
    used = {(t.model, t.provider) for t in used_paths(tried)}
    return (c for c in tier if (c.model, c.provider) not in used and why_hopeless(c, tried, portfolio) is None)
