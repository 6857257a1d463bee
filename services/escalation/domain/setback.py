"""An attempt that did not end its request, and what may follow it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.attempt import AtHand, Attempt, Tried
from schemas.request import Request
from schemas.vocabulary import Action


@dataclass(frozen=True, slots=True)
class Setback:
    """An attempt that did not end its request. ``tried`` holds it, too, last; ``retry_after`` is what its path asks.

    ``at_hand``: the answer that the request may end with, where nothing better comes. ``took``: to write it.
    ``differs``: another model came to a different answer, and a third may settle it.
    """

    request: Request
    attempt: Attempt
    tried: tuple[Tried, ...]
    reason: str
    detail: str
    failed_checks: tuple[str, ...] = ()
    retry_after: timedelta | None = None
    at_hand: AtHand | None = None
    took: timedelta | None = None
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Make another attempt, at this tier, and ``not_before`` its path may take it.

    ``most_output_tokens``: by the same model, for an answer of so many tokens at most.
    """

    action: Action
    tier: int
    not_before: datetime | None = None
    most_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a person, whom the lane names, until ``due_at``: beyond the request's deadline where the lane allows it."""

    who: str
    due_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End the request, honestly."""

    reason: str
    detail: str


def last_of(setback: Setback) -> str:
    """What happened last, on one line: what a model is told to mend its answer can be long."""
    if setback.failed_checks and setback.request.wants_vectors:
        return f"{setback.attempt.model}@{setback.attempt.provider}: {setback.detail}"
    if setback.failed_checks:
        return f"the last answer failed {', '.join(setback.failed_checks)}"
    return setback.detail.partition("\n")[0] or f"the last attempt ended with {setback.reason}"
