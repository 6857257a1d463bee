"""Which paths of a plan are left, and which of them what is left of the budget pays."""

from collections.abc import Iterator, Sequence

from schemas.attempt import ANSWERING, Attempt, Candidate, Tried
from schemas.budget import spare_micro_usd, why_path_unpaid
from schemas.eligibility import why_not
from schemas.paths import used_paths, why_hopeless
from schemas.portfolio import Lane, Portfolio
from schemas.request import Request
from schemas.vocabulary import Role

Tier = Sequence[Candidate]


def paid_for(tier: Tier, request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> Iterator[Candidate]:
    """Paths of a tier that were not tried, would not fail as one that was, and can be paid."""
    left = _untried(tier, tried, portfolio)
    return (path for path in left if why_path_unpaid(path, request, tried, portfolio) is None)


def is_short(request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> bool:
    """Whether a path of the lane is left that could serve the request, and cannot be paid: no plan holds it then."""
    able = tuple(_able(request, portfolio))
    return any(why_path_unpaid(path, request, tried, portfolio) for path in _untried(able, tried, portfolio))


def is_spent(tiers: Sequence[Tier], request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> bool:
    """Whether nothing is left of the budget, and no path of the plan is free; one that has none may get one."""
    spare = spare_micro_usd(request, tried)
    if spare is None or spare > 0:
        return False
    paths = [path for tier in tiers for path in tier]
    return bool(paths) and all(why_path_unpaid(path, request, tried, portfolio) for path in paths)


def is_mendable(attempt: Attempt, tried: Sequence[Tried], lane: Lane) -> bool:
    """Whether the lane lets the model of this answer mend it once more."""
    made = sum(each.role == Role.REPAIR and each.model == attempt.model for each in tried)
    return attempt.role in ANSWERING and made < lane.repairs


def is_paid_again(attempt: Attempt, request: Request, tried: Sequence[Tried], portfolio: Portfolio) -> bool:
    """Whether what is left pays the same path once more."""
    same = Candidate(model=attempt.model, provider=attempt.provider)
    return why_path_unpaid(same, request, tried, portfolio) is None


def _able(request: Request, portfolio: Portfolio) -> Iterator[Candidate]:
    """The paths of the request's lane that the portfolio lets serve it, as the router tells them."""
    for name in portfolio.lanes[request.lane].models:
        model = portfolio.models[name]
        for endpoint in model.endpoints:
            if why_not(portfolio, name, model, endpoint, request) is None:
                yield Candidate(model=name, provider=endpoint.provider)


def _untried(tier: Tier, tried: Sequence[Tried], portfolio: Portfolio) -> Iterator[Candidate]:
    used = {(t.model, t.provider) for t in used_paths(tried)}
    return (c for c in tier if (c.model, c.provider) not in used and why_hopeless(c, tried, portfolio) is None)
