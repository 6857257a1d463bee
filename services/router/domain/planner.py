"""The plan of a request, by what models achieve: prepared once for each kind of request, and looked up after that."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from schemas.attempt import Candidate, Exclusion, Plan
from schemas.models import Prior
from schemas.portfolio import CheckName, Lane, Portfolio
from schemas.request import Request
from schemas.vocabulary import Risk
from services.router.domain.choose import Options, Tiers
from services.router.domain.cost import usual_micro_usd
from services.router.domain.roads import KNOWN_ANSWERS, Path, Picked, Road, believed, pick
from services.router.domain.scores import Scores

USUAL_EXPLORATION = 0.02
MOST_EXPLORED_COST = 2.0
"""A path is explored at most at so many times what the plan costs."""
MOST_PREPARED = 4_096
Kind = tuple[str, str, str, str, frozenset[Candidate]]
"""Revision, lane, task class, version of the scores, and the paths that may serve."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every request of a kind is told. ``passed``: the paths that the plan leaves out. ``known``: by what."""

    first_of: Mapping[int, Candidate]
    passed: Mapping[Candidate, Exclusion]
    why: str
    known: str
    explored: tuple[Candidate, int, str] | None


@dataclass(slots=True)
class Planner:
    """Keeps prepared plans; they follow from the scores and the portfolio alone, and change no choice by being kept."""

    _prepared: dict[Kind, Prepared | None] = field(default_factory=dict[Kind, "Prepared | None"])
    _changes: int = 0
    _seeded: dict[str, frozenset[str]] = field(default_factory=dict[str, "frozenset[str]"])

    def planned(
        self, options: Options, portfolio: Portfolio, request: Request, scores: Scores, changes: int
    ) -> Options:
        """The options in the plan's order; as they are where nothing is known, or is not to be followed."""
        if request.pinned_model is not None or not self._is_known(portfolio, request, scores):
            return options
        if portfolio.lanes[request.lane].learns is False:
            return options
        if changes != self._changes or len(self._prepared) > MOST_PREPARED:
            self._prepared, self._changes = {}, changes
        may = frozenset(options.costs) if not options.waiting else frozenset(options.costs.keys() - options.waiting)
        kind = (request.revision, request.lane, request.profile.task, scores.version, may)
        if kind not in self._prepared:
            self._prepared[kind] = prepare(portfolio, request, scores, may, options.plan.tiers)
        found = self._prepared[kind]
        return options if found is None else _in_order(options, found, portfolio, request)

    def _is_known(self, portfolio: Portfolio, request: Request, scores: Scores) -> bool:
        """Whether anything is known of the request's task: it is scored, or the document holds what was learned."""
        if request.profile.task in scores.tasks:
            return True
        if request.revision not in self._seeded:
            tasks = (task for model in portfolio.models.values() for task in model.priors or ())
            self._seeded[request.revision] = frozenset(tasks)
        return request.profile.task in self._seeded[request.revision]


def confirms(lane: Lane) -> bool:
    """Whether another model must agree with an answer of this lane."""
    names = (name for check in lane.checks for name in ([check] if isinstance(check, str) else check))
    return CheckName.AGREEMENT in names


def prepare(
    portfolio: Portfolio, request: Request, scores: Scores, may: frozenset[Candidate], tiers: Tiers
) -> Prepared | None:
    """The plan for requests of this kind; ``None`` when no path of theirs is scored, or none may serve."""
    lane, task = portfolio.lanes[request.lane], request.profile.task
    usual = [sorted((each for each in tier if each in may), key=lambda each: _usual(portfolio, each)) for tier in tiers]
    paths = [[_path(portfolio, scores, task, each) for each in tier] for tier in usual]
    known = [path for tier in paths for path in tier]
    if not any(path.answers for path in known):
        return None
    picked = pick(paths, lane, confirms=confirms(lane))
    if picked is None:
        return None
    by = _known_by(portfolio, scores, task, known)
    tier_of = {path.candidate: number for number, tier in enumerate(paths) for path in tier}
    asked = [*([picked.road.second] if picked.road.second else []), *picked.road.paths]
    first_of = {tier_of[path.candidate]: path.candidate for path in asked}
    return Prepared(
        first_of=first_of,
        passed={path.candidate: _passed(path) for path in known if tier_of[path.candidate] not in first_of},
        why=_why(picked, lane, by),
        known=by,
        explored=_explored(picked.road, known, tier_of),
    )


