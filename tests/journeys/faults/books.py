"""The four books of a run: what clients sent, the Kafka log, the ledger (and the stores), and the provider's log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from pipeline.spans import Span


@dataclass(frozen=True, slots=True)
class End:
    """A terminal event on the log.

    ``facts`` is what a client is told in today's fields, without times and trace, as one text.
    """

    topic: str
    request_id: UUID
    event_id: str
    facts: str


@dataclass(frozen=True, slots=True)
class Said:
    """An event of a request on the log: who said it, and in which span."""

    topic: str
    request_id: UUID
    source: str
    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: who could not process what, by its place on the log (topic, partition, offset)."""

    service: str
    reason: str
    place: tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class LogBook:
    """What was said on the log. ``deferred``: until when a person may answer (seconds since the epoch)."""

    ends: tuple[End, ...] = ()
    said: tuple[Said, ...] = ()
    letters: tuple[Letter, ...] = ()
    deferred: Mapping[UUID, float] = field(default_factory=dict[UUID, float])


@dataclass(frozen=True, slots=True)
class LedgerRequest:
    """A row of ``ledger.request_view``; ``ends`` counts the kinds of end that its row holds.

    Times are in seconds since the epoch: its deadline, and when it ended by the database's clock.
    """

    request_id: UUID
    state: str
    lane: str | None
    ends: int
    attempts: int
    reason: str | None = None
    deadline_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class LedgerAttempt:
    """A row of ``ledger.attempt_view``. Costs in micro-dollars."""

    request_id: UUID
    number: int
    outcome: str
    reason: str | None
    micro_usd: int
    bounded: bool


@dataclass(frozen=True, slots=True)
class StoredAttempt:
    """A row of ``model_worker.attempts``. Times are in seconds since the epoch, by the database's clock."""

    attempt_id: UUID
    lease_repeats: int
    outcome: str | None
    reason: str | None
    finished_at: float | None
    is_said: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's views and the workers' store, for the requests of a run."""

    requests: tuple[LedgerRequest, ...] = ()
    attempts: tuple[LedgerAttempt, ...] = ()
    stored: tuple[StoredAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the provider saw it: when it was asked (seconds since the epoch), whether its client was there for the
    end that the provider made of it, and what was billed."""

    attempt_id: UUID
    asked_at: float
    is_answered: bool
    micro_usd: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a client of the gateway was told at last: whether its request was answered, or failed."""

    request_id: UUID
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Books:
    """All that is known of a run, once it is quiet.

    ``accepted`` are the requests whose record Kafka acknowledged, ``sent`` those and all others. ``poison`` are the
    places of records that the run put there to harm. ``killed`` are the services of which a process died or was
    stopped short. ``residue`` is what should be gone and is not, as queries found it. ``looked_at``: when the log was
    read (seconds since the epoch). ``told``: what each client of the gateway heard, one a request. ``ready_at``: when
    all that the fault had taken away was ready again (seconds since the epoch); ``inf`` where a clock was off, since
    nobody can say then what was late.
    """

    accepted: frozenset[UUID]
    sent: frozenset[UUID]
    log: LogBook
    ledger: Ledger
    calls: tuple[Call, ...]
    on_unknown: Mapping[str, str]
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict[str, tuple[Span, ...]])
    poison: frozenset[tuple[str, int, int]] = frozenset()
    killed: frozenset[str] = frozenset()
    residue: tuple[str, ...] = ()
    looked_at: float = 0.0
    told: tuple[Told, ...] = ()
    ready_at: float = 0.0
