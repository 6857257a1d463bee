"""What every request of a kind is told: the plan, in what order paths are asked, and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.attempt import Candidate, Exclusion
from schemas.models import Prior
from schemas.portfolio import CheckName, Lane, Portfolio
from schemas.request import Request
from schemas.standing import ModelScored
from services.router.domain.beliefs import KNOWN_ANSWERS, Path, believed, is_worse
from services.router.domain.choose import OfPair, Tiers
from services.router.domain.confirming import Weighed, weigh, where_confirmed
from services.router.domain.cost import usual_micro_usd
from services.router.domain.roads import Picked, Road, is_too_slow, pick, told
from services.router.domain.scores import Scores
from services.router.domain.thirds import Opinions, Thirds, thirds_of, why_third
from services.router.domain.thresholds import Wanting, wanting, why_threshold

MOST_EXPLORED_COST = 2.0
"""A path is explored at most at so many times what the plan costs."""
HALF = 0.5
"""What is left of a prior is told from here down."""
WAIVED = (CheckName.AGREEMENT.value,)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every request of a kind is told. ``passed``: the paths that the plan leaves out. ``known``: by what.

    ``waives``: checks that it does without; ``confirmed`` is then the plan of requests that are spent on learning.
    ``of_pair``: how alike the answers of the first two must be, and if a third settles it, where the plan says it.
    ``apart``: other paths of the plan's models that are known to be worse, and share none of its requests.
    """

    first_of: Mapping[int, Candidate]
    passed: Mapping[Candidate, Exclusion]
    why: str
    known: str
    explored: tuple[Candidate, int, str] | None
    waives: tuple[str, ...] = ()
    confirmed: "Prepared | None" = None
    of_pair: OfPair | None = None
    apart: frozenset[Candidate] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the paths that may serve a task in a lane, in the order without scores."""

    portfolio: Portfolio
    lane: Lane
    task: str
    scores: Scores
    tiers: Tiers
    wants: Wanting
    thirds: Thirds

    @property
    def opinions(self) -> Opinions:
        """What is known of who agrees with whom, and of who settles it where two do not."""
        return Opinions(self.prior, self.score, self.wants, self.thirds)

    def score(self, path: Candidate) -> ModelScored | None:
        """What is known of a path in this task by live answers; ``None`` where it is not scored."""
        return self.scores.of(self.task, path.model, path.provider)

    def prior(self, path: Candidate) -> Prior | None:
        """What the document believes of a path's model: for this task, else for any."""
        model = self.portfolio.models[path.model]
        return (model.priors or {}).get(self.task, model.prior)

    def believed(self) -> list[list[Path]]:
        """What the lane's checks let pass is believed; where another must agree, what is left then."""
        return [[self._believed(path) for path in tier] for tier in self.tiers]

    def _believed(self, path: Candidate) -> Path:
        prior = where_confirmed(self.prior(path)) if confirms(self.lane) else self.prior(path)
        return believed(path, self.score(path), prior, _usual(self.portfolio, path)[0])

    @property
    def by(self) -> str:
        """The version of the scores, and of the recorded answers whose priors spoke, too."""
        priors = (self.prior(path) for tier in self.tiers for path in tier)
        sources = sorted({prior.source for prior in priors if prior and prior.source})
        return ", ".join([*([self.scores.version] if self.task in self.scores.tasks else []), *sources])


def confirms(lane: Lane) -> bool:
    """Whether another model must agree with an answer of this lane, always or where the plan says so."""
    return CheckName.AGREEMENT in lane.check_names


def prepare(
    portfolio: Portfolio, request: Request, scores: Scores, may: frozenset[Candidate], tiers: Tiers
) -> Prepared | None:
    """The plan for requests of this kind; ``None`` when no path of theirs is scored, or none may serve."""
    usual = tuple(
        tuple(sorted((each for each in tier if each in may), key=lambda each: _usual(portfolio, each)))
        for tier in tiers
    )
    lane = portfolio.lanes[request.lane]
    wants, thirds = wanting(portfolio, lane, request.risk), thirds_of(portfolio, lane, request.risk)
    known = Known(portfolio, lane, request.profile.task, scores, usual, wants, thirds)
    paths = known.believed()
    if not any(path.answers for tier in paths for path in tier):
        return None
    weighed = _weighed(known, paths) if portfolio.leaves_agreement(known.lane, request.risk) else ""
    if isinstance(weighed, Weighed):
        return _either_way(known, paths, weighed)
    picked = pick(paths, known.lane, known.opinions.pair if confirms(known.lane) else None)
    why = f"agreement always: {weighed}" if weighed else ""
    return _prepared(known, paths, picked.road, _why(picked, known, paths, why)) if picked else None


def _weighed(known: Known, paths: list[list[Path]]) -> Weighed | str:
    each = [path for tier in known.tiers for path in tier]
    priors = {path: prior for path in each if (prior := known.prior(path)) is not None}
    scores = {path: score for path in each if (score := known.score(path)) is not None}
    return weigh(paths, known.lane, priors, scores, known.wants, known.thirds)


