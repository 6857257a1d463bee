"""The plan of a request, by what models achieve: prepared once for each kind of request, and looked up after that."""

from dataclasses import dataclass, field

from schemas.attempt import Candidate, Plan
from schemas.ids import is_drawn
from schemas.portfolio import Lane, Portfolio
from schemas.request import Request
from schemas.vocabulary import Risk
from services.router.domain.choose import Options
from services.router.domain.prepared import Prepared, prepare
from services.router.domain.scores import Scores

USUAL_EXPLORATION = 0.02
MOST_PREPARED = 4_096
Kind = tuple[str, str, str, str, frozenset[Candidate], bool, bool, bool]
"""What requests of one kind have in common: they share a plan.

Revision, lane, task class, version of the scores, the paths that may serve, whether the plan may do without agreement,
whether it may let answers agree that are less alike than usual, and whether a third may settle what two differ on.
"""


@dataclass(frozen=True, slots=True)
class Leeway:
    """What a lane leaves to the plan of requests of one risk: as in ``Kind``, and the share spent on learning more."""

    agreement: bool
    lower_threshold: bool
    third: bool
    explored: float


@dataclass(slots=True)
class Planner:
    """Keeps prepared plans; they follow from the scores and the portfolio alone, and change no choice by being kept."""

    _prepared: dict[Kind, Prepared | None] = field(default_factory=dict[Kind, "Prepared | None"])
    _changes: int = 0
    _seeded: dict[str, frozenset[str]] = field(default_factory=dict[str, "frozenset[str]"])
    _leeways: dict[tuple[str, str, str], Leeway] = field(default_factory=dict[tuple[str, str, str], Leeway])

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
        leeway = self._leeway(portfolio, request)
        leaves = leeway.agreement, leeway.lower_threshold, leeway.third
        kind = (request.revision, request.lane, request.profile.task, scores.version, may, *leaves)
        if kind not in self._prepared:
            self._prepared[kind] = prepare(portfolio, request, scores, may, options.plan.tiers)
        found = self._prepared[kind]
        may_explore = is_drawn(request.request_id, leeway.explored)
        return options if found is None else _in_order(options, found, may_explore=may_explore)

    def _leeway(self, portfolio: Portfolio, request: Request) -> Leeway:
        kind = (request.revision, request.lane, request.risk)
        if kind not in self._leeways:
            if len(self._leeways) > MOST_PREPARED:
                self._leeways = {}
            self._leeways[kind] = leeway_of(portfolio, portfolio.lanes[request.lane], request.risk)
        return self._leeways[kind]

    def _is_known(self, portfolio: Portfolio, request: Request, scores: Scores) -> bool:
        """Whether anything is known of the request's task: it is scored, or the document holds what was learned."""
        if request.profile.task in scores.tasks:
            return True
        if request.revision not in self._seeded:
            tasks = (task for model in portfolio.models.values() for task in model.priors or ())
            self._seeded[request.revision] = frozenset(tasks)
        return request.profile.task in self._seeded[request.revision]


def leeway_of(portfolio: Portfolio, lane: Lane, risk: str) -> Leeway:
    """What a lane leaves to the plan; nothing is explored where being wrong is dear."""
    is_dear = portfolio.is_critical(lane) or risk == Risk.HIGH
    share = USUAL_EXPLORATION if lane.explore is None else lane.explore
    return Leeway(
        agreement=portfolio.leaves_agreement(lane, risk),
        lower_threshold=portfolio.may_lower_threshold(lane, risk),
        third=portfolio.may_settle_by_plan(lane, risk),
        explored=0.0 if is_dear else share,
    )


def _in_order(options: Options, found: Prepared, *, may_explore: bool) -> Options:
    found = found.confirmed if found.confirmed and may_explore else found
    tiers = tuple(_first(tier, found.first_of.get(number)) for number, tier in enumerate(options.plan.tiers))
    is_the_same = tiers == options.plan.tiers and not found.waives
    return Options(
        plan=options.plan if is_the_same else Plan(tiers=tiers, waives=found.waives),
        costs=options.costs,
        waiting=options.waiting,
        excluded=(*options.excluded, *found.passed.values()),
        unplanned=options,
        why=found.why,
        scores=found.known,
        of_pair=found.of_pair,
        explored=found.explored if may_explore else None,
        apart=found.apart,
    )


def _first(tier: tuple[Candidate, ...], first: Candidate | None) -> tuple[Candidate, ...]:
    """A tier with the plan's path before the others; a tier that is passed over is empty."""
    if first is None:
        return ()
    if tier[:1] == (first,):
        return tier
    return (first, *(each for each in tier if each != first))
