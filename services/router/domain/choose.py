"""The plan of a request, and the choice of its next attempt. Pure: the same facts give the same choice."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.attempt import Candidate, Choice, Exclusion, Plan, Tried
from schemas.budget import why_unpaid
from schemas.paths import settling, turned_away, used_paths
from schemas.request import Request
from schemas.vocabulary import Action, Reason, Role
from services.router.domain.cost import expected_micro_usd
from services.router.domain.sharing import Share, why_shared
from services.router.domain.ways import Ways, candidate_of

WhyNotNow = Callable[[Candidate], str | None]
"""The reason why a path cannot be taken at the moment; ``None`` when it can."""
Reopens = Callable[[Candidate], datetime | None]
"""When a path that is left alone may be tried again; ``None`` where that is not known, or it is not left alone."""
NO_MODEL = ""
Tiers = tuple[tuple[Candidate, ...], ...]


@dataclass(frozen=True, slots=True)
class OfPair:
    """What the plan says of its first two: how alike answers must be, and which third settles it where they differ."""

    first: Candidate
    by: str
    at_least: float | None = None
    third: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """All the ways to serve a request: the eligible ones by tier and cost, and the others with the reason.

    ``waiting``: eligible paths that no worker serves at the moment, with the reason. Where models are scored the tiers
    are in the order of a plan, ``why`` explains it, ``scores`` are their version, and ``unplanned`` is what was before:
    what the plan passes over is still taken when nothing else is left. ``explored``: a path to learn more of, its tier.
    ``of_pair``: what it says of its first two. ``is_short``: paths are excluded that the request's budget cannot pay.
    ``apart``: paths that live answers show to be worse than an equal one of the plan. ``shares``: who shares with whom.
    """

    plan: Plan
    costs: dict[Candidate, int]
    excluded: tuple[Exclusion, ...]
    waiting: dict[Candidate, str]
    unplanned: "Options | None" = None
    why: str | None = None
    scores: str | None = None
    explored: tuple[Candidate, int, str] | None = None
    of_pair: OfPair | None = None
    is_short: bool = False
    apart: frozenset[Candidate] = frozenset()
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The next attempt's path. ``waives``: checks that the plan does without on its own road, of which this path is.

    ``of_pair``: what the plan says of its answer and the one in doubt, where it weighed these two.
    """

    candidate: Candidate
    tier: int
    role: Role
    choice: Choice
    waives: tuple[str, ...] = ()
    of_pair: OfPair | None = None


def options_for(
    ways: Ways, request: Request, why_not_now: WhyNotNow, why_wait: WhyNotNow, spare_micro_usd: int | None = None
) -> Options:
    """Sort the ways of a request into eligible and excluded, and mark the eligible ones that must wait.

    ``spare_micro_usd``: what is left of its budget, where it has one.
    """
    is_short = False
    costs: dict[Candidate, int] = {}
    waiting: dict[Candidate, str] = {}
    excluded: list[Exclusion] = []
    tiers: list[tuple[Candidate, ...]] = []
    for tier in ways:
        eligible: list[Candidate] = []
        for way in tier:
            candidate = way.candidate
            against = way.why_not(request) or why_not_now(candidate)
            if against is not None:
                excluded.append(_exclusion(candidate, against))
                continue
            cost = expected_micro_usd(way.price, request)
            short = spare_micro_usd is not None and cost > spare_micro_usd
            if short and (against := why_unpaid(way.price, request, spare_micro_usd)) is not None:
                excluded.append(_exclusion(candidate, against))
                is_short = True
                continue
            costs[candidate] = cost
            if (wait := why_wait(candidate)) is not None:
                waiting[candidate] = wait
            eligible.append(candidate)
        if len(eligible) > 1:
            eligible.sort(key=lambda c: (costs[c], c.model, c.provider))
        tiers.append(tuple(eligible))
    return Options(Plan(tiers=tuple(tiers)), costs, tuple(excluded), waiting, is_short=is_short)


def choose_first(options: Options) -> Chosen | None:
    """The plan's first path; without scores the cheapest path of the lowest tier that has one."""
    if options.explored is not None:
        candidate, tier, why = options.explored
        return Chosen(candidate, tier, Role.PRIMARY, _choice(options, candidate, why))
    tiers = range(len(options.plan.tiers))
    return _served_first(
        options, lambda ways: _first(ways, tiers, (), Role.PRIMARY, ways.why or "the cheapest eligible path")
    )


def choose_next(options: Options, action: str, tier: int, tried: Sequence[Tried]) -> Chosen | None:
    """The path that an escalation asks for; tiers above are looked at when the one asked for has none left."""
    used = used_by(tried)
    if action == Action.AGAIN:
        return _served_first(options, lambda ways: _after_a_wait(ways, tier, tried))
    return _served_first(options, lambda ways: _next(ways, action, tier, used))


