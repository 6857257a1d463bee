"""What a model worker hears: attempts dispatched to its provider, and requests that nobody waits for any more."""

from collections.abc import Callable

from schemas.attempt import AttemptDispatched
from schemas.content import Body
from schemas.ids import attempt_id_of
from schemas.outcome import RequestCancelled
from schemas.portfolio import MOST_DISPATCHES
from schemas.reaction import Reaction, Received, Refused, Said, Write
from schemas.standing import Revisions
from services.model_worker.domain.claims import AttemptRow, CancelledRequest, opened_at
from services.model_worker.domain.outcomes import never_called
from services.model_worker.domain.preparation import priority_of

ATTEMPTS, CANCELLATIONS = "attempts", "cancellations"


class Handlers:
    """``revisions`` is a view that others fill; ``lacks`` says why sealed content cannot be opened here."""

    def __init__(self, revisions: Revisions, lacks: Callable[[Body], Refused | None] = lambda _: None) -> None:
        self._revisions = revisions
        self._lacks = lacks

    def on_attempt_dispatched(self, event: AttemptDispatched, received: Received) -> Reaction:
        """One row, unless the attempt was dispatched after its deadline: then it is answered, and never called."""
        attempt = event.attempt
        if received.at >= attempt.deadline_at:
            return Reaction(says=(Said(never_called(event)),))
        if event.body.is_sealed and (refused := self._lacks(event.body)):
            return Reaction(says=(refused,))
        row = AttemptRow(
            attempt_id=attempt.attempt_id,
            provider=attempt.provider,
            priority=priority_of(self._revisions.revision(event.request.revision), event.request.lane),
            deadline_at=attempt.deadline_at,
            event=received.value,
            traceparent=received.traceparent,
            opened_at=opened_at(event, received.at),
            request_id=event.request.request_id,
            dispatched=event,
        )
        return Reaction(writes=(Write(ATTEMPTS, attempt.attempt_id, row),))

    def on_request_cancelled(self, event: RequestCancelled, received: Received) -> Reaction:
        """None of its attempts that waits, or is still to come, is begun. A call that runs goes on: it is paid for in
        any case.
        """
        attempts = tuple(attempt_id_of(event.request_id, number) for number in range(1, MOST_DISPATCHES + 1))
        row = CancelledRequest(event.request_id, attempts, received.at)
        return Reaction(writes=(Write(CANCELLATIONS, event.request_id, row),))
