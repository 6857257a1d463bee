"""What is known of a plan's success and cost, with forgetting, and which plan that speaks for. Pure.

Success is a Beta distribution whose counts fade (V. Raj and S. Kalyani, "Taming Non-stationary Bandits", 2017), so
that a model that silently gets worse is noticed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Posterior:
    """Counts of successes and failures, and micro-dollars in all over ``seen`` answers; what is old counts less."""

    successes: float = 1.0
    failures: float = 1.0
    micro_usd: float = 0.0
    seen: float = 0.0
    tried: int = 0

    @property
    def success(self) -> float:
        """The expected success, 0 to 1."""
        return self.successes / (self.successes + self.failures)

    @property
    def cost_micro_usd(self) -> float:
        """The mean cost; nothing before the first answer, so that a new plan is tried."""
        return self.micro_usd / self.seen if self.seen else 0.0

    def after(self, *, success: bool, micro_usd: int, keep: float) -> "Posterior":
        """With one answer more. ``keep``: the share of the earlier counts that still counts, over 0 and at most 1."""
        return Posterior(
            successes=self.successes * keep + success,
            failures=self.failures * keep + (not success),
            micro_usd=self.micro_usd * keep + micro_usd,
            seen=self.seen * keep + 1,
            tried=self.tried + 1,
        )


@dataclass(frozen=True, slots=True)
class Exploration:
    """Every ``every``-th request is spent on the plan tried least; ``None``: none is, as critical lanes want it."""

    every: int | None = None


def choose(known: Mapping[Name, Posterior], number: int, failure_micro_usd: float, exploration: Exploration) -> Name:
    """The plan for request ``number`` (from 1): the least expected cost, a failure's included.

    Raises ``ValueError`` without any plan.
    """
    if exploration.every is not None and number % exploration.every == 0:
        return min(known, key=lambda name: known[name].tried)
    return min(known, key=lambda name: known[name].cost_micro_usd + (1 - known[name].success) * failure_micro_usd)
