"""What is believed of a model path: what was known before, and its live answers, which may overrule it. Pure.

What was recorded counts in full as long as live answers do not speak against it. How far they do is told by the chance
that the path still is as recorded, which starts at ``STILL``: how likely the live answers are of a path that is, and of
one of which nothing is known (H. Schmidli et al., "Robust meta-analytic-predictive priors", Biometrics 70, 2014). So
much of its weight is kept as is left of that chance (J. Ibrahim and M. Chen, "Power prior distributions", 2000).
"""

from dataclasses import dataclass
from math import exp, lgamma, sqrt

from schemas.attempt import Candidate
from schemas.models import Prior
from schemas.standing import ModelScored

Z_95 = 1.645
"""One-sided 95 %."""
KNOWN_ANSWERS = 10.0
"""A tier is passed over only when every path in it has so many: recent, or recorded for a prior."""
NOBODY_KNOWS = Prior(success=0.5, answers=2)
"""Of a model that the portfolio says nothing of: any success is as likely as any other."""
STILL = 0.9
"""The chance that a path is as recorded before any live answer: one in ten is not, as Schmidli et al. take it."""
MOST_ODDS = 700.0
"""Of a logarithm: beyond it nothing of a prior is kept, and ``exp`` would overflow."""


@dataclass(frozen=True, slots=True)
class Path:
    """A model path and what is believed of it: success and its variance, and how many answers pass the checks.

    ``kept``: the share of its prior's weight that live answers leave. ``threshold``: how alike another model's answer
    must be for that, where it was learned for one.
    """

    candidate: Candidate
    success: float
    variance: float
    accepted: float
    micro_usd: float
    latency_ms: float
    answers: float
    kept: float = 1.0
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Success:
    """A Beta distribution: its mean, and how many answers it is worth. ``kept``: the share of the prior's weight."""

    mean: float
    weight: float
    kept: float

    @property
    def variance(self) -> float:
        """Of the distribution."""
        return self.mean * (1 - self.mean) / (self.weight + 1)


def believed(candidate: Candidate, score: ModelScored | None, prior: Prior | None, usual_micro_usd: int) -> Path:
    """What is believed of a path: of its success by what was known before, and by the answers that are fresh.

    ``answers`` counts what was seen: fresh answers, and recorded ones as far as they are kept; a prior without a source
    is a guess, and adds none.
    """
    before = prior or NOBODY_KNOWS
    right, wrong = (score.fresh_successes, score.fresh_failures) if score else (0.0, 0.0)
    success, seen = success_of(before, right, wrong), right + wrong
    worth = before.answers * success.kept
    wrongly = before.false_accepts * worth + (score.fresh_false_accepts if score else 0.0)
    usual = before.micro_usd if before.micro_usd is not None else usual_micro_usd
    return Path(
        candidate=candidate,
        success=success.mean,
        variance=success.variance,
        accepted=min(1.0, success.mean + wrongly / success.weight),
        micro_usd=score.mean_micro_usd if score and seen else usual,
        latency_ms=score.mean_latency_ms if score else 0.0,
        answers=seen + (worth if before.source else 0.0),
        kept=success.kept,
    )


def success_of(before: Prior, right: float, wrong: float) -> Success:
    """A path's success: what of the prior is kept, these live answers, and of what is not kept that nobody knows."""
    kept = kept_of(before.success, before.answers, right, wrong)
    worth, vague = before.answers * kept, NOBODY_KNOWS.answers * (1 - kept)
    weight = worth + vague + right + wrong
    return Success((before.success * worth + NOBODY_KNOWS.success * vague + right) / weight, weight, kept)


def kept_of(recorded: float, worth: float, right: float, wrong: float) -> float:
    """The share of a prior's weight that is kept beside so many live answers: 1 until they speak against it.

    ``recorded``: the share of its answers that were right; ``worth``: of so many. Only live answers that are right less
    often do: one at which nobody looks counts as right, so that more of them prove nothing. Of a few nobody can say so:
    a path that is left after its first failure would hardly be asked again.
    """
    seen = right + wrong
    if seen < KNOWN_ANSWERS or right >= recorded * seen:
        return 1.0
    as_recorded = _likely(right, wrong, 1 + recorded * worth, 1 + (1 - recorded) * worth)
    odds = exp(min(MOST_ODDS, _likely(right, wrong, 1, 1) - as_recorded))
    return min(1.0, 1 / (STILL + (1 - STILL) * odds))


def _likely(right: float, wrong: float, rights: float, wrongs: float) -> float:
    """The logarithm of how likely these answers are, of a success that is distributed as this Beta says."""
    return _log_beta(rights + right, wrongs + wrong) - _log_beta(rights, wrongs)


def _log_beta(rights: float, wrongs: float) -> float:
    return lgamma(rights) + lgamma(wrongs) - lgamma(rights + wrongs)


def is_below(share: float, answers: float, recorded: float, worth: float) -> bool:
    """Whether a share of live answers is less than the recorded one, with 95 % confidence.

    ``share``: of so many fresh ``answers``; ``recorded``: of as many answers as its prior is ``worth``.
    """
    expected = (recorded * worth + 1) / (worth + 2)
    spread = sqrt(expected * (1 - expected) * (1 / answers + 1 / worth))
    return share < recorded - Z_95 * spread


def is_worse(path: Path, than: Path) -> bool:
    """Whether a path does worse than another, with 95 % confidence; of one that is hardly known nobody can say so."""
    return than.success - path.success > Z_95 * sqrt(path.variance + than.variance)
