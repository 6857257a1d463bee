"""What is said of a call that was given up, and came to its end after all."""

from unit.ledger.ledger_story import PATHS, Story

from schemas.attempt import Candidate, Cost, Usage
from schemas.settlement import AttemptSettled
from schemas.vocabulary import Reason


def settled(
    story: Story,
    number: int = 1,
    path: Candidate = PATHS[0],
    cost: int = 35,
    reason: Reason | None = None,
    late_ms: int = 2_000,
) -> AttemptSettled:
    """An answer that cost this, or (``reason``) a failure that did."""
    return AttemptSettled(
        request=story.request,
        attempt=story.attempt(number, path),
        told=Reason.TIMEOUT,
        reason=reason,
        usage=Usage(input_tokens=10, output_tokens=5),
        cost=Cost(micro_usd=cost),
        latency_ms=1_000 + late_ms,
        late_ms=late_ms,
        answered_by=None if reason else f"{path.model}-2026",
    )
