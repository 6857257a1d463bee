"""What the gateway makes of what it hears of requests: whoever waits for an end, or reads a stream, is told."""

from typing import Protocol

from schemas.operator import OperatorActed
from schemas.outcome import RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.reaction import NOTHING, Reaction, Received, Write
from schemas.review import FeedbackRecorded
from schemas.streamed import AnswerStreamed
from services.gateway.domain.cache import bad_of
from services.gateway.domain.erased_lines import erased_in

DROPPED = "dropped answers"
ERASED = "erased lines"


class Waiting(Protocol):
    """Those who wait for an end."""

    def resolve(self, end: RequestCompleted | RequestFailed | RequestDeferred) -> bool: ...


class Streams(Protocol):
    """Those who read a stream."""

    def put(self, event: AnswerStreamed | RequestEscalated) -> None: ...


class Cache(Protocol):
    """Keeps what may be asked again."""

    def heard(self, end: RequestCompleted) -> None: ...


class Tabs(Protocol):
    """What keys hold for requests under way."""

    def heard(self, end: RequestCompleted | RequestFailed) -> None: ...


class Handlers:
    """What is said of requests that came by another way is heard, too, and nobody waits for it here."""

    def __init__(self, waiting: Waiting, streams: Streams, tabs: Tabs, cache: Cache | None = None) -> None:
        self._waiting = waiting
        self._streams = streams
        self._tabs = tabs
        self._cache = cache

    def on_answer_streamed(self, event: AnswerStreamed, received: Received) -> Reaction:
        """A piece of an answer that is being written."""
        self._streams.put(event)
        return NOTHING

    def on_request_escalated(self, event: RequestEscalated, received: Received) -> Reaction:
        """The answers until now have failed."""
        self._streams.put(event)
        return NOTHING

    def on_request_completed(self, event: RequestCompleted, received: Received) -> Reaction:
        """The answer."""
        self._ended(event)
        if self._cache is not None:
            self._cache.heard(event)
        return NOTHING

    def on_feedback_recorded(self, event: FeedbackRecorded, received: Received) -> Reaction:
        """What somebody says of an answer; one that was wrong is given to nobody any more, whoever said so."""
        bad = bad_of(event)
        return NOTHING if bad is None else Reaction(writes=(Write(DROPPED, bad, bad),))

    def on_operator_acted(self, event: OperatorActed, received: Received) -> Reaction:
        """What somebody does at the operator's desk; a request that is erased may be a line of a batch."""
        request_id = erased_in(event)
        return NOTHING if request_id is None else Reaction(writes=(Write(ERASED, request_id, request_id),))

    def on_request_failed(self, event: RequestFailed, received: Received) -> Reaction:
        """The reason why there is none."""
        self._ended(event)
        return NOTHING

    def _ended(self, end: RequestCompleted | RequestFailed) -> None:
        if not self._waiting.resolve(end):
            self._tabs.heard(end)

    def on_request_deferred(self, event: RequestDeferred, received: Received) -> Reaction:
        """A person may answer, later than whoever waits here can wait."""
        self._waiting.resolve(event)
        return NOTHING
