"""The ledger, put together."""

import asyncio

from infra.background import begin
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.http_server import HttpServer
from infra.metrics.health import Health
from infra.metrics.measure import counter
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.engine import engine_of
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import (
    AttemptAccepted,
    AttemptCompleted,
    AttemptDispatched,
    AttemptDoubted,
    AttemptFailed,
    AttemptRejected,
)
from schemas.outcome import RequestCancelled, RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.request import RequestProfiled
from schemas.review import FeedbackRecorded, ReviewRequested
from schemas.settlement import AttemptSettled
from schemas.standing import BreakerChanged, PortfolioRevised
from schemas.topics import names_to_create
from services.ledger.adapters.commuting_table import CommutingTable
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.ledger_reader import LedgerReader
from services.ledger.adapters.pruning import Pruned, Pruning
from services.ledger.adapters.scoring import Scoring
from services.ledger.adapters.tables import LEDGER
from services.ledger.config import LedgerConfig
from services.ledger.domain.parts import PARTS
from services.ledger.domain.storable import storable
from services.ledger.handlers import Handlers
from services.ledger.loops import run_digest, run_pruning, run_scores
from services.ledger.routes import build_api

SERVICE = "ledger"
STOP_GRACE_S = 5.0


class LedgerApp:
    """Opens and closes what the ledger uses. ``url`` is where the read API answers, once started."""

    def __init__(self, config: LedgerConfig, bus: BusConfig, store: StoreConfig, telemetry: TelemetryConfig) -> None:
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._database = Database(store, SERVICE)
        self._bus = Bus(bus, SERVICE, self._telemetry, database=self._database, linger_ms=config.linger_ms)
        self._engine = engine_of(store.dsn, pool_size=config.readers, pool_pre_ping=True)
        self._reading = False
        self._config = config
        self._loops: list[asyncio.Task[None]] = []
        self.broken = self._bus.broken
        self.health = Health(SERVICE, self._bus, self._database, self._telemetry)
        self._pruned = 0
        tells = "Requests that were let go of, older than LEDGER_KEEP_DAYS."
        self.health.measure(counter("portfolio_requests_pruned_total", tells, lambda: self._pruned))
        api = build_api(LedgerReader(self._engine), lambda: self._reading and not self.broken.is_set())
        self._server = HttpServer(api, config.host, config.port, prefix="LEDGER", grace_s=STOP_GRACE_S)
        self._hear(Handlers())
        for table in LEDGER.tables.values():
            self._bus.writes(table.name, CommutingTable(table))

    @property
    def url(self) -> str:
        """The root address of the read API, such as ``http://127.0.0.1:8081``; empty before the start."""
        return self._server.url

    async def start(self) -> None:
        """Answer `/live` first; then migrate, and read events."""
        await self._server.start()
        step = self.health.after
        await step("the database", self._database.open())
        await step("its schema", self._database.migrate(SERVICE))
        await step("its topics", self._bus.create_topics(names_to_create(())))
        await step("its partitions", self._bus.until_done(self._bus.start))
        scoring = Scoring(self._config.scores_keep, self._config.feedback_most_share)
        digest = run_digest(self._database, Digest(), self._config.digest_pause_s)
        scores = run_scores(self._database, scoring, self._bus.say, self._config.scores_pause_s)
        loops = [digest, scores]
        if self._config.keep_days is not None:
            loops.append(run_pruning(self._database, Pruning(self._config.keep_days), self._count_pruned))
        self._loops = [begin(loop, self.broken, SERVICE) for loop in loops]
        self._reading = True

    def _count_pruned(self, pruned: Pruned) -> None:
        self._pruned += pruned.requests

    async def stop(self) -> None:
        self._reading = False
        for loop in self._loops:
            loop.cancel()
        await self._server.stop()
        await self._bus.stop()
        await self._engine.dispose()
        await self._database.close()
        await asyncio.to_thread(self._telemetry.close)

    def _hear(self, handlers: Handlers) -> None:
        # One span a request: the other events say nothing that this one does not.
        self._bus.hears(RequestProfiled, storable(handlers.on_request_profiled), reads=PARTS[RequestProfiled])
        for event, handler in (
            (AttemptDispatched, handlers.on_attempt_dispatched),
            (AttemptCompleted, handlers.on_attempt_completed),
            (AttemptFailed, handlers.on_attempt_failed),
            (AttemptSettled, handlers.on_attempt_settled),
            (AttemptAccepted, handlers.on_attempt_accepted),
            (AttemptRejected, handlers.on_attempt_rejected),
            (AttemptDoubted, handlers.on_attempt_doubted),
            (RequestEscalated, handlers.on_request_escalated),
            (RequestCompleted, handlers.on_request_completed),
            (RequestFailed, handlers.on_request_failed),
            (RequestCancelled, handlers.on_request_cancelled),
            (RequestDeferred, handlers.on_request_deferred),
            (ReviewRequested, handlers.on_review_requested),
            (FeedbackRecorded, handlers.on_feedback_recorded),
            (BreakerChanged, handlers.on_breaker_changed),
            (PortfolioRevised, handlers.on_portfolio_revised),
        ):
            self._bus.hears(event, storable(handler), spanned=False, reads=PARTS.get(event))


def build_app(
    config: LedgerConfig,
    bus: BusConfig | None = None,
    store: StoreConfig | None = None,
    telemetry: TelemetryConfig | None = None,
) -> LedgerApp:
    """The ledger from its settings; what is not given is read from the environment."""
    store = store or StoreConfig.from_environment()
    return LedgerApp(config, bus or BusConfig(), store, telemetry or TelemetryConfig())
