"""The plan of a request, and the choice of its next attempt. Pure: the same facts give the same choice."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from schemas.attempt import Candidate, Choice, Exclusion, Plan, Tried
from schemas.portfolio import Portfolio
from schemas.request import Request
from schemas.vocabulary import Action, Role
from services.router.domain.cost import expected_micro_usd
from services.router.domain.eligibility import why_not

WhyNotNow = Callable[[Candidate], str | None]
NO_MODEL = ""


@dataclass(frozen=True, slots=True)
class Options:
    """All the ways to serve a request: the eligible ones by tier and cost, and the others with the reason."""

    plan: Plan
    costs: dict[Candidate, int]
    excluded: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The next attempt's path."""

    candidate: Candidate
    tier: int
    role: Role
    choice: Choice


def options_for(portfolio: Portfolio, request: Request, why_not_now: WhyNotNow) -> Options:
    """Sort every path of the request's lane into eligible and excluded."""
    costs: dict[Candidate, int] = {}
    excluded: list[Exclusion] = []
    tiers: list[tuple[Candidate, ...]] = []
    for names in portfolio.lanes[request.lane].tiers:
        eligible: list[Candidate] = []
        for name in names:
            model = portfolio.models[name]
            for endpoint in model.endpoints:
                candidate = Candidate(model=name, provider=endpoint.provider)
                against = why_not(portfolio, name, model, endpoint, request) or why_not_now(candidate)
                if against is not None:
                    excluded.append(Exclusion(model=name, provider=endpoint.provider, why=against))
                    continue
                costs[candidate] = expected_micro_usd(endpoint.price, request)
                eligible.append(candidate)
        tiers.append(tuple(sorted(eligible, key=lambda c: (costs[c], c.model, c.provider))))
    return Options(Plan(tiers=tuple(tiers)), costs, tuple(excluded))


def choose_first(options: Options) -> Chosen | None:
    """The cheapest path of the lowest tier that has one."""
    return _first(options, range(len(options.plan.tiers)), (), Role.PRIMARY, "the cheapest eligible path")


def choose_next(options: Options, action: str, tier: int, tried: Iterable[Tried]) -> Chosen | None:
    """The path that an escalation asks for; tiers above are looked at when the one asked for has none left."""
    tried = tuple(tried)
    used = tuple(Candidate(model=t.model, provider=t.provider) for t in tried if t.model and t.provider)
    upward = range(tier, len(options.plan.tiers))
    if action == Action.REPAIR and (again := _again(options, used, tier)) is not None:
        return again
    if action == Action.AGREEMENT:
        return _second_opinion(options, used, tier)
    why = "the cheapest path not tried yet, a tier up" if action == Action.UP else "another path of the tier"
    return _first(options, upward, used, Role.PRIMARY, why)


def _again(options: Options, used: tuple[Candidate, ...], tier: int) -> Chosen | None:
    last = used[-1] if used else None
    if last is None or last not in options.costs:
        return None
    choice = _choice(options, last, "the same model mends its own answer")
    return Chosen(last, tier, Role.REPAIR, choice)


def _second_opinion(options: Options, used: tuple[Candidate, ...], tier: int) -> Chosen | None:
    """Another model than the one in doubt: of the tier or above, else of a lower one."""
    doubted = {candidate.model for candidate in used}
    tiers = [*range(tier, len(options.plan.tiers)), *range(min(tier, len(options.plan.tiers)))]
    for number in tiers:
        for candidate in options.plan.tiers[number]:
            if candidate.model not in doubted:
                choice = _choice(options, candidate, "another model is asked whether it agrees")
                return Chosen(candidate, number, Role.AGREEMENT, choice)
    return None


def _first(options: Options, tiers: Iterable[int], used: tuple[Candidate, ...], role: Role, why: str) -> Chosen | None:
    for number in tiers:
        for candidate in options.plan.tiers[number]:
            if candidate not in used:
                return Chosen(candidate, number, role, _choice(options, candidate, why))
    return None


def _choice(options: Options, candidate: Candidate, why: str) -> Choice:
    return Choice(why=why, expected_micro_usd=options.costs[candidate], excluded=options.excluded)


def why_none(request: Request, options: Options) -> str:
    """Why no path is left, and which line of the portfolio would help."""
    against = "; ".join(f"{e.model}@{e.provider}: {e.why}" for e in options.excluded)
    remedy = f"a model that can serve it in lanes.{request.lane}.tiers of the portfolio would help"
    return f"no eligible model is left in lane {request.lane} ({against or 'all were tried'}): {remedy}"
