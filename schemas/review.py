"""The human tier, and what users say of an outcome."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.attempt import AtHand, CheckResult, Tried
from schemas.content import Body
from schemas.fact import Event
from schemas.request import Request
from schemas.vocabulary import OpenReason


class ReviewRequested(Event):
    """A person is asked to answer, or to judge the last answer. ``asked`` is who the lane names; ``detail``: why.

    ``at_hand``: the answer that the request ends with where nobody answers.
    """

    request: Request
    body: Body
    answer: Body | None = None
    checks: tuple[CheckResult, ...] = ()
    reason: OpenReason
    tried: tuple[Tried, ...] = ()
    due_at: AwareDatetime
    asked: str = ""
    detail: str = ""
    at_hand: AtHand | None = None

    @property
    def subject(self) -> UUID:
        return self.request.request_id


class ReviewClaimed(Event):
    """A person reserves a review until a time, so that two do not answer the same; a time that is past gives it back.

    It binds only those who look at claims: the first answer counts, whoever holds the review.
    """

    request_id: UUID
    reviewer: str
    until: AwareDatetime
    claimed_at: AwareDatetime

    @property
    def subject(self) -> UUID:
        return self.request_id

    @property
    def counter(self) -> str:
        return f"{self.reviewer}/{self.claimed_at.isoformat()}"


class ReviewAnswered(Event):
    """A person answered; without an answer the request was turned down, with the note as the reason."""

    request_id: UUID
    reviewer: str
    answer: Body | None = None
    note: str | None = None
    answered_at: AwareDatetime

    @property
    def subject(self) -> UUID:
        return self.request_id

    @property
    def counter(self) -> str:
        return f"{self.reviewer}/{self.answered_at.isoformat()}"


class FeedbackRecorded(Event):
    """What the user or a downstream system says of an outcome. ``score`` runs from 0 (useless) to 1 (right).

    ``tenant``: of whose request it may speak; without one, of any. ``attempt``: of which attempt's answer it speaks,
    such as one that a check rejected; without one, of the answer that the request ended with.
    """

    request_id: UUID
    feedback_id: UUID
    source: str
    score: float = Field(ge=0, le=1)
    label: str | None = None
    note: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    tenant: str | None = None
    attempt: int | None = Field(default=None, ge=1)
    recorded_at: AwareDatetime

    @property
    def subject(self) -> UUID:
        return self.request_id

    @property
    def counter(self) -> str:
        return str(self.feedback_id)
