"""Answers that are read while they are written: what was told of each, until it is said. Lost without harm."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from schemas.attempt import AttemptDispatched
from schemas.content import Json
from schemas.streamed import AnswerStreamed
from services.model_worker.domain.calls import Tell
from services.model_worker.domain.claims import Claim
from services.model_worker.domain.written import Written, is_live, size_of

MOST_HELD, MOST_IN_A_CHUNK = 4_194_304, 131_072
"""Characters of all answers, and of one, that wait to be said: while Kafka is away no more is held."""
Chunk = tuple[AnswerStreamed, bytes, str | None]
"""An event, its wire form, and the trace that it belongs to."""


class LiveAnswers:
    """What the calls of one process have told, by call. A call of which something was lost tells no more."""

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self._most_held = most_held
        self._open: list[_Answer] = []
        self._held = 0
        self.is_told = asyncio.Event()
        self.said = 0
        self.cut = 0

    @contextmanager
    def of(self, claim: Claim, event: AttemptDispatched) -> Iterator[Tell | None]:
        """What takes the deltas of a call; ``None`` where nobody may read its answer before it is checked."""
        if not is_live(event):
            yield None
            return
        answer = _Answer(event.request.request_id, claim, event.attempt.model)
        self._open.append(answer)
        try:
            yield lambda delta: self._take(answer, delta)
        finally:
            answer.is_ended = True
            self._forget()

    def take(self) -> list[Chunk]:
        """One chunk of each answer of which something was told since the last time."""
        self.is_told.clear()
        found = [chunk for answer in self._open if answer.held and (chunk := self._chunk_of(answer))]
        self._held = 0
        self._forget()
        self.said += len(found)
        return found

    def _take(self, answer: "_Answer", delta: Json) -> None:
        if answer.is_ended:
            return  # it is read on past its time, for its cost alone
        size = size_of(delta)
        if answer.is_cut or self._held + size > self._most_held or answer.held + size > MOST_IN_A_CHUNK:
            self._cut(answer)
            return
        self._held += size
        answer.held += size
        answer.written.add(delta)
        self.is_told.set()

    def _chunk_of(self, answer: "_Answer") -> Chunk | None:
        """What it has grown by. What JSON cannot hold (half a character) ends its telling, and not the worker."""
        event = answer.chunk()
        try:
            return event, event.to_json(), answer.claim.traceparent
        except ValueError:
            self._cut(answer)
            return None

    def _cut(self, answer: "_Answer") -> None:
        self.cut += not answer.is_cut
        answer.is_cut = True

    def _forget(self) -> None:
        """Let go of what has ended and is said."""
        self._open = [answer for answer in self._open if answer.held or not answer.is_ended]


@dataclass(slots=True, eq=False)
class _Answer:
    request_id: UUID
    claim: Claim
    model: str
    sequence: int = 0
    held: int = 0
    written: Written = field(default_factory=Written)
    is_ended: bool = False
    is_cut: bool = False

    def chunk(self) -> AnswerStreamed:
        event = AnswerStreamed(
            request_id=self.request_id,
            attempt_id=self.claim.attempt_id,
            fence=self.claim.fence,
            sequence=self.sequence,
            delta=self.written.delta(),
            model=self.model,
        )
        self.sequence, self.held, self.written = self.sequence + 1, 0, Written()
        return event