def _either_way(known: Known, paths: list[list[Path]], weighed: Weighed) -> Prepared:
    """The plan of either kind; one that waives agreement asks for it all the same where something is to be learned."""
    found = _prepared(known, paths, weighed.picked.road, _why(weighed.picked, known, paths, weighed.why))
    if not weighed.waives:
        return found
    expected = f"{told(weighed.pair)}; {_by_tier(paths, weighed.pair)}; scores of {known.by}"
    why = f"explored: some answers are confirmed all the same: {expected}"
    learning = replace(_prepared(known, paths, weighed.pair, why), explored=None)
    return replace(found, explored=None, waives=WAIVED, confirmed=learning)


def _prepared(known: Known, paths: list[list[Path]], road: Road, why: str) -> Prepared:
    tier_of = {path: number for number, tier in enumerate(known.tiers) for path in tier}
    first, *rest = road.paths
    asked = [first, *([road.second] if road.second else []), *rest]
    first_of = {tier_of[path.candidate]: path.candidate for path in reversed(asked)}
    each = [path for tier in paths for path in tier]
    return Prepared(
        first_of=first_of,
        passed={path.candidate: _passed(path) for path in each if tier_of[path.candidate] not in first_of},
        why=why,
        known=known.by,
        explored=_explored(road, each, tier_of),
        of_pair=_of_pair(road, known.thirds),
        apart=_apart(road, asked, each, known.lane),
    )


def _apart(road: Road, asked: Sequence[Path], paths: Sequence[Path], lane: Lane) -> frozenset[Candidate]:
    """Paths of the same models as the plan's that do not stand in for them: they do worse, or would take too long.

    The road's own are compared as all are believed, and not with what the road's threshold makes of them.
    """
    taken = frozenset(path.candidate for path in asked)
    return frozenset(
        other.candidate
        for one in paths
        if one.candidate in taken
        for other in paths
        if other.candidate.model == one.candidate.model and other.candidate not in taken
        if is_worse(other, one) or is_too_slow(road, one, other, lane)
    )


def _by_tier(tiers: Sequence[Sequence[Path]], road: Road) -> str:
    """How hard the task is: what one path of each tier achieves alone, the road's own where it takes one there."""
    taken = [path.candidate for path in road.paths]
    ones = ((at, _one_of(tier, taken)) for at, tier in enumerate(tiers, 1) if tier)
    each = (f"{at} {one.candidate.model} {one.success:.1%}{_by_what(one)}" for at, one in ones)
    return f"predicted success by tier: {', '.join(each)}"


def _by_what(path: Path) -> str:
    """What stands behind a prediction, where that is not plain: a guess, or live answers against what was recorded."""
    if not path.answers:
        return " (a guess)"
    return "" if path.kept > HALF else f" (live answers leave {path.kept:.0%} of its prior)"


def _one_of(tier: Sequence[Path], taken: Sequence[Candidate]) -> Path:
    return next((path for path in tier if path.candidate in taken), tier[0])


def _of_pair(road: Road, thirds: Thirds) -> OfPair | None:
    first = road.paths[0]
    third = road.third.candidate.model if road.third and thirds is Thirds.PLANNED else None
    if road.second is None or (first.threshold is None and third is None):
        return None
    return OfPair(first.candidate, road.second.candidate.model, first.threshold, third)


def _usual(portfolio: Portfolio, path: Candidate) -> tuple[int, str, str]:
    """The order of a tier without scores, for a request of usual length: what it costs comes first."""
    endpoint = portfolio.models[path.model].endpoint_at(path.provider)
    return usual_micro_usd(endpoint.price if endpoint else None), path.model, path.provider


def _explored(road: Road, known: list[Path], tier_of: Mapping[Candidate, int]) -> tuple[Candidate, int, str] | None:
    """The path of which least is known, of those that are not dear; none while the plan's own first is hardly known.

    Where answers are confirmed, only of the same tier: from higher up fewer are left to settle a difference.
    """
    first = road.paths[0]
    if first.answers < KNOWN_ANSWERS:
        return None
    others = (path for path in known if path.candidate != first.candidate)
    beside = (path for path in others if road.second is None or tier_of[path.candidate] == tier_of[first.candidate])
    affordable = [path for path in beside if path.micro_usd <= MOST_EXPLORED_COST * road.micro_usd]
    if not affordable:
        return None
    least = min(affordable, key=lambda path: (path.answers, path.micro_usd))
    why = f"explored: some requests go to the path of which least is known ({least.answers:.0f} answers known)"
    return least.candidate, tier_of[least.candidate], why


def _passed(path: Path) -> Exclusion:
    why = f"passed over by the plan: expected success {path.success:.1%} ({path.answers:.0f} answers known)"
    return Exclusion(model=path.candidate.model, provider=path.candidate.provider, why=why)


def _why(picked: Picked, known: Known, paths: list[list[Path]], more: str) -> str:
    asked = known.lane.bar.success
    bar = f"a bar of {asked:.1%}" if asked is not None else "what the tiers in order achieve"
    how = f"the cheapest plan that clears {bar}" if picked.clears else f"no plan clears {bar}; the surest one"
    against = f"runner-up {told(picked.runner_up)}" if picked.runner_up else ""
    first = picked.road.paths[0].candidate
    threshold = why_threshold(picked.road, known.prior(first), known.score(first), known.wants)
    said = (
        f"{how}: {told(picked.road)}",
        against,
        threshold,
        why_third(picked, known.opinions),
        more,
        _by_tier(paths, picked.road),
        f"scores of {known.by}",
    )
    return "; ".join(each for each in said if each)
