"""What is told of an answer while it is written."""

from typing import Any
from uuid import UUID

from pydantic import Field

from schemas.fact import Event


class AnswerStreamed(Event):
    """A chunk of a live answer: which attempt, which lease (fence), which chunk, by which model.

    It may get lost, and is never the truth: ``attempt.completed`` holds the whole answer. ``delta`` is one of OpenAI's
    chat completion chunks: ``content``, ``refusal`` and ``tool_calls``.
    """

    request_id: UUID
    attempt_id: UUID
    fence: int = Field(ge=1)
    sequence: int = Field(ge=0)
    delta: dict[str, Any]
    model: str | None = None

    @property
    def subject(self) -> UUID:
        return self.request_id

    @property
    def counter(self) -> str:
        return f"{self.attempt_id}/{self.fence}/{self.sequence}"
