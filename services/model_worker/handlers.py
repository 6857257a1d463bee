"""What a model worker hears: attempts dispatched to its provider."""

from typing import Protocol

from schemas.attempt import AttemptDispatched
from schemas.portfolio import Portfolio
from schemas.reaction import Reaction, Received, Said, Write
from services.model_worker.domain.claims import AttemptRow
from services.model_worker.domain.outcomes import never_called
from services.model_worker.domain.preparation import priority_of

ATTEMPTS = "attempts"


class Revisions(Protocol):
    """The revisions of the portfolio, by name. ``revision`` raises ``NotYet`` for one that is on its way."""

    def revision(self, name: str) -> Portfolio: ...


class Handlers:
    """``revisions`` is a view that others fill."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions

    def on_attempt_dispatched(self, event: AttemptDispatched, received: Received) -> Reaction:
        """One row, unless the attempt was dispatched after its deadline: then it is answered, and never called."""
        attempt = event.attempt
        if received.at >= attempt.deadline_at:
            return Reaction(says=(Said(never_called(event)),))
        row = AttemptRow(
            attempt_id=attempt.attempt_id,
            provider=attempt.provider,
            priority=priority_of(self._revisions.revision(event.request.revision), event.request.lane),
            deadline_at=attempt.deadline_at,
            event=received.value,
            traceparent=received.traceparent,
        )
        return Reaction(writes=(Write(ATTEMPTS, attempt.attempt_id, row),))
