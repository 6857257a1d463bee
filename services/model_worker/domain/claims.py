"""A claim on an attempt: what a worker holds under a lease, and whether it may call."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed, Tried
from schemas.portfolio import OnUnknown
from schemas.vocabulary import WANT_OF_TIME, Reason
from services.model_worker.domain.calls import Billed, CallFailed, Outcome
from services.model_worker.domain.pace import Answers
from services.model_worker.domain.preparation import Prepared


class LeaseLost(Exception):
    """The lease of an attempt went to another worker before its call was begun: the call is that worker's to make."""


LEAST_FAIR_S = 2.0
"""A call that has less time than this left may fail at a provider that is well."""
FAIR_SHARE = 2
"""A call that had so many times as long as its path usually takes was given a fair chance, however long it waited."""
UNRENEWED_S = 2.5
"""More than a call takes to the provider, and more than until its lease is renewed: at the second look, each second."""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """What is written when an attempt is dispatched. ``event`` is its JSON, ``dispatched`` what was read of it.

    ``opened_at``: since when the attempt's time runs.
    """

    attempt_id: UUID
    provider: str
    priority: int
    deadline_at: datetime
    event: bytes
    traceparent: str | None
    opened_at: datetime
    request_id: UUID
    dispatched: AttemptDispatched = field(compare=False)


