"""Whether plans come to what they expect: the success that each first choice was planned with, and what came of it."""

from pydantic import computed_field

from services.ledger.domain.learned import wilson
from services.ledger.domain.story import Told

BUCKETS = 20
"""Plans are put together by the success that they expect, in steps of five points."""
MOST_REQUESTS = 5_000
"""So many of the newest requests are looked at: each is looked up by its id."""


class Foreseen(Told):
    """Requests of a lane whose plans expected nearly the same success: ``expected`` is the mean of it.

    ``right``: those that ended with an answer that a model gave and the lane's checks let pass, and that nobody called
    wrong. ``spoken_of``: those that ended with an answer of which people said anything; ``called_right`` of these.
    """

    lane: str
    expected: float
    requests: int
    right: int
    spoken_of: int
    called_right: int

    @computed_field
    @property
    def share(self) -> float:
        """Of all requests, how many came right."""
        return self.right / self.requests

    @computed_field
    @property
    def interval(self) -> tuple[float, float]:
        """Where that share lies with 95 % confidence."""
        return wilson(self.right, self.requests)

    @computed_field
    @property
    def is_as_expected(self) -> bool:
        """Whether what was expected lies there, too."""
        low, high = self.interval
        return low <= self.expected <= high
