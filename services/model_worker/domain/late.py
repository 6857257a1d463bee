"""A call that was given up at its time, and what it came to after all: a cost that is known, and no answer."""

from dataclasses import dataclass
from uuid import UUID

from schemas.attempt import AttemptFailed, Cost
from schemas.settlement import AttemptSettled
from services.model_worker.domain.calls import Answered, Billed, Outcome
from services.model_worker.domain.outcomes import cost_of_failure, with_lost_calls
from services.model_worker.domain.preparation import Prepared
from services.model_worker.domain.pricing import cost_of


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A call whose ``failure`` is said while its answer may still come.

    ``over_at``: when its time was over, in seconds of this process's steady clock. ``traceparent``: of its span.
    ``lost_calls``: how many workers may have made it before, and were lost.
    """

    failure: AttemptFailed
    prepared: Prepared
    over_at: float
    traceparent: str | None
    lost_calls: int = 0

    @property
    def attempt_id(self) -> UUID:
        return self.failure.attempt.attempt_id


@dataclass(frozen=True, slots=True)
class Settled:
    """What a call that was given up came to: the event (and its bytes) to store, and then to say in this trace.

    ``prepared`` and ``others`` as of :class:`~services.model_worker.domain.claims.Finished`."""

    attempt_id: UUID
    event: AttemptSettled
    data: bytes
    traceparent: str | None
    prepared: Prepared | None = None
    others: int = 0


def own_cost(given_up: GivenUp, outcome: Outcome) -> Cost | None:
    """What this call cost; ``None`` where nobody knows, and its bound stays."""
    call, rate = given_up.prepared.call, given_up.prepared.rate
    if isinstance(outcome, Answered):
        return cost_of(outcome.usage, rate)
    return None if outcome.billed is Billed.UNKNOWN else cost_of_failure(outcome, call, rate)


def settled(given_up: GivenUp, outcome: Outcome, cost: Cost, now: float) -> AttemptSettled:
    """What is said of a call that came to its end ``now``, and cost this by :func:`own_cost`."""
    failure, prepared = given_up.failure, given_up.prepared
    is_answered = isinstance(outcome, Answered)
    late_ms = max(0, round((now - given_up.over_at) * 1000))
    return AttemptSettled(
        request=failure.request,
        attempt=failure.attempt,
        told=failure.reason,
        reason=None if is_answered else outcome.reason,
        usage=outcome.usage,
        cost=with_lost_calls(cost, given_up.lost_calls, prepared.call, prepared.rate),
        latency_ms=failure.latency_ms + late_ms,
        late_ms=late_ms,
        answered_by=outcome.answered_by if is_answered else None,
    )