def choose_third(
    options: Options,
    action: str,
    tier: int,
    tried: Sequence[Tried],
    spare_micro_usd: int | None,
    only: str | None = None,
) -> Chosen | None:
    """Who settles what two models differ on: a model for less than the one that answers where all three differ.

    The request must be able to pay for both. Only paths with a live worker count: instead of waiting for one, a
    stronger model is asked. ``only``: the model that a plan weighed, where that has a third settle it.
    """
    used = _used_up(tried) if action == Action.AGAIN else used_by(tried)
    for ways in (options, options.unplanned):
        if ways is not None and (found := _third(_served(ways), tier, used, spare_micro_usd, only)) is not None:
            return found
    return None


def _third(
    options: Options, tier: int, used: Sequence[Candidate], spare: int | None, only: str | None
) -> Chosen | None:
    costs = options.costs
    for number, path in settling(options.plan.tiers, {each.model for each in used}, tier):
        if only is not None and path.model != only:
            continue
        above = min(costs[each] for paths in options.plan.tiers[number + 1 :] for each in paths if each not in used)
        if costs[path] < above and (spare is None or costs[path] + above <= spare):
            why = "two models differ, and a third is asked for less than a stronger one"
            return Chosen(path, number, Role.AGREEMENT, _choice(options, path, _with_share(options, path, why)))
    return None


def used_by(tried: Sequence[Tried]) -> tuple[Candidate, ...]:
    """The paths that were asked, and are not asked for another answer."""
    return tuple(candidate_of(t.model or "", t.provider or "") for t in used_paths(tried))


def choose_among(options: Options, tier: int, left_out: Sequence[Candidate], why: str) -> Chosen | None:
    """The first path of this tier or above that is not left out."""
    upward = range(tier, len(options.plan.tiers))
    return _served_first(options, lambda ways: _first(ways, upward, tuple(left_out), Role.PRIMARY, why))


def asked_again(options: Options, path: Candidate, tier: int, why: str) -> Chosen | None:
    """The same path for another answer; ``None`` where it can be taken no more."""
    if path not in options.costs:
        return None
    return Chosen(path, tier, Role.PRIMARY, _choice(options, path, why), _waived(options, path))


def _after_a_wait(options: Options, tier: int, tried: Sequence[Tried]) -> Chosen | None:
    """A path of the tier that refused for the moment only, or was not asked yet."""
    used = _used_up(tried)
    if tried and tried[-1].role == Role.AGREEMENT:
        return _second_opinion(options, used, tier)
    within = range(tier, min(tier + 1, len(options.plan.tiers)))
    return _first(options, within, used, Role.PRIMARY, "a path of the tier, after the wait that it asked for")


def _used_up(tried: Sequence[Tried]) -> tuple[Candidate, ...]:
    may_come_back = turned_away(tried)
    paths = dict.fromkeys((t.model, t.provider) for t in used_paths(tried))
    return tuple(Candidate(model=m, provider=p) for m, p in paths if m and p and (m, p) not in may_come_back)


@dataclass(frozen=True, slots=True)
class Reopening:
    """A path that could take the request, but for its breaker, which lets it pass at this time."""

    path: Candidate
    tier: int
    at: datetime


def first_to_reopen(
    ways: Ways, request: Request, tier: int, tried: Sequence[Tried], reopens_at: Reopens
) -> Reopening | None:
    """The path, of this tier or above, that is left alone for the shortest time; ``None`` where none comes back."""
    used = _used_up(tried)
    found = [
        Reopening(way.candidate, number, at)
        for number, paths in enumerate(ways)
        for way in paths
        if number >= tier and way.candidate not in used and not way.why_not(request)
        if (at := reopens_at(way.candidate)) is not None
    ]
    return min(found, key=lambda each: each.at, default=None)


def why_left_alone(request: Request, soonest: Reopening) -> str:
    """Why no path takes it just now."""
    name = f"{soonest.path.model}@{soonest.path.provider}"
    return f"no path of lane {request.lane} takes it now: the breaker of {name} is open until {soonest.at:%H:%M:%S} UTC"


def _served_first(options: Options, choose: Callable[[Options], Chosen | None]) -> Chosen | None:
    """A path with a live worker; where there is none, one that waits for its worker until the attempt's deadline."""
    if options.unplanned is not None and (planned := choose(_served(options))) is not None:
        return planned
    ways = options.unplanned or options
    return (choose(_served(ways)) if ways.waiting else None) or choose(ways)


def _served(options: Options) -> Options:
    if not options.waiting:
        return options
    tiers = (tuple(c for c in tier if c not in options.waiting) for tier in options.plan.tiers)
    costs = {candidate: cost for candidate, cost in options.costs.items() if candidate not in options.waiting}
    return replace(options, plan=Plan(tiers=tuple(tiers), waives=options.plan.waives), costs=costs)


