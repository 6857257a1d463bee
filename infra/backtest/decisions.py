"""The handlers of all services in one loop: the same decisions as over Kafka, question by question, and no waiting.

A handler says what to write and what to say, so a loop that hands each event to who hears it is a pipeline. Each
question is asked alone, at one moment: no deadline passes, nobody waits for room, and no path is set aside.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from infra.bus.config import BusConfig
from infra.bus.portfolio_view import PortfolioView
from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
    Cost,
)
from schemas.fact import Event
from schemas.outcome import RequestEscalated
from schemas.portfolio import Portfolio
from schemas.reaction import DONE, Handler, Reaction, Received, Said, Write
from schemas.request import RequestProfiled, RequestSubmitted
from schemas.review import ReviewRequested
from schemas.standing import PortfolioRevised
from schemas.topics import INTAKE
from services.console.domain.heard import Heard
from services.console.domain.road import End, Road, advance
from services.escalation.domain.life import ASKED, REFUSED, Move
from services.escalation.domain.storm import Passage
from services.escalation.handlers import Handlers as Escalation
from services.model_worker.adapters.price_list import PriceList
from services.model_worker.adapters.replay import Replay, read_recordings
from services.model_worker.domain.calls import CallFailed
from services.model_worker.domain.outcomes import AttemptEnded, ended, failed
from services.model_worker.domain.preparation import prepare
from services.model_worker.domain.readiness import readiness_of, worker_ready
from services.profiler.config import ProfilerConfig
from services.profiler.domain.known_texts import KnownTexts
from services.profiler.handlers import Handlers as Profiler
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers as Router
from services.validator.config import ValidatorConfig
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers as Validator

AT = datetime(2024, 11, 1, tzinfo=UTC)
"""When everything happens: the day of the prices."""
HERE = "backtest"
LEFT_TO_A_PERSON = "left_to_a_person"
OUTCOMES = {Passage.GO: DONE, Passage.WAIT: DONE, Passage.REFUSE: REFUSED, Passage.ASK: ASKED}
"""Of a move. One that waits for room is made: alone, there is room at once."""
Heard_by = Mapping[type[Event], tuple[Handler, ...]]


class Decisions:
    """The services of a portfolio whose providers all replay."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self._revisions = PortfolioView()
        self._revisions.apply(_in_force(portfolio))
        self._providers = {
            name: Replay(read_recordings(Path(provider.answers or "")))
            for name, provider in portfolio.providers.items()
        }
        self._prices = PriceList()
        config, bus = ProfilerConfig(), BusConfig()
        self._profiler = Profiler(
            self._revisions,
            INTAKE,
            frozenset(),
            config.longest_deadline_s,
            bus.kafka_max_event_bytes,
            texts=KnownTexts(longest_at_once=bus.kafka_max_event_bytes),  # nobody waits here
        )
        self._router = Router(self._revisions, self._standing())
        self._validator = Validator(self._revisions, SchemaChecker(ValidatorConfig().schemas_kept))

    def _standing(self) -> StandingView:
        """Each provider has a worker, which holds what is recorded."""
        standing = StandingView()
        for name, provider in self._providers.items():
            mine = readiness_of(self._portfolio, name, provider.holds)
            standing.apply_worker(worker_ready(name, HERE, mine, AT))
        return standing

    def _heard_by(self) -> Heard_by:
        """Who hears what, as each service's app says. Escalation counts no other request's moves."""
        escalation = Escalation(self._revisions)
        return {
            RequestProfiled: (escalation.on_request_profiled, self._router.on_request_profiled),
            AttemptDispatched: (escalation.on_attempt_dispatched,),
            AttemptCompleted: (self._validator.on_attempt_completed,),
            AttemptAccepted: (escalation.on_attempt_accepted,),
            AttemptRejected: (escalation.on_attempt_rejected,),
            AttemptDoubted: (escalation.on_attempt_doubted,),
            AttemptFailed: (escalation.on_attempt_failed,),
            RequestEscalated: (self._router.on_request_escalated,),
        }

    async def road_of(self, request_id: UUID, value: bytes) -> Road:
        """What becomes of a request on the intake topic."""
        key, heard_by = str(request_id), self._heard_by()
        submitted = _received(INTAKE, key, value)
        road = Road(key)
        coming = deque(_said(self._profiler.on_request_submitted(RequestSubmitted.read(value), submitted)))
        while coming:
            event = coming.popleft()
            road = _after(road, event)
            for handler in heard_by.get(type(event), ()):
                coming.extend(_said(handler(event, _received(HERE, key))))
            if isinstance(event, AttemptDispatched):
                coming.append(await self._called(event))
        return road

    async def _called(self, event: AttemptDispatched) -> AttemptEnded:
        """What the provider's worker says: the recorded answer, at its modelled cost."""
        prepared = prepare(event, self._portfolio, self._prices.rate)
        if isinstance(prepared, CallFailed):
            return failed(event, prepared, Cost())
        outcome = await self._providers[event.attempt.provider].call(prepared.call)
        return ended(event, prepared.call, prepared.rate, outcome, latency_ms=0)


def _in_force(portfolio: Portfolio) -> PortfolioRevised:
    return PortfolioRevised(
        revision=portfolio.digest(), number=1, portfolio=portfolio, revised_at=AT, author=HERE, current=True
    )


def _received(topic: str, key: str, value: bytes = b"") -> Received:
    return Received(topic, 0, 0, AT, key=key.encode(), value=value)


def _said(reaction: Reaction) -> Iterator[Event]:
    """What is said once the writes took effect, in the order of the bus."""
    for write in reaction.writes:
        yield from (each.event for each in write.then.get(_outcome(write), ()) if isinstance(each, Said))
    yield from (each.event for each in reaction.says if isinstance(each, Said))


def _outcome(write: Write) -> str:
    """One event at a time, each once: nothing comes too late, and only a move may end in another way."""
    return OUTCOMES[write.row.passage] if isinstance(write.row, Move) else DONE


def _after(road: Road, event: Event) -> Road:
    """A person's answer is recorded nowhere, so a request that is left to one ends there."""
    if isinstance(event, ReviewRequested):
        end = End("failed", LEFT_TO_A_PERSON, event.detail, cost_micro_usd=road.cost_micro_usd)
        return replace(road, end=end)
    return advance(road, Heard(road.request_id, event, AT))
