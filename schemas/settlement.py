"""What a call came to after its failure was told: it answers nobody, and its cost is known."""

from uuid import UUID

from pydantic import Field

from schemas.attempt import Attempt, Cost, Usage
from schemas.fact import Event
from schemas.request import Request
from schemas.vocabulary import OpenReason


class AttemptSettled(Event):
    """A call that was given up came to its end after all, ``late_ms`` after its time was over: this is what it cost.

    ``told``: the reason of the failure that was said then. ``reason``: why no answer came; absent where one did, which
    is not here, and answers nobody. ``latency_ms``: of the whole call.
    """

    request: Request
    attempt: Attempt
    told: OpenReason
    reason: OpenReason | None = None
    usage: Usage = Usage()
    cost: Cost
    latency_ms: int = Field(ge=0)
    late_ms: int = Field(ge=0)
    answered_by: str | None = None

    @property
    def subject(self) -> UUID:
        return self.request.request_id

    @property
    def counter(self) -> str:
        return str(self.attempt.number)
