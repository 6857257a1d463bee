"""In which order a request asks paths that are equal. Pure."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from schemas.attempt import Candidate, Plan
from services.router.domain.choose import Options
from services.router.domain.sharing import Groups, Share, arranged, share_of


def shared(options: Options, groups: Groups, request_id: UUID, is_full: Callable[[Candidate], bool]) -> Options:
    """The options with equal paths in the order in which this request asks them. ``groups``: by tier, the equal ones.

    What the plan says of its own path holds for one that is equal to it, too.
    """
    tiers: list[tuple[Candidate, ...]] = []
    shares: list[Share] = []
    for tier, equal in zip(options.plan.tiers, groups, strict=True):
        may = [path for path in tier if path not in options.waiting and path not in options.apart]
        found = [share for group in equal if (share := share_of(group, may, request_id, is_full))]
        tiers.append(arranged(tier, found))
        shares += found
    if not shares and options.unplanned is None:
        return options
    unplanned = options.unplanned and shared(options.unplanned, groups, request_id, is_full)
    plan = Plan(tiers=tuple(tiers), waives=options.plan.waives)
    return replace(options, plan=plan, shares=tuple(shares), unplanned=unplanned)