@dataclass(frozen=True, slots=True)
class CancelledRequest:
    """A request that was cancelled ``at`` this moment, and all attempts that it can have."""

    request_id: UUID
    attempts: tuple[UUID, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt under lease. ``event`` is attempt.dispatched as it came; ``remaining_s`` to its deadline counts by
    the database's clock at the claim, less what has passed here since. ``taken_over``: an earlier lease ran out, and
    its call may have been made. ``taken_at``: when, or a little before, by this process's clock for leases.
    ``given_s``: all the time that the attempt was given; ``None`` where an older release wrote it down.
    ``read_before``: the event, where this process has just read it."""

    attempt_id: UUID
    fence: int
    event: bytes
    traceparent: str | None
    remaining_s: float
    taken_over: bool
    taken_at: float
    given_s: float | None = None
    read_before: AttemptDispatched | None = None

    def dispatched(self) -> AttemptDispatched:
        """The event. Raises ``pydantic.ValidationError`` for one that cannot be read here."""
        return self.read_before or AttemptDispatched.read(self.event)

    @property
    def lost_calls(self) -> int:
        """How many calls earlier holders may have made, at most."""
        return self.fence - 1 if self.taken_over else 0


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a claim: the event (and its bytes) to store under its fence and then to say, in this trace.

    ``prepared``: its call, where there was one to make; ``others``: how many calls of others, made while this lease was
    lost, are in its cost."""

    attempt_id: UUID
    fence: int
    event: AttemptCompleted | AttemptFailed
    data: bytes
    traceparent: str | None
    prepared: Prepared | None = None
    others: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored outcome that is still to be said."""

    attempt_id: UUID
    event_type: str
    event: bytes
    traceparent: str | None


UNKNOWN = CallFailed(
    Reason.OUTCOME_UNKNOWN, "a worker was lost during the call, and nobody knows what came of it", Billed.UNKNOWN
)

STARVED = CallFailed(
    Reason.STARVED, "the attempt waited for most of its time, and its call was cut at its deadline", Billed.UNKNOWN
)

LATE = CallFailed(Reason.UNCALLED, "the attempt's deadline passed while its call waited to begin")

TOO_LITTLE = CallFailed(Reason.UNCALLED, "after its wait the attempt has less time left than its path's answers take")


def reason_not_to_call(claim: Claim, on_unknown: OnUnknown) -> CallFailed | None:
    """No call is begun after the deadline, nor again where the lane does not want an unknown one repeated."""
    late = claim.remaining_s <= 0
    if claim.taken_over and (late or on_unknown is not OnUnknown.REPEAT):
        return UNKNOWN
    if late:
        return CallFailed(Reason.UNCALLED, "the attempt's deadline passed before a worker was free to call")
    return None


def kept_from_calling(claim: Claim, refusal: CallFailed) -> CallFailed:
    """What a call that may not be made now comes to: an earlier worker may have made it, and then it may be billed."""
    return UNKNOWN if claim.taken_over else refusal


def too_late_to_begin(claim: Claim, why: CallFailed = LATE) -> CallFailed:
    """What a call comes to whose time passed while it waited to begin. What lost ones cost is added beside it."""
    return replace(kept_from_calling(claim, why), billed=Billed.NOTHING)


def opened_at(event: AttemptDispatched, dispatched_at: datetime) -> datetime:
    """Since when the attempt's time runs: the first one's since its request was admitted."""
    return event.request.admitted_at if event.attempt.number == 1 else dispatched_at


def was_hurried(claim: Claim, outcome: Outcome | None) -> bool:
    """Whether a call was cut so soon after it began that this says nothing of the provider."""
    is_cut = isinstance(outcome, CallFailed) and outcome.reason is Reason.TIMEOUT
    return is_cut and claim.remaining_s < LEAST_FAIR_S


def was_starved(claim: Claim, left_s: float, answers: Answers | None, now: float, tried: Sequence[Tried]) -> bool:
    """Whether waiting took the time of a call that had only ``left_s`` and is cut ``now``, rather than its provider.

    Three things must hold. Waiting took the time: more than half of this attempt's own, or an earlier attempt's. What
    was left is less than a fair chance, by how long answers of the path take. And the path answered somebody lately
    (``answers``; ``None`` where none came yet): one that hangs causes the waiting itself.
    """
    if answers is None or not (_has_waited(claim, left_s) or _wanted_time(tried)):
        return False
    fair_s = max(LEAST_FAIR_S, FAIR_SHARE * answers.usual_s)
    return left_s < fair_s and now - answers.last_at <= max(fair_s, claim.given_s or 0.0)


def comes_to_nothing(
    claim: Claim, left_s: float, answers: Answers | None, now: float, tried: Sequence[Tried]
) -> CallFailed | None:
    """Why no call is begun with ``left_s``: waiting took what it needs, and its answer would be paid and not be used.

    An attempt that was given less from the start is called, unless half of that is gone: nobody else would learn that
    the path has become faster. So is any at a path that is silent for longer than its answers take: it may hang, which
    calls alone tell.
    """
    if answers is None or left_s >= answers.most_take_s or now - answers.last_at > answers.usual_s:
        return None
    had_enough = (claim.given_s or 0.0) >= answers.most_take_s
    return TOO_LITTLE if had_enough or _has_waited(claim, left_s) or _wanted_time(tried) else None


def _has_waited(claim: Claim, left_s: float) -> bool:
    return left_s < (claim.given_s or 0.0) / 2


def _wanted_time(tried: Sequence[Tried]) -> bool:
    return any(attempt.reason in WANT_OF_TIME for attempt in tried)


def is_surely_held(claim: Claim, lease_s: float, now: float) -> bool:
    """Whether the lease cannot have run out yet, nor will before a call that begins now has it renewed."""
    return now < claim.taken_at + lease_s - UNRENEWED_S


def cut_of(
    claim: Claim, timeout_s: float, limit_s: float, answers: Answers | None, now: float, tried: Sequence[Tried] = ()
) -> CallFailed:
    """What a call comes to that ran into ``limit_s``, its hard deadline, ``now`` by the clock of ``answers``."""
    if limit_s >= timeout_s:
        detail = f"no answer within {timeout_s:g} s, the provider's timeout_s"
        return CallFailed(Reason.TIMEOUT, detail, Billed.UNKNOWN)
    if was_starved(claim, limit_s, answers, now, tried):
        return STARVED
    return CallFailed(Reason.TIMEOUT, "no answer before the attempt's deadline", Billed.UNKNOWN)