def _path(portfolio: Portfolio, scores: Scores, task: str, candidate: Candidate) -> Path:
    score = scores.of(task, candidate.model, candidate.provider)
    return believed(candidate, score, _prior(portfolio, task, candidate), _usual(portfolio, candidate)[0])


def _prior(portfolio: Portfolio, task: str, candidate: Candidate) -> Prior | None:
    model = portfolio.models[candidate.model]
    return (model.priors or {}).get(task, model.prior)


def _known_by(portfolio: Portfolio, scores: Scores, task: str, known: list[Path]) -> str:
    """The version of the scores, and of the recorded answers whose priors spoke, too."""
    priors = (_prior(portfolio, task, path.candidate) for path in known)
    sources = sorted({prior.source for prior in priors if prior and prior.source})
    return ", ".join([*([scores.version] if task in scores.tasks else []), *sources])


def _usual(portfolio: Portfolio, path: Candidate) -> tuple[int, str, str]:
    """The order of a tier without scores, for a request of usual length: what it costs comes first."""
    endpoints = portfolio.models[path.model].endpoints
    price = next(each.price for each in endpoints if each.provider == path.provider)
    return usual_micro_usd(price), path.model, path.provider


def _explored(road: Road, known: list[Path], tier_of: Mapping[Candidate, int]) -> tuple[Candidate, int, str] | None:
    """The path of which least is known, of those that are not dear; none while the plan's own first is hardly known.

    Where answers are confirmed, only of the same tier: from higher up fewer are left to settle a difference.
    """
    first = road.paths[0]
    if first.answers < KNOWN_ANSWERS:
        return None
    others = (path for path in known if path is not first)
    beside = (path for path in others if road.second is None or tier_of[path.candidate] == tier_of[first.candidate])
    affordable = [path for path in beside if path.micro_usd <= MOST_EXPLORED_COST * road.micro_usd]
    if not affordable:
        return None
    least = min(affordable, key=lambda path: (path.answers, path.micro_usd))
    why = f"explored: some requests go to the path of which least is known ({least.answers:.0f} answers known)"
    return least.candidate, tier_of[least.candidate], why


def _in_order(options: Options, found: Prepared, portfolio: Portfolio, request: Request) -> Options:
    tiers = tuple(_first(tier, found.first_of.get(number)) for number, tier in enumerate(options.plan.tiers))
    return replace(
        options,
        plan=Plan(tiers=tiers),
        excluded=(*options.excluded, *found.passed.values()),
        unplanned=options,
        why=found.why,
        scores=found.known,
        explored=found.explored if _may_explore(portfolio, request) else None,
    )


def _first(tier: tuple[Candidate, ...], first: Candidate | None) -> tuple[Candidate, ...]:
    """A tier with the plan's path before the others; a tier that is passed over is empty."""
    if first is None:
        return ()
    return (first, *(each for each in tier if each != first))


def _may_explore(portfolio: Portfolio, request: Request) -> bool:
    """Bounded, told by the request's id, and never where being wrong is dear."""
    lane = portfolio.lanes[request.lane]
    if portfolio.is_critical(lane) or request.risk == Risk.HIGH:
        return False
    share = USUAL_EXPLORATION if lane.explore is None else lane.explore
    return request.request_id.int % 10_000 < share * 10_000


def _passed(path: Path) -> Exclusion:
    why = f"passed over by the plan: expected success {path.success:.1%} ({path.answers:.0f} answers known)"
    return Exclusion(model=path.candidate.model, provider=path.candidate.provider, why=why)


def _why(picked: Picked, lane: Lane, by: str) -> str:
    asked = lane.bar.success
    bar = f"a bar of {asked:.1%}" if asked is not None else "what the tiers in order achieve"
    how = f"the cheapest plan that clears {bar}" if picked.clears else f"no plan clears {bar}; the surest one"
    against = f"; runner-up {_told(picked.runner_up)}" if picked.runner_up else ""
    return f"{how}: {_told(picked.road)}{against}; scores of {by}"


def _told(road: Road) -> str:
    first, *rest = (path.candidate.model for path in road.paths)
    names = " → ".join([f"{first} with {road.second.candidate.model}" if road.second else first, *rest])
    return f"{names}: success {road.success:.1%} (at least {road.least:.1%}, 95 % sure), ${road.micro_usd / 1e6:.6f}"
