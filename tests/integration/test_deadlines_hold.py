"""Every request ends by its deadline, once, though no worker of any provider lives and escalation restarts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from neighbours import until

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.store.config import StoreConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.outcome import RequestCompleted, RequestEscalated, RequestFailed
from schemas.portfolio import Portfolio
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.topics import names_to_create
from schemas.vocabulary import Reason
from services.escalation.app import EscalationApp
from services.escalation.app import build_app as build_escalation
from services.escalation.config import EscalationConfig
from services.profiler.app import build_app as build_profiler
from services.profiler.config import ProfilerConfig
from services.router.app import build_app as build_router

LATE_BY = timedelta(seconds=1)
pytestmark = pytest.mark.alone
PROVIDERS = ("first", "second", "third")
DOCUMENT: Any = {
    "defaults": {"data_class": "internal", "lane": "simple"},
    "providers": {name: {"adapter": "openai_compatible", "base_url": "http://127.0.0.1:9"} for name in PROVIDERS},
    "models": {
        name: {"kind": "api", "owner": "tests", "context_tokens": 4096, "endpoints": [{"provider": name, "model": "m"}]}
        for name in PROVIDERS
    },
    "lanes": {"simple": {"tiers": [["first", "second"], ["third"]], "max_attempts": 3, "deadline_s": 60}},
}


def most_in_time(ended: list[datetime], due: list[datetime]) -> bool:
    """Whether nine of ten ended in time, by the database's clock: a pause of a busy machine is not the design's."""
    late = sorted(at - then for at, then in zip(ended, due, strict=True))
    return not late or late[len(late) * 9 // 10 - 1] <= LATE_BY


class Observer:
    """A client that asks, and hears every end and every escalation."""

    def __init__(self, bus: BusConfig, telemetry: Telemetry) -> None:
        self._ends: dict[str, RequestCompleted | RequestFailed] = {}
        self.escalated: list[RequestEscalated] = []
        self.bus = Bus(bus, "observer", telemetry)
        self.bus.hears(RequestCompleted, self._on_end)
        self.bus.hears(RequestFailed, self._on_end)
        self.bus.hears(RequestEscalated, self._on_escalated)

    def _on_end(self, event: RequestCompleted | RequestFailed, received: Received) -> Reaction:
        self._ends[received.event_id] = event
        return NOTHING

    @property
    def ends(self) -> list[RequestCompleted | RequestFailed]:
        """Each once: who stops between saying one and noting that leaves it to be said again."""
        return list(self._ends.values())

    def _on_escalated(self, event: RequestEscalated, received: Received) -> Reaction:
        self.escalated.append(event)
        return NOTHING

    async def apply(self) -> None:
        """Put the portfolio in force."""
        portfolio = Portfolio.of(DOCUMENT)
        now = datetime.now(UTC)
        revised = PortfolioRevised(
            revision=portfolio.digest(), number=1, portfolio=portfolio, revised_at=now, author="tests", current=True
        )
        await self.bus.say([Said(revised)])

    async def ask(self, deadline_s: float) -> UUID:
        """Submit a request; its id."""
        question = ({"role": "user", "content": "Is anybody there?"},)
        asked = RequestSubmitted(request_id=uuid4(), messages=question, deadline_s=deadline_s)
        await self.bus.say([Said(asked)])
        assert asked.request_id is not None
        return asked.request_id


@pytest.fixture
async def observer(bus_config: BusConfig, telemetry: Telemetry) -> AsyncIterator[Observer]:
    observer = Observer(bus_config, telemetry)
    await observer.bus.create_topics(names_to_create(PROVIDERS))
    await observer.bus.start()
    await observer.apply()
    yield observer
    await observer.bus.stop()


@pytest.fixture
async def deciders(observer: Observer, bus_config: BusConfig, store_config: StoreConfig) -> AsyncIterator[None]:
    """Who admits and routes: all but escalation and the workers."""
    quiet = TelemetryConfig()
    apps = [build_profiler(ProfilerConfig(), bus_config, store_config, quiet), build_router(bus_config, quiet)]
    await asyncio.gather(*(app.start() for app in apps))
    yield
    await asyncio.gather(*(app.stop() for app in apps))


async def test_every_request_ends_in_time_though_nobody_answers_and_escalation_restarts(
    observer: Observer, deciders: None, bus_config: BusConfig, store_config: StoreConfig
) -> None:
    def escalation() -> EscalationApp:
        return build_escalation(EscalationConfig(), bus_config, store_config, TelemetryConfig())

    leaving, staying = escalation(), escalation()
    await asyncio.gather(leaving.start(), staying.start())
    asked = [await observer.ask(deadline_s=3 + number / 10) for number in range(40)]
    await until(lambda: observer.escalated)
    await leaving.stop()
    coming = escalation()
    await coming.start()
    await until(lambda: len(observer.ends) >= len(asked))
    await asyncio.gather(coming.stop(), staying.stop())

    assert Counter(end.request_id for end in observer.ends) == Counter(asked)
    failures = [end for end in observer.ends if isinstance(end, RequestFailed)]
    assert {end.reason for end in failures} <= {Reason.DEADLINE, Reason.TIERS_SPENT, Reason.ATTEMPTS_SPENT}
    assert len(failures) == len(asked)
    overdue = [end for end in failures if end.failed_at >= end.deadline_at]
    assert most_in_time([end.failed_at for end in overdue], [end.deadline_at for end in overdue])
    assert all(event.attempt_deadline_at <= event.request.deadline_at for event in observer.escalated)
    assert all(len(event.tried) < event.request.max_attempts for event in observer.escalated)


async def test_what_came_due_while_escalation_was_away_ends_as_soon_as_it_is_back(
    observer: Observer, deciders: None, bus_config: BusConfig, store_config: StoreConfig
) -> None:
    first = build_escalation(EscalationConfig(), bus_config, store_config, TelemetryConfig())
    await first.start()
    asked = [await observer.ask(deadline_s=4) for _ in range(20)]
    await until(lambda: observer.escalated)
    await first.stop()
    away_at = datetime.now(UTC)
    await until(lambda: all(event.request.deadline_at < datetime.now(UTC) for event in observer.escalated))
    again = build_escalation(EscalationConfig(), bus_config, store_config, TelemetryConfig())
    await again.start()
    back_at = datetime.now(UTC)
    await until(lambda: len(observer.ends) >= len(asked))
    await again.stop()

    assert Counter(end.request_id for end in observer.ends) == Counter(asked)
    ended = [end.failed_at for end in observer.ends if isinstance(end, RequestFailed) and end.failed_at > away_at]
    assert ended
    assert most_in_time(ended, [back_at] * len(ended))
