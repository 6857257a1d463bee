"""Requests that wait, for room to move up or until their path may take them, and which of them may go now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from schemas.attempt import attempts_made
from schemas.deadlines import attempt_deadline
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import NotYet
from schemas.standing import Revisions
from schemas.vocabulary import Action
from services.escalation.domain.storm import Passage, Storm
from services.escalation.domain.timers import Due


@dataclass(frozen=True, slots=True)
class Released:
    """What is said of a row that waited, with the deadline that its attempt has now."""

    due: Due
    event: RequestEscalated


@dataclass(frozen=True, slots=True)
class Sorted:
    """Of the rows that wait: those that may go now, and those whose lane waits no longer. The rest stays."""

    go: list[Released]
    over: list[Due]


def sorted_out(held: Sequence[Due], storm: Storm, revisions: Revisions) -> Sorted:
    """Those that may go now: the most urgent lanes first, and in a lane the nearest deadline.

    One that waited for its path goes when its time has come; it asks for no room, as it stays in its tier. One that
    cannot be read stays until its deadline, where it is told of.
    """
    asking = [(one, event) for one in held if (event := _read(one))]
    known = [(one, event, portfolio) for one, event in asking if (portfolio := _portfolio(revisions, event))]
    known.sort(key=lambda told: (told[2].lanes[told[1].request.lane].priority, told[1].request.deadline_at))
    over = [told[0] for told in known if _is_over(*told)]
    go = [told for told in known if not _is_over(*told) and _may_go(*told, storm)]
    return Sorted([Released(one, _from_now(one, event)) for one, event, _ in go], over)


def _may_go(one: Due, event: RequestEscalated, portfolio: Portfolio, storm: Storm) -> bool:
    if event.action == Action.AGAIN:
        return True
    return storm.up(portfolio, event.request.lane, event.tried[-1].tier, one.now) is Passage.GO


def _is_over(one: Due, event: RequestEscalated, portfolio: Portfolio) -> bool:
    """Whether it waited for room beyond its lane's patience. A wait for a path was kept within that from the start."""
    patience_s = portfolio.lanes[event.request.lane].patience_s
    if patience_s is None or event.action == Action.AGAIN:
        return False
    return one.now - event.request.admitted_at > timedelta(seconds=patience_s)


def _portfolio(revisions: Revisions, event: RequestEscalated) -> Portfolio | None:
    try:
        return revisions.revision(event.request.revision)
    except NotYet:
        return None


def _read(one: Due) -> RequestEscalated | None:
    try:
        return RequestEscalated.read(one.context)
    except ValidationError:
        return None


def _from_now(one: Due, event: RequestEscalated) -> RequestEscalated:
    left = event.request.max_attempts - attempts_made(event.tried)
    return event.model_copy(update={"attempt_deadline_at": attempt_deadline(one.now, event.request.deadline_at, left)})
