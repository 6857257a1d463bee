"""Escalation, put together."""

import asyncio
from datetime import timedelta

from infra.background import begin
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.portfolio_view import PortfolioView
from infra.bus.standing import Standing
from infra.metrics.health import Health
from infra.metrics.measure import Measure, counter, gauge
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import AttemptAccepted, AttemptDispatched, AttemptDoubted, AttemptFailed, AttemptRejected
from schemas.outcome import RequestCancelled
from schemas.request import RequestProfiled
from schemas.review import ReviewAnswered
from schemas.standing import PortfolioRevised
from schemas.topics import names_to_create
from services.escalation.adapters.early_cancellations import EarlyCancellations
from services.escalation.adapters.request_store import Closings, Dispatches, Moves, Openings, PersonsAnswers
from services.escalation.adapters.timer_store import TimerStore
from services.escalation.config import EscalationConfig
from services.escalation.domain.held import sorted_out
from services.escalation.domain.parts import ACCEPTED, DISPATCHED
from services.escalation.domain.storm import Storm
from services.escalation.handlers import Handlers
from services.escalation.loops import run_cancelling, run_deadlines, run_forgetting

SERVICE = "escalation"


class EscalationApp:
    """Opens and closes what escalation uses."""

    def __init__(
        self, config: EscalationConfig, bus: BusConfig, store: StoreConfig, telemetry: TelemetryConfig
    ) -> None:
        self._config = config
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._database = Database(store, SERVICE)
        self._portfolio = PortfolioView()
        self._bus = Bus(bus, SERVICE, self._telemetry, database=self._database, events_a_request=3.0)
        self._standing = Standing(bus, {PortfolioRevised: self._portfolio.apply}, self._bus.broken)
        self._timers = TimerStore()
        self._cancellations = EarlyCancellations()
        self._loops: list[asyncio.Task[None]] = []
        self.broken = self._bus.broken
        self.health = Health(SERVICE, self._bus, self._database, self._telemetry)
        self._storm = Storm()
        self._held = 0
        self.health.measure(*self._measures())
        self.health.before_scrape(self._count_held)
        self._connect(Handlers(self._portfolio, self._storm))

    def _connect(self, handlers: Handlers) -> None:
        self._bus.hears(RequestProfiled, handlers.on_request_profiled)
        self._bus.hears(AttemptDispatched, handlers.on_attempt_dispatched, reads=DISPATCHED)
        self._bus.hears(AttemptAccepted, handlers.on_attempt_accepted, reads=ACCEPTED)
        self._bus.hears(AttemptRejected, handlers.on_attempt_rejected)
        self._bus.hears(AttemptFailed, handlers.on_attempt_failed)
        self._bus.hears(AttemptDoubted, handlers.on_attempt_doubted)
        self._bus.hears(RequestCancelled, handlers.on_request_cancelled)
        self._bus.hears(ReviewAnswered, handlers.on_review_answered)
        kept = timedelta(days=self._config.keep_requests_days)
        self._bus.writes("openings", Openings(kept))
        self._bus.writes("dispatches", Dispatches())
        self._bus.writes("closings", Closings(kept))
        self._bus.writes("moves", Moves(kept))
        self._bus.writes("cancellations", self._cancellations)
        self._bus.writes("persons_answers", PersonsAnswers())

    def _measures(self) -> tuple[Measure, ...]:
        storm = self._storm
        return (
            gauge("portfolio_requests_held", "Requests that wait for room or for their path.", lambda: self._held),
            counter("portfolio_tier_requests_total", "Requests that came to a tier.", lambda: storm.came, "tier"),
            counter("portfolio_tier_moves_total", "Moves up asked for.", lambda: storm.asked, "tier", "passage"),
        )

    async def _count_held(self) -> None:
        self._held = await self._database.patiently(self._timers.held)

    async def start(self) -> None:
        """Migrate, read the portfolio to its end, then listen and keep time."""
        step = self.health.after
        await step("the database", self._database.open())
        await step("its schema", self._database.migrate(SERVICE))
        await step("its topics", self._bus.create_topics(names_to_create(())))
        await step("the compacted topics", self._bus.until_done(self._standing.start))
        await step("its partitions", self._bus.until_done(self._bus.start))
        config = self._config
        deadlines = run_deadlines(
            self._database,
            self._timers,
            self._telemetry.tracer,
            self._bus.say_each,
            lambda held: sorted_out(held, self._storm, self._portfolio),
            config.tick_ms / 1000,
            config.due_at_once,
        )
        forgetting = run_forgetting(self._database, self._timers, config.keep_requests_days)
        cancelling = run_cancelling(self._database, self._cancellations)
        self._loops = [begin(loop, self.broken, SERVICE) for loop in (deadlines, forgetting, cancelling)]

    async def stop(self) -> None:
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._bus.stop()
        await self._standing.stop()
        await self._database.close()
        await asyncio.to_thread(self._telemetry.close)


def build_app(
    config: EscalationConfig,
    bus: BusConfig | None = None,
    store: StoreConfig | None = None,
    telemetry: TelemetryConfig | None = None,
) -> EscalationApp:
    """Escalation from its settings; what is not given is read from the environment."""
    store = store or StoreConfig.from_environment()
    return EscalationApp(config, bus or BusConfig(), store, telemetry or TelemetryConfig())
