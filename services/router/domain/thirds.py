"""What a third model settles of what two differ on, and what becomes of the rest: as recorded answers say. Pure.

What two differ on is hard, so that nobody is as good at it as at all questions. Live scores cannot say how good: they
count what a third gave to the first model, and of the third nothing. So the recorded shares speak, as long as live
answers do not speak against them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from schemas.attempt import Candidate
from schemas.check_settings import asks_a_third
from schemas.models import Confirmed, Prior, Shares
from schemas.portfolio import Lane, Portfolio
from schemas.standing import ModelScored
from schemas.vocabulary import Risk
from services.router.domain.beliefs import KNOWN_ANSWERS, Path, is_below
from services.router.domain.roads import Pair, Picked, Road, Seen, told
from services.router.domain.thresholds import Wanting, agreed, is_measured_alike, is_seldom_alike

WITHOUT_THIRD = "a third opinion's price, and what it settles beyond the live scores, are not in these figures"
NOBODY_RECORDED = "no third: no recorded answers say what one would settle, or they do so no more"
PriorOf = Callable[[Candidate], Prior | None]
ScoreOf = Callable[[Candidate], ModelScored | None]


class Thirds(StrEnum):
    """Whether a third model settles what two differ on, in a lane, for requests of such a risk."""

    NEVER = "never"
    ALWAYS = "always"
    PLANNED = "planned"


def thirds_of(portfolio: Portfolio, lane: Lane, risk: Risk | str) -> Thirds:
    """What the lane says of it."""
    if asks_a_third(lane.checks):
        return Thirds.ALWAYS
    return Thirds.PLANNED if portfolio.may_settle_by_plan(lane, risk) else Thirds.NEVER


@dataclass(frozen=True, slots=True)
class Opinions:
    """What is known in a task of models' opinions on each other's answers, and how the lane wants them."""

    prior: PriorOf
    score: ScoreOf
    wants: Wanting
    thirds: Thirds

    def pair(self, first: Path, second: Path, third: Path | None) -> Pair:
        """Two who must agree, and a third where the lane may have one and recorded answers tell what it settles."""
        prior, score = self.prior(first.candidate), self.score(first.candidate)
        its = prior.confirmed if prior else None
        firsts = agreed(first, second, prior, score, self.wants)
        if prior is None or its is None or its.by != second.candidate.model or self._agree_less(prior, its, score):
            return Pair(firsts)
        if self.thirds is not Thirds.NEVER and firsts[0].threshold is None:
            firsts = [as_recorded(first, prior, its)]
        pair = Pair(firsts, after_two=self._after(its.after, _left(its), prior.answers))
        return pair if third is None else self._with_third(pair, third, prior, its)

    def _with_third(self, pair: Pair, third: Path, prior: Prior, its: Confirmed) -> Pair:
        """Where it was this one, and by live answers it does no worse at what two leave open."""
        left, settled, alone = _left(its), its.third, (its.after or {}).get(third.candidate.model)
        is_other = settled is None or settled.by != third.candidate.model or self.thirds is Thirds.NEVER
        if settled is None or is_other or left <= 0:
            return pair
        if alone and is_short(self.score(third.candidate), _share(alone.success, left), prior.answers * left):
            return pair
        return replace(
            pair,
            third=_of_rest(third, settled, left, prior.answers),
            always=self.thirds is Thirds.ALWAYS,
            after_three=self._after(settled.after, left - settled.passing, prior.answers),
        )

    def _agree_less(self, prior: Prior, its: Confirmed, score: ModelScored | None) -> bool:
        """Whether live answers say that the two agree seldomer by now: how alike they are tells it best."""
        if is_measured_alike(prior, score):
            return is_seldom_alike(prior, score, self.wants.fixed)
        return is_short(score, its.success, prior.answers)

    def _after(self, shares: Mapping[str, Shares] | None, left: float, worth: float) -> Seen | None:
        """What is believed of those who follow; of one of whom nothing was recorded, or who does worse, as ever."""

        def seen(path: Path) -> Path:
            its, score = (shares or {}).get(path.candidate.model), self.score(path.candidate)
            if its is None or is_short(score, _share(its.success, left), worth * left):
                return path
            return _of_rest(path, its, left, worth)

        return seen if shares else None


def _left(its: Confirmed) -> float:
    """The share of all questions that the two did not agree on."""
    return 1 - its.success - its.false_accepts


def _share(part: float, left: float) -> float:
    return min(1.0, part / left) if left > 0 else 0.0


def is_short(score: ModelScored | None, recorded: float, worth: float) -> bool:
    """Whether live answers are right less often than was ``recorded`` of so many, with 95 % confidence."""
    seen = score.fresh_successes + score.fresh_failures if score else 0.0
    if score is None or seen < KNOWN_ANSWERS or worth <= 0:
        return False
    return is_below(score.fresh_successes / seen, seen, recorded, worth)


def as_recorded(first: Path, prior: Prior, its: Confirmed) -> Path:
    """The first of two, where the other must agree: as it was recorded, whatever live answers say."""
    variance = its.success * (1 - its.success) / (prior.answers + 1)
    return replace(first, success=its.success, variance=variance, accepted=its.success + its.false_accepts)


def _of_rest(path: Path, shares: Shares, left: float, worth: float) -> Path:
    """A path on the share of all questions that is ``left``: ``worth`` times as many answers are known there.

    They are few, so that one who never failed there is not taken for sure: Laplace's rule tells how sure it is.
    """
    known, success = max(0.0, worth * left), _share(shares.success, left)
    likely = (success * known + 1) / (known + 2)
    variance = likely * (1 - likely) / (known + 1)
    return replace(path, success=success, variance=variance, accepted=_share(shares.passing, left))


def why_third(picked: Picked, opinions: Opinions) -> str:
    """What is expected of a third who settles a difference, and why the best plan of the other kind was refused."""
    road, beside = picked.road, picked.beside
    if road.second is None or opinions.thirds is Thirds.NEVER:
        return ""
    having = road if road.third else beside.road if beside else None
    if having is None:
        return WITHOUT_THIRD if opinions.thirds is Thirds.ALWAYS else NOBODY_RECORDED
    told_shares = _told_shares(having, opinions)
    if beside is None:
        return f"a third settles what they differ on ({told_shares})"
    but = "would cost more" if beside.clears else "would not clear the bar" if picked.clears else "would be less sure"
    how = "a third settles what they differ on: without it" if road.third else "a third refused: with it"
    return f"{how} {told(beside.road)}, {but} ({told_shares})"


def _told_shares(road: Road, opinions: Opinions) -> str:
    prior = opinions.prior(road.paths[0].candidate)
    its = prior.confirmed if prior else None
    if its is None or its.third is None:
        return ""
    left, third = _left(its), its.third
    rest = f"{_share(third.passing, left):.1%} of it, {_share(third.false_accepts, left):.1%} of it wrongly"
    return f"they differ on {left:.1%} of answers, and {third.by} settles {rest}, as recorded"
