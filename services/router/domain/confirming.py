"""Whether another model must agree, where a lane leaves that to the plan: by what recorded answers say of both ways.

Live scores count what nobody confirmed as right until somebody complains, so that they cannot say what agreement is
worth: the recorded shares speak, as long as live answers do not speak against them. Where anything is not known, or no
longer true, and where nothing else would vouch for the answer though the lane has a bar on that, another must agree.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.attempt import Candidate
from schemas.check_settings import USUAL_THRESHOLD
from schemas.models import Prior
from schemas.portfolio import Lane
from schemas.standing import ModelScored
from services.router.domain.beliefs import KNOWN_ANSWERS, Path, believed
from services.router.domain.roads import Pair, Picked, Road, alone, among, asked_for, confirmed, told
from services.router.domain.thirds import Opinions, Thirds, as_recorded, is_short
from services.router.domain.thresholds import Wanting, is_measured_alike, is_seldom_alike

Priors = Mapping[Candidate, Prior]
Scored = Mapping[Candidate, ModelScored]
Tiers = Sequence[Sequence[Path]]
USUAL = Wanting(USUAL_THRESHOLD)


@dataclass(frozen=True, slots=True)
class Weighed:
    """The road to take, the best on which two must agree, and why the best of the other kind was refused."""

    picked: Picked
    pair: Road
    why: str

    @property
    def waives(self) -> bool:
        """Whether nobody has to agree."""
        return self.picked.road.second is None


def where_confirmed(prior: Prior | None) -> Prior | None:
    """What is believed where another model must agree."""
    if prior is None or prior.confirmed is None:
        return prior
    its = prior.confirmed
    return prior.model_copy(update={"success": its.success, "false_accepts": its.false_accepts})


def weigh(
    tiers: Tiers,
    lane: Lane,
    priors: Priors,
    scores: Scored,
    wants: Wanting = USUAL,
    thirds: Thirds = Thirds.NEVER,
) -> Weighed | str:
    """The cheapest road of either kind that clears the bar; else why another model must agree whatever it costs.

    Either two who must agree, or one after the other. Without a bar both are held to what the first pair achieves.
    """
    each = [path.candidate for tier in tiers for path in tier]
    if (against := _why_always(each, lane, priors)) is not None:
        return against
    by_alike = wants if wants.planned or thirds is Thirds.NEVER else replace(wants, planned=True)
    worse = [path for path in each if _is_worse(priors[path], scores.get(path), by_alike)]
    opinions = Opinions(priors.get, scores.get, wants, thirds)
    used = [[_expected(path, priors[path.candidate], worse, scores) for path in tier] for tier in tiers if tier]

    def agreed_by(path: Path, second: Path, third: Path | None) -> Pair:
        found = _agreed(path, second, priors[path.candidate])
        return opinions.pair(found, second, third) if found else Pair(())

    pairs = confirmed(used, lane.max_attempts, agreed_by)
    if (against := _why_unknown(pairs, used[0][0].candidate, worse)) is not None:
        return against
    known = [pair for pair in pairs if not any(path in worse for path in _pair(pair))]
    sure = [[path for path in tier if path.candidate not in worse] for tier in used]
    return _weighed(known, alone([tier for tier in sure if tier], lane.max_attempts), lane, priors)


def _why_unknown(pairs: Sequence[Road], first: Candidate, worse: Collection[Candidate]) -> str | None:
    """Why nothing tells what agreement with the answers of the first is worth."""
    if not pairs or pairs[0].paths[0].candidate != first:
        return f"no recorded answers say what it is worth, of {first.model} and who would be asked"
    no_more = next((path for path in _pair(pairs[0]) if path in worse), None)
    return f"{no_more.model} does worse than recorded" if no_more else None


def _pair(road: Road) -> tuple[Candidate, ...]:
    """Those whose agreement was recorded: it says nothing any more where one of them does worse now."""
    return (road.paths[0].candidate, *(path.candidate for path in (road.second, road.third) if path))


def _weighed(pairs: Sequence[Road], singles: Sequence[Road], lane: Lane, priors: Priors) -> Weighed:
    wanted = asked_for(lane, pairs)
    picked, pair, single = (among(kind, lane, wanted) for kind in ([*pairs, *singles], pairs, singles))
    other = pair if picked.road.second is None else single
    errors = _errors(priors[pair.road.paths[0].candidate], pair.road)
    return Weighed(picked, pair.road, f"{_refused(picked, other)} ({errors})")


def _why_always(paths: Sequence[Candidate], lane: Lane, priors: Priors) -> str | None:
    """``paths``: the one that is asked first where nothing is known comes first."""
    if lane.needs_agreement:
        return "the lane has a bar on compliance_risk, and no other check vouches for every answer"
    if unknown := next((path for path in paths if not _is_recorded(priors.get(path))), None):
        return f"no recorded answers say how often {unknown.model} is wrong without it"
    return None


def _is_recorded(prior: Prior | None) -> bool:
    return prior is not None and prior.source is not None and prior.answers >= KNOWN_ANSWERS


def _is_worse(prior: Prior, score: ModelScored | None, wants: Wanting) -> bool:
    """Whether live answers are right less often than was recorded, with 95 % confidence.

    Where the plan may ask for more alike answers than usual, fewer are accepted, and success alone tells little: how
    alike the answers are is compared then.
    """
    if wants.planned and is_measured_alike(prior, score):
        return is_seldom_alike(prior, score, wants.fixed)
    return is_short(score, prior.confirmed.success if prior.confirmed else prior.success, prior.answers)


def _expected(path: Path, prior: Prior, worse: Collection[Candidate], scores: Scored) -> Path:
    """What is expected of a path: cost and latency as they are known by now, success as it was recorded.

    One that does worse than recorded is expected to achieve what live answers say.
    """
    score = scores.get(path.candidate) if path.candidate in worse else None
    its = believed(path.candidate, score, prior, 0)
    return replace(path, success=its.success, variance=its.variance, accepted=its.accepted)


def _agreed(path: Path, second: Path, prior: Prior) -> Path | None:
    """The same path where this second one must agree; none where it was another who did when that was recorded."""
    its = prior.confirmed
    return as_recorded(path, prior, its) if its is not None and its.by == second.candidate.model else None


def _refused(picked: Picked, other: Picked) -> str:
    """Why the best road of the other kind is not taken."""
    less = "would not clear the bar" if picked.clears else "would be less sure"
    but = "would cost more" if other.clears else less
    how = "agreement kept: without it" if picked.road.second else "agreement refused: with it"
    return f"{how} {told(other.road)}, {but}"


def _errors(prior: Prior, pair: Road) -> str:
    """How often agreement is wrong about the first's answers, as recorded."""
    if (its := prior.confirmed) is None:
        return ""
    name, passed = pair.paths[0].candidate.model, its.false_accepts / (prior.false_accepts or 1)
    missed = 1 - its.success / (prior.success or 1)
    return f"{its.by} agrees with {passed:.1%} of the wrong answers of {name}, and not with {missed:.1%} of the right"
