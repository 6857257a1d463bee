"""What a client says of an outcome, and how it is answered."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.fact import null_is
from schemas.portfolio import MOST_DISPATCHES
from schemas.review import FeedbackRecorded
from services.gateway.domain.json_body import read_as, refuse_undeclared

FEEDBACK = "/v1/feedback"
LARGEST_BYTES = 65_536
ANSWER_MARKS = ("chatcmpl-", "resp_", "msg_")
PLAIN = r"^[^\x00-\x1f\x7f]+$"


def _without_mark(told: Any) -> Any:
    """The request's id in the id of an answer, as OpenAI's and Anthropic's clients hold it."""
    if not isinstance(told, str):
        return told
    mark = next((mark for mark in ANSWER_MARKS if told.startswith(mark)), "")
    return told.removeprefix(mark)


class Feedback(BaseModel):
    """``score`` runs from 0 (useless) to 1 (right). The same ``feedback_id`` again counts once."""

    model_config = ConfigDict(frozen=True, extra="allow")

    request_id: Annotated[UUID, BeforeValidator(_without_mark, json_schema_input_type=str)]
    score: float = Field(ge=0, le=1, strict=True)
    label: str | None = Field(default=None, max_length=120, pattern=PLAIN)
    source: Annotated[str, null_is(lambda: "user")] = Field(default="user", max_length=120, pattern=PLAIN)
    note: str | None = Field(default=None, max_length=4_000)
    metadata: Annotated[dict[str, Any], null_is(dict)] = Field(default_factory=dict)
    feedback_id: UUID | None = None
    attempt: int | None = Field(default=None, ge=1, le=MOST_DISPATCHES, strict=True)


def feedback_of(body: bytes) -> Feedback:
    """The feedback in a body. Raises ``Refused`` that names what is wrong."""
    told = read_as(Feedback, body)
    refuse_undeclared(told.model_extra, {}, Feedback.model_fields)
    return told


def recorded(told: Feedback, tenant: str | None, fresh: UUID, now: datetime) -> FeedbackRecorded:
    """The event to say: in the name of the key's tenant, where a key was needed."""
    return FeedbackRecorded(
        request_id=told.request_id,
        feedback_id=told.feedback_id or fresh,
        source=told.source,
        score=told.score,
        label=told.label,
        note=told.note,
        metadata=told.metadata,
        tenant=tenant,
        attempt=told.attempt,
        recorded_at=now,
    )


def receipt(event: FeedbackRecorded) -> dict[str, Any]:
    """What the client is answered: the ids, and when it was recorded."""
    return event.model_dump(mode="json", include={"request_id", "feedback_id", "recorded_at"})
