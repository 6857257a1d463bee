"""How a request goes on, and how it ends: escalations, results, cancellations, deferrals."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.attempt import AtHand, Plan, Repair, Tried, Usage
from schemas.content import Body
from schemas.fact import Event
from schemas.recall import CheckSummary, Keep
from schemas.request import Request, RequestProfiled
from schemas.vocabulary import CostKind, OpenAction, OpenReason, OpenStatus


class RequestEscalated(Event):
    """Attempt ``number`` is to be made: repaired, tried elsewhere, a tier up, or another model asked.

    Carries the profile and all that was tried, so that the router keeps no memory. ``doubted``: the answer that another
    model is asked about, ``rival``: a second one's, which differs, where a third is to settle it; ``at_hand``: one that
    nobody confirmed, and that is kept while a better one is asked for.
    ``most_output_tokens``: the same model is asked again, for an answer of so many tokens at most.
    """

    request: Request
    body: Body
    number: int = Field(ge=2)
    action: OpenAction
    reason: OpenReason
    detail: str
    tier: int = Field(ge=0)
    plan: Plan
    tried: tuple[Tried, ...]
    attempt_deadline_at: AwareDatetime
    repair: Repair | None = None
    doubted: Body | None = None
    rival: Body | None = None
    at_hand: AtHand | None = None
    most_output_tokens: int | None = Field(default=None, ge=1)

    @property
    def subject(self) -> UUID:
        return self.request.request_id

    @property
    def counter(self) -> str:
        return str(self.number)

    @property
    def expires_at(self) -> datetime:
        return self.attempt_deadline_at


class Carried(NamedTuple):
    """The answers that a request has so far, which its attempts carry on: as :class:`RequestEscalated` has them."""

    doubted: Body | None = None
    rival: Body | None = None
    at_hand: AtHand | None = None


def carried_by(event: RequestProfiled | RequestEscalated) -> Carried:
    """The answers that came with what asks for an attempt; with a first one there are none."""
    if not isinstance(event, RequestEscalated):
        return Carried()
    return Carried(event.doubted, event.rival, event.at_hand)


class RequestCompleted(Event):
    """The answer, with its verdict. ``answer`` is absent where the client named a ``reply_to`` topic.

    ``body``: the answer by reference, where it is larger than a message of Kafka (the vectors of many texts can be), or
    sealed.
    ``cost_usd`` is a decimal string: the cost at close; what comes late is added by the ledger. ``bounded_usd`` of it
    are of attempts whose cost is the most that they can have been billed. ``confirms``: the attempt whose answer, that
    a check had rejected, a person took as it was.

    ``keep``: its lane has a cache, which takes the answer if it is verified. ``recalled_from``: the answer came from
    there, and is that of this request; no model was asked, and nothing spent.
    """

    request_id: UUID
    status: OpenStatus
    answer: dict[str, Any] | None = None
    body: Body | None = None
    checks: tuple[CheckSummary, ...] = ()
    task: str
    lane: str
    tenant: str
    model: str
    provider: str
    attempts: int = Field(ge=0)
    usage: Usage
    cost_usd: str
    bounded_usd: str = "0"
    latency_ms: int = Field(ge=0)
    revision: str
    trace_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    admitted_at: AwareDatetime
    completed_at: AwareDatetime
    deadline_at: AwareDatetime
    keep: Keep | None = None
    recalled_from: UUID | None = None
    confirms: int | None = Field(default=None, ge=1)

    @property
    def subject(self) -> UUID:
        return self.request_id

    @property
    def cost_kind(self) -> CostKind:
        """Whether it is known what it cost, or the most that it can have been."""
        return CostKind.of(bool(Decimal(self.bounded_usd)))


class RequestFailed(Event):
    """Gave up, and why, honestly. ``retry_at``: when the same may be asked again, where that is known.

    ``cost_usd`` and ``bounded_usd`` are as in :class:`RequestCompleted`.
    """

    request_id: UUID
    reason: OpenReason
    detail: str
    task: str
    lane: str
    tenant: str
    attempts: int = Field(ge=0)
    cost_usd: str
    bounded_usd: str = "0"
    revision: str
    trace_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    admitted_at: AwareDatetime
    failed_at: AwareDatetime
    deadline_at: AwareDatetime
    retry_at: AwareDatetime | None = None

    @property
    def subject(self) -> UUID:
        return self.request_id

    @property
    def cost_kind(self) -> CostKind:
        """Whether it is known what it cost, or the most that it can have been."""
        return CostKind.of(bool(Decimal(self.bounded_usd)))


class RequestCancelled(Event):
    """The client left, or asked to stop."""

    request_id: UUID
    tenant: str
    by: str
    cancelled_at: AwareDatetime

    @property
    def subject(self) -> UUID:
        return self.request_id


class RequestDeferred(Event):
    """A person will answer later than the deadline."""

    request_id: UUID
    tenant: str
    until: AwareDatetime
    detail: str

    @property
    def subject(self) -> UUID:
        return self.request_id
