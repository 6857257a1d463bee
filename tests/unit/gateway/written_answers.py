"""What is said of an answer while it is written, and when it has failed."""

from typing import Any
from uuid import UUID

from schemas.examples import examples
from schemas.ids import attempt_id_of
from schemas.outcome import RequestEscalated
from schemas.streamed import AnswerStreamed


def chunk(request_id: UUID | None, sequence: int, piece: str | list[Any], **told: Any) -> AnswerStreamed:
    """A piece of an answer: text, or parts of tool calls. ``number``: of the attempt."""
    assert request_id is not None
    delta = {"content": piece} if isinstance(piece, str) else {"tool_calls": piece}
    facts = {"attempt_id": attempt_id_of(request_id, told.pop("number", 1)), "fence": 1, "model": "small", **told}
    return AnswerStreamed.of({"request_id": request_id, "sequence": sequence, "delta": delta, **facts})


def escalated(request_id: UUID | None, number: int = 2, action: str = "up") -> RequestEscalated:
    """The answers before attempt ``number`` have failed, or another look is taken at one."""
    example = examples()[RequestEscalated]
    assert isinstance(example, RequestEscalated)
    request = example.request.model_copy(update={"request_id": request_id})
    told = {"request": request, "number": number, "action": action, "reason": "check_failed", "doubted": None}
    return example.model_copy(update=told)
