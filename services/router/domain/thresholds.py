"""How alike two answers must be, where a lane leaves that to the plan: by how often answers so alike were right. Pure.

What is known of a path's answers stands in buckets of the score: what was recorded, and what people and judges said
since of live ones. Each bucket's lower edge is a threshold that a road may have. With few known answers, or where they
agree seldomer than recorded, the fixed one stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from schemas.check_settings import fixed_threshold, plans_threshold
from schemas.models import BUCKETS, Confirmed, Curve, Prior
from schemas.portfolio import CheckName, Lane, Portfolio
from schemas.standing import ModelScored, ScoreCurve
from schemas.vocabulary import Risk
from services.router.domain.beliefs import KNOWN_ANSWERS, Path, is_below, kept_of
from services.router.domain.roads import Road

KNOWN_LABELS = 30.0
"""A threshold is planned only by so many answers of which it is known whether they were right."""
EDGES = tuple(number / BUCKETS for number in range(1, BUCKETS))
ROUNDING = 1e-9
Shares = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Wanting:
    """How alike answers must be in a lane: ``fixed``, unless it is ``planned``; ``may_lower``: below that, too."""

    fixed: float
    planned: bool = False
    may_lower: bool = False


@dataclass(frozen=True, slots=True)
class Errors:
    """Of all answers of a path, by bucket of the score: which share was right, and which wrong. Worth so many answers.

    Together the shares may come to less than 1: an answer that failed another check was given no score.
    """

    right: Shares
    wrong: Shares
    answers: float

    def passing(self, threshold: float) -> tuple[float, float]:
        """The shares, right and wrong, of what is alike enough."""
        return min(1.0, _from(self.right, threshold)), min(1.0, _from(self.wrong, threshold))


def wanting(portfolio: Portfolio, lane: Lane, risk: Risk | str) -> Wanting:
    """What a lane says of it, for requests of such a risk."""
    lower = portfolio.may_lower_threshold(lane, risk)
    return Wanting(fixed_threshold(lane.checks), plans_threshold(lane.checks), lower)


def agreed(path: Path, second: Path, prior: Prior | None, score: ModelScored | None, wants: Wanting) -> list[Path]:
    """What may be believed of a path whose answers this second one must agree with: by the fixed threshold first."""
    errors = errors_of(prior, score, second.candidate.model) if wants.planned else None
    if errors is None or is_seldom_alike(prior, score, wants.fixed):
        return [path]
    edges = sorted(EDGES, key=lambda edge: abs(edge - wants.fixed))
    thresholds = (wants.fixed, *(edge for edge in edges if wants.may_lower or edge > wants.fixed))
    by_shares = {errors.passing(each): each for each in reversed(thresholds)}
    first, *others = (_at(path, errors, each) for each in thresholds if by_shares[errors.passing(each)] == each)
    return [first, *others]


def errors_of(prior: Prior | None, score: ModelScored | None, by: str) -> Errors | None:
    """What is known of answers that this other model was asked about; ``None`` with too few labels."""
    found = _confirmed(prior, by)
    live, before = _live(score, by), found.curve if found else None
    labels = sum(live.right) + sum(live.wrong) if live else 0.0
    recorded = _kept(before, live, prior.answers) if prior and before else 0.0
    answers = recorded + labels
    if answers < KNOWN_LABELS:
        return None
    right, wrong = ([0.0] * BUCKETS, [0.0] * BUCKETS) if before is None else (before.right, before.wrong)
    if live is not None and labels:
        reach = (sum(right) + sum(wrong)) / (sum(live.seen) or 1.0) if before else 1 / (live.answers or 1.0)
        now = [reach * seen for seen in live.seen]
        good = [(yes + 1) / (yes + no + 2) for yes, no in zip(live.right, live.wrong, strict=True)]
        right = _mixed(right, recorded, [n * g for n, g in zip(now, good, strict=True)], labels)
        wrong = _mixed(wrong, recorded, [n * (1 - g) for n, g in zip(now, good, strict=True)], labels)
    return Errors(tuple(right), tuple(wrong), answers)


def _kept(before: Curve, live: ScoreCurve | None, worth: float) -> float:
    """How many recorded answers still count: fewer, where people call more wrong than was wrong among answers so alike.

    A bucket of which nothing was recorded is taken for half right.
    """
    if live is None:
        return worth
    said = [yes + no for yes, no in zip(live.right, live.wrong, strict=True)]
    each = zip(before.right, before.wrong, said, strict=True)
    expected = sum(now * (right / (right + wrong) if right + wrong else 0.5) for right, wrong, now in each)
    return worth * kept_of(expected / (sum(said) or 1.0), worth, sum(live.right), sum(live.wrong))


def is_seldom_alike(prior: Prior | None, score: ModelScored | None, fixed: float) -> bool:
    """Whether live answers are alike enough seldomer than recorded, with 95 % confidence: what was learned is over."""
    found = prior.confirmed if prior else None
    live = _live(score, found.by) if found else None
    if prior is None or found is None or found.curve is None or live is None or sum(live.seen) < KNOWN_ANSWERS:
        return False
    seen = sum(live.seen)
    recorded = [right + wrong for right, wrong in zip(found.curve.right, found.curve.wrong, strict=True)]
    expected = _from(recorded, fixed) / (sum(recorded) or 1.0)
    return is_below(_from(live.seen, fixed) / seen, seen, expected, prior.answers)


def is_measured_alike(prior: Prior | None, score: ModelScored | None) -> bool:
    """Whether live answers tell by themselves if they still are as alike as recorded."""
    live = _live(score, prior.confirmed.by) if prior and prior.confirmed and prior.confirmed.curve else None
    return live is not None and sum(live.seen) >= KNOWN_ANSWERS


def why_threshold(road: Road, prior: Prior | None, score: ModelScored | None, wants: Wanting) -> str:
    """The threshold of a road's pair, what it is expected to let pass and to turn away, and by how much it is known."""
    if road.second is None or not wants.planned:
        return ""
    first, errors = road.paths[0], errors_of(prior, score, road.second.candidate.model)
    if first.threshold is None or errors is None:
        few = f"fewer than {KNOWN_LABELS:.0f} answers are known to hold it to"
        why = few if errors is None else "answers are alike seldomer than recorded"
        return f"threshold {wants.fixed:g}, the fixed one: {why}"
    right, wrong = errors.passing(first.threshold)
    lost = sum(errors.right) - right
    told = f"{wrong:.1%} wrong and agreed with, {lost:.1%} right and not ({errors.answers:.0f} answers known)"
    if first.threshold == wants.fixed:
        return f"threshold {first.threshold:g}, the fixed one: {told}"
    usual, usually = errors.passing(wants.fixed)
    beside = f"{usually:.1%} and {sum(errors.right) - usual:.1%} with the fixed {wants.fixed:g}"
    return f"threshold {first.threshold:g}: {told}; {beside}"


def _confirmed(prior: Prior | None, by: str) -> Confirmed | None:
    found = prior.confirmed if prior else None
    return found if found and found.by == by else None


def _live(score: ModelScored | None, by: str) -> ScoreCurve | None:
    curves = score.curves if score else ()
    return next((each for each in curves if each.check == CheckName.AGREEMENT and each.by == by), None)


def _mixed(before: Sequence[float], worth: float, now: Sequence[float], labels: float) -> list[float]:
    return [(b * worth + n * labels) / (worth + labels) for b, n in zip(before, now, strict=True)]


def _from(shares: Sequence[float], threshold: float) -> float:
    """The sum from a threshold on; one within a bucket leaves that bucket out."""
    return sum(shares[ceil(threshold * BUCKETS - ROUNDING) :])


def _at(path: Path, errors: Errors, threshold: float) -> Path:
    right, wrong = errors.passing(threshold)
    variance = right * (1 - right) / (errors.answers + 1)
    return replace(path, success=right, variance=variance, accepted=min(1.0, right + wrong), threshold=threshold)