def _next(options: Options, action: str, tier: int, used: tuple[Candidate, ...]) -> Chosen | None:
    upward = range(tier, len(options.plan.tiers))
    if action == Action.REPAIR and (again := _again(options, used, tier)) is not None:
        return again
    if action == Action.AGREEMENT:
        return _second_opinion(options, used, tier)
    how = "the plan's next path" if options.unplanned else "the cheapest path not tried yet"
    why = f"{how}, a tier up" if action == Action.UP else "another path of the tier"
    return _first(options, upward, used, Role.PRIMARY, why)


def _again(options: Options, used: tuple[Candidate, ...], tier: int) -> Chosen | None:
    last = used[-1] if used else None
    if last is None or last not in options.costs:
        return None
    choice = _choice(options, last, "the same model mends its own answer")
    return Chosen(last, tier, Role.REPAIR, choice, _waived(options, last))


def _second_opinion(options: Options, used: tuple[Candidate, ...], tier: int) -> Chosen | None:
    """Another model than the one in doubt: of the tier or above, else of a lower one."""
    doubted = {candidate.model for candidate in used}
    tiers = [*range(tier, len(options.plan.tiers)), *range(min(tier, len(options.plan.tiers)))]
    for number in tiers:
        for candidate in options.plan.tiers[number]:
            if candidate.model not in doubted:
                why = _with_share(options, candidate, "another model is asked whether it agrees")
                choice = _choice(options, candidate, why)
                of_pair = _weighed(options, used[-1], candidate.model) if used else None
                return Chosen(candidate, number, Role.AGREEMENT, choice, of_pair=of_pair)
    return None


def _weighed(options: Options, doubted: Candidate, by: str) -> OfPair | None:
    """What the plan says of the two that it weighed, or of an equal of the first; of others nothing was learned."""
    of_pair = options.of_pair
    if of_pair is None or of_pair.by != by:
        return None
    return of_pair if doubted in _equals(options, of_pair.first) else None


def _first(options: Options, tiers: Iterable[int], used: tuple[Candidate, ...], role: Role, why: str) -> Chosen | None:
    for number in tiers:
        for candidate in options.plan.tiers[number]:
            if candidate not in used:
                choice = _choice(options, candidate, _with_share(options, candidate, why))
                return Chosen(candidate, number, role, choice, _waived(options, candidate))
    return None


def _with_share(options: Options, path: Candidate, why: str) -> str:
    """Why a path is taken, and with whom it shares."""
    share = _share(options, path)
    return why if share is None else f"{why}; {why_shared(share, path)}"


def _equals(options: Options, path: Candidate) -> tuple[Candidate, ...]:
    """Those that share with a path, and the path itself."""
    share = _share(options, path)
    return (path,) if share is None else share.paths


def _share(options: Options, path: Candidate) -> Share | None:
    return next((each for each in options.shares if path in each.paths), None)


def _waived(options: Options, path: Candidate) -> tuple[str, ...]:
    """What the plan does without was weighed for the first path of each of its tiers, and holds for its equals."""
    equals = _equals(options, path)
    return options.plan.waives if any(tier and tier[0] in equals for tier in options.plan.tiers) else ()


def _choice(options: Options, candidate: Candidate, why: str) -> Choice:
    if (wait := options.waiting.get(candidate)) is not None:
        why = f"{why}, though there is {wait}: nothing else is eligible, and one may come before the deadline"
    others = tuple(_exclusion(path, wait) for path, wait in options.waiting.items() if path != candidate)
    excluded = tuple(each for each in options.excluded if (each.model, each.provider) != _key(candidate)) + others
    return Choice(why=why, expected_micro_usd=options.costs[candidate], excluded=excluded, scores=options.scores)


def _key(path: Candidate) -> tuple[str, str]:
    return path.model, path.provider


def _exclusion(path: Candidate, why: str) -> Exclusion:
    return Exclusion(model=path.model, provider=path.provider, why=why)


def listed(excluded: Iterable[Exclusion]) -> str:
    """The paths that were not taken, each with the reason, on one line."""
    return "; ".join(f"{each.model}@{each.provider}: {each.why}" for each in excluded)


def reason_none(options: Options) -> Reason:
    """The reason for which no path is left."""
    return Reason.BUDGET_SPENT if (options.unplanned or options).is_short else Reason.NO_ELIGIBLE_MODEL


def why_none(request: Request, options: Options) -> str:
    """Why no path is left, and which line of the portfolio would help."""
    against, lane = listed(options.excluded), request.lane
    if reason_none(options) == Reason.BUDGET_SPENT:
        remedy = f"a larger budget_usd, or a model that is free in lanes.{lane}.tiers, would help"
        return f"no model is left in lane {lane} that can be paid ({against}): {remedy}"
    remedy = f"a model that can serve it in lanes.{lane}.tiers of the portfolio would help"
    return f"no eligible model is left in lane {lane} ({against or 'all were tried'}): {remedy}"
