"""In which order a request asks paths that are equal. Pure."""

from dataclasses import replace

from schemas.attempt import Candidate, Plan
from services.router.domain.choose import Options
from services.router.domain.sharing import Drawn, Group, Groups, IsFull, Share, arranged, share_of


def shared(options: Options, groups: Groups, drawn: Drawn, is_full: IsFull) -> Options:
    """The options with equal paths in the order in which a request asks them. ``groups``: by tier, the equal ones.

    What the plan says of its own path holds for one that is equal to it, too.
    """
    tiers: list[tuple[Candidate, ...]] = []
    shares: list[Share] = []
    for tier, equal in zip(options.plan.tiers, groups, strict=True):
        found = _shares(options, tier, equal, drawn, is_full) if equal else []
        tiers.append(arranged(tier, found) if found else tier)
        shares += found
    if not shares and options.unplanned is None:
        return options
    unplanned = options.unplanned and shared(options.unplanned, groups, drawn, is_full)
    plan = Plan(tiers=tuple(tiers), waives=options.plan.waives)
    return replace(options, plan=plan, shares=tuple(shares), unplanned=unplanned)


def _shares(
    options: Options, tier: tuple[Candidate, ...], equal: tuple[Group, ...], drawn: Drawn, is_full: IsFull
) -> list[Share]:
    may = frozenset(path for path in tier if path not in options.waiting and path not in options.apart)
    return [share for group in equal if (share := share_of(group, may, drawn, is_full))]
