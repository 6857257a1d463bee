"""Requests followed as they happen: which are shown, and what each event adds to what is known of one."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from schemas.attempt import OfAttempt
from schemas.money import usd_from_micro
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.request import RequestProfiled
from schemas.topics import REGISTRY
from services.console.domain.findings import nearest
from services.console.domain.heard import Heard, Letter
from services.console.domain.news import Line, news
from services.console.domain.road import End, Road, advance

MOST_REQUESTS = 10_000
"""Requests that are kept in mind; beyond them the one that began first is forgotten."""
NAMES: dict[type, str] = {topic.event: topic.name for topic in REGISTRY}


class State(StrEnum):
    """Where a request stands: on its way, put off until a person answers, or ended."""

    RUNNING = "running"
    DEFERRED = "deferred"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    HUMAN = "human"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown: requests of these lanes and tenants, while they are in one of these states. Empty: all."""

    lanes: Collection[str] = ()
    tenants: Collection[str] = ()
    states: Collection[State] = ()

    def takes(self, lane: str | None, tenant: str | None, state: State) -> bool:
        """Whether a request of this lane and tenant is shown in this state."""
        wanted = ((self.lanes, lane), (self.tenants, tenant), (self.states, state))
        return all(not among or value in among for among, value in wanted)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a request that said something new. ``lines`` are for people; some events have none."""

    at: datetime
    request_id: str
    event: str
    state: State
    tenant: str | None
    road: Road
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a request so far, and whose it is."""

    road: Road
    tenant: str | None = None


@dataclass(slots=True)
class Following:
    """Folds events into roads, and tells what each adds. What an event repeats is told once."""

    filter: Filter
    requests: dict[str, Known] = field(default_factory=dict[str, Known])

    def hear(self, heard: Heard) -> Entry | None:
        """``None`` when it says nothing new, or nothing that is to be shown."""
        before = self.requests.get(heard.key) or Known(Road(heard.key))
        after = _with_whose(heard.event, Known(advance(before.road, heard), before.tenant))
        self._keep(heard.key, after)
        lines = tuple(_lines(before.road, after.road, heard.event))
        state = state_of(after.road)
        if (after == before and not lines) or not self.filter.takes(after.road.lane, after.tenant, state):
            return None
        return Entry(heard.at, heard.key, _name(heard.event), state, after.tenant, after.road, lines)

    def _keep(self, request_id: str, known: Known) -> None:
        self.requests[request_id] = known
        if len(self.requests) > MOST_REQUESTS:
            del self.requests[next(iter(self.requests))]


def doubts(wanted: Filter, there: tuple[str, ...]) -> list[str]:
    """Lanes that the portfolio in force lacks. They may have been, and be in what was: it is no reason to refuse."""
    absent = (lane for lane in wanted.lanes if lane not in there)
    return [f'the portfolio in force has no lane "{lane}"{nearest(lane, there)}' for lane in absent]


def state_of(road: Road) -> State:
    """Where a request stands, by what is known of it."""
    if road.end is not None:
        return State(road.end.status)
    return State.DEFERRED if road.deferred_until else State.RUNNING


def _with_whose(event: object, known: Known) -> Known:
    """Tenant, lane and task, as far as the event says them: a request may be met in the middle of its road."""
    if isinstance(event, OfAttempt | RequestEscalated | RequestProfiled):
        request, road = event.request, known.road
        found = replace(road, lane=road.lane or request.lane, task=road.task or request.profile.task)
        return Known(found, request.tenant)
    if isinstance(event, RequestCompleted | RequestFailed | RequestCancelled | RequestDeferred):
        return replace(known, tenant=event.tenant)
    return known


def _lines(before: Road, after: Road, event: object) -> Iterator[Line]:
    yield from news(before, after)
    if after.deferred_until and not before.deferred_until:
        yield Line(f"deferred: a person may answer until {after.deferred_until:%Y-%m-%d %H:%M:%S}Z")
    if after.end and not before.end:
        yield _of_end(after.end)
    elif isinstance(event, Letter):
        yield Line(f"put aside by {event.service}: {event.reason}: {event.detail}", "bad")


def _of_end(end: End) -> Line:
    why = ": ".join(each for each in (end.reason, end.detail) if each)
    told = [end.status + (f" by {end.model}" if end.model else "") + (f": {why}" if why else "")]
    told.append(f"${usd_from_micro(end.cost_micro_usd)}")
    told += [f"{end.latency_ms} ms"] if end.latency_ms is not None else []
    return Line("; ".join(told), "good" if end.succeeded else "bad")


def _name(event: object) -> str:
    """The topic's two words, which the event's own name says; a dead letter's service stands in its line."""
    return NAMES.get(type(event), "dead-letters")
