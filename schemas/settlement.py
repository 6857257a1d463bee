"""What a call came to after its failure was told: it answers nobody, and its cost is known."""

from pydantic import Field

from schemas.attempt import Cost, OfAttempt, Usage
from schemas.vocabulary import OpenReason


class AttemptSettled(OfAttempt):
    """A call that was given up came to its end after all, ``late_ms`` after its time was over: this is what it cost.

    ``told``: the reason of the failure that was said then. ``reason``: why no answer came; absent where one did, which
    is not here, and answers nobody. ``latency_ms``: of the whole call.
    """

    told: OpenReason
    reason: OpenReason | None = None
    usage: Usage = Usage()
    cost: Cost
    latency_ms: int = Field(ge=0)
    late_ms: int = Field(ge=0)
    answered_by: str | None = None
