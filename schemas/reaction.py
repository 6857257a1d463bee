"""What a handler hears with an event, and what it answers: events to say and rows to write. Pure values, no I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from schemas.content import Body, Kin, Owner
from schemas.fact import Event

DONE = "done"
"""The outcome of a write that took effect, or that had taken effect before because of the same event."""

STALE = "stale"
"""The outcome of a write that came too late: the row has moved on."""


class Received(NamedTuple):
    """Where and when an event stands in the log. ``at`` is the broker's append time, the handlers' only clock.

    ``first_place``: of one that was replayed, where it stood when it came first.
    """

    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None = None
    event_id: str = ""
    source: str | None = None
    trace_id: str | None = None
    traceparent: str | None = None
    value: bytes = b""
    reply_to: str | None = None
    first_place: str | None = None

    @property
    def place(self) -> str:
        """Which record it is. An event that was said twice stands at two places; one that is replayed, at its first."""
        return self.first_place or f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True)
class Said:
    """An event to say. ``topic`` and ``key`` only where they differ from the registry's name and the subject.

    ``data``: its wire form, where that was made before.
    """

    event: Event
    topic: str | None = None
    key: bytes | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The event at hand goes to the dead letters, whole, with this reason."""

    reason: str
    detail: str


Saying = Said | Refused


@dataclass(frozen=True, slots=True)
class Write:
    """A row for a table, and what to say by the outcome that the table reports for its key.

    The table's name is bound to a store by ``app.py``. Rows of one batch with equal keys are written in order.
    """

    table: str
    key: object
    row: Any
    then: Mapping[str, tuple[Saying, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Reaction:
    """What an event causes: rows first, then events. ``says`` is said whatever the writes' outcomes."""

    says: tuple[Saying, ...] = ()
    writes: tuple[Write, ...] = ()


class NotYet(Exception):
    """Raised by a handler that needs what is still on its way here, such as a revision of the portfolio."""


class ContentAway(NotYet):
    """Raised by a handler that needs content by reference, or sealed: it is brought, and the handler called again."""

    def __init__(self, body: Body, request_id: UUID) -> None:
        super().__init__(f"the content {body.sha256[:12]} is by reference, or sealed")
        self.body = body
        self.request_id = request_id


class ContentOpen(NotYet):
    """Raised by a handler that needs content to be sealed: that is done, and the handler called again."""

    def __init__(self, content: bytes, under: Owner | Kin, *, by_reference: bool) -> None:
        super().__init__(f"content of {under.request_id} is not sealed yet")
        self.content = content
        self.under = under
        self.by_reference = by_reference


class LongWork(NotYet):
    """Raised by a handler that would hold up others: ``work`` is done in a thread, and the handler called again."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__("what takes long is done beside the other work")
        self.work = work


NOTHING = Reaction()
Handler = Callable[[Any, Received], Reaction]
