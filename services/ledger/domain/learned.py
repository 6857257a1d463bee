"""What was learned: what each model path achieves in a task class, and how often a check lets a wrong answer pass."""

from datetime import datetime
from math import sqrt
from uuid import UUID

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

    @computed_field
    @property
    def interval(self) -> tuple[float, float] | None:
        """Where that share lies with 95 % confidence: wide as long as few recent answers were judged."""
        seen = self.fresh_successes + self.fresh_failures
        return wilson(self.fresh_successes, seen) if seen else None


class CheckErrors(Told):
    """Of answers that people judged: ``judged`` had passed this check, and ``rejected`` had failed it.

    ``false_accepts`` of the former they called wrong, and ``false_rejects`` of the latter right.
    """

    task: str
    check: str
    judged: int
    false_accepts: int
    rejected: int
    false_rejects: int

    @computed_field
    @property
    def share(self) -> float | None:
        """Of what passed, how much was wrong; ``None`` where nothing that passed was judged."""
        return self.false_accepts / self.judged if self.judged else None

    @computed_field
    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the share lies with 95 % confidence."""
        return wilson(self.false_accepts, self.judged) if self.judged else None

    @computed_field
    @property
    def reject_share(self) -> float | None:
        """Of what failed, how much was right; ``None`` where nothing that failed was judged."""
        return self.false_rejects / self.rejected if self.rejected else None

    @computed_field
    @property
    def reject_interval(self) -> tuple[float, float] | None:
        """Where that share lies with 95 % confidence."""
        return wilson(self.false_rejects, self.rejected) if self.rejected else None


class PlanLine(Told):
    """The first choice for the newest request of a lane and task class. ``why``: the router's plan, in its words."""

    lane: str
    task: str
    request_id: UUID
    admitted_at: datetime
    revision: str | None
    model: str | None
    provider: str | None
    why: str


class Planned(Told):
    """How the router plans, by the requests admitted since a time."""

    since: datetime
    plans: list[PlanLine]


def wilson(hits: float, of: float) -> tuple[float, float]:
    """The interval of a share (E. B. Wilson, 1927): honest for few cases and for shares near 0 and 1."""
    share, square = hits / of, Z_95**2 / of
    middle = (share + square / 2) / (1 + square)
    half = sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
