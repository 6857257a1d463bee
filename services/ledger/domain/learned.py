"""What was learned: what each model path achieves in a task class, and how often a check lets a wrong answer pass."""

from datetime import datetime
from math import sqrt

from pydantic import computed_field

from services.ledger.domain.story import Told

Z_95 = 1.96
"""Two-sided 95 %."""


class ScoreLine(Told):
    """A model path in a task class. ``fresh_*``: judgements with older ones counting less, as the router plans by.

    ``fresh_set_aside``: what feedback called wrong beyond one tenant's share of a score, and did not count.
    """

    task: str
    model: str
    provider: str
    scored_at: datetime | None
    successes: int
    failures: int
    fresh_successes: float
    fresh_failures: float
    fresh_false_accepts: float
    fresh_set_aside: float
    mean_micro_usd: int
    mean_latency_ms: int

    @computed_field
    @property
    def success(self) -> float | None:
        """The share of recent answers that were right; ``None`` before the first."""
        seen = self.fresh_successes + self.fresh_failures
        return self.fresh_successes / seen if seen else None


class CheckErrors(Told):
    """Of answers that passed this check, were accepted, and that users judged: how many they called wrong."""

    task: str
    check: str
    judged: int
    false_accepts: int

    @computed_field
    @property
    def share(self) -> float:
        return self.false_accepts / self.judged

    @computed_field
    @property
    def interval(self) -> tuple[float, float]:
        """Where the share lies with 95 % confidence."""
        return wilson(self.false_accepts, self.judged)


class Learned(Told):
    """All scores, and the errors of checks since a time."""

    since: datetime
    scores: list[ScoreLine]
    checks: list[CheckErrors]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The interval of a share (E. B. Wilson, 1927): honest for few cases and for shares near 0 and 1."""
    share, square = hits / of, Z_95**2 / of
    middle = (share + square / 2) / (1 + square)
    half = sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
