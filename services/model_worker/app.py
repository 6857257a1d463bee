"""A model worker, put together."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from infra.background import begin
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.pace import Pace
from infra.bus.portfolio_view import PortfolioView, RevisionUnknown
from infra.bus.standing import Standing
from infra.metrics.health import A_PORTFOLIO, Health
from infra.metrics.measure import Measure, counter, gauge
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import AttemptDispatched
from schemas.outcome import RequestCancelled
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.standing import BreakerChanged, PortfolioRevised, WorkerReady
from schemas.topics import names_to_create
from services.model_worker import loops
from services.model_worker.adapters.attempt_store import AttemptStore
from services.model_worker.adapters.breakers import Breakers
from services.model_worker.adapters.cancelled_attempts import CancelledAttempts
from services.model_worker.adapters.content_room import ContentRoom
from services.model_worker.adapters.desk import Desk
from services.model_worker.adapters.fullness import Fullness
from services.model_worker.adapters.late_calls import LateCalls
from services.model_worker.adapters.live_answers import Chunk, LiveAnswers
from services.model_worker.adapters.model_call import ModelCalls
from services.model_worker.adapters.outcome_tally import OutcomeTally
from services.model_worker.adapters.price_list import PriceList
from services.model_worker.adapters.provider import Providers
from services.model_worker.adapters.rate_limits import RateLimits
from services.model_worker.adapters.settlements import Settlements
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.config import ModelWorkerConfig
from services.model_worker.domain.claims import Claim
from services.model_worker.domain.preparation import unpriced
from services.model_worker.domain.readiness import NOT_READY, Readiness, readiness_of, worker_ready
from services.model_worker.handlers import ATTEMPTS, CANCELLATIONS, Handlers

log = logging.getLogger(__name__)
SERVICE = "model_worker"
HEADROOM_BYTES = 16_384  # of a record beside its value: key, headers, framing
REVISION_WAIT_S = 2.0
LAST_WORDS_S = 5.0


class ModelWorkerApp:
    """Opens and closes what the worker of one provider uses. ``counts`` says what it did."""

    def __init__(
        self,
        config: ModelWorkerConfig,
        bus: BusConfig,
        store: StoreConfig,
        telemetry: TelemetryConfig,
        environ: Mapping[str, str],
        objects: ObjectsConfig,
        sealing: SealingConfig,
    ) -> None:
        self._config = config
        self._id = uuid4()
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._database = Database(store, SERVICE)
        self._portfolio = PortfolioView()
        self._changed = asyncio.Event()
        self._limits = RateLimits()
        self._breakers = Breakers(config.provider, str(self._id))
        self._bus = Bus(bus, SERVICE, self._telemetry, database=self._database, group=f"{SERVICE}.{config.provider}")
        self._standing = Standing(
            bus,
            {
                PortfolioRevised: self._on_revised,
                WorkerReady: self._on_ready,
                BreakerChanged: self._breakers.on_changed,
            },
            self._bus.broken,
        )
        self._desk = Desk(self._slots, self._limits.room, config.late_beside)
        self._store = AttemptStore(
            self._database, self._id, config.provider, config.lease_s, config.presence_s, self._desk.free_at_once
        )
        self._fullness = Fullness(self._store, self._limits, str(self._id))
        self._cancelled = CancelledAttempts(self._database, config.provider, self._desk.forsake)
        self._prices = PriceList()
        self._providers = Providers(config.provider, environ, config.largest_answer_bytes)
        self._settlements = Settlements(self._database, self._id, config.lease_s)
        self._cap = SpendCap()
        self._late = LateCalls(self._desk, self._cap, self._telemetry.spans, config.late_s)
        self._live = LiveAnswers()
        objects_store = ObjectStore(objects)
        contents = Vault(objects_store, sealing)
        shows_content = telemetry.otel_instrumentation_genai_capture_message_content
        calls = self._model_calls(contents, bus.kafka_max_event_bytes - HEADROOM_BYTES, shows_content)
        self._perform = ContentRoom(config.most_large_bytes, calls.perform).perform
        self._tally = OutcomeTally()
        self._claiming: asyncio.Task[None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self.broken = self._bus.broken
        parts = (self._bus, self._database, self._telemetry, objects_store)
        self.health = Health(SERVICE, *parts, labels={"provider": config.provider})
        self.health.measure(*self._measures())
        self.counts = self._desk.counts
        self._connect(Handlers(self._portfolio, contents.lacks))

    def _model_calls(self, contents: Vault, most_bytes: int, shows_content: bool) -> ModelCalls:
        return ModelCalls(
            self._providers,
            self._breakers,
            self._limits,
            self._revision,
            contents,
            self._prices.rate,
            self._telemetry.spans,
            most_bytes,
            self._holds,
            cap=self._cap,
            late=self._late,
            live=self._live,
            shows_content=shows_content,
        )

    def _connect(self, handlers: Handlers) -> None:
        provider = self._config.provider
        self._bus.hears(AttemptDispatched, handlers.on_attempt_dispatched, suffix=provider)
        self._bus.hears(RequestCancelled, handlers.on_request_cancelled)
        self._bus.writes(CANCELLATIONS, self._cancelled)  # first: what comes with its cancellation is not begun
        self._bus.writes(ATTEMPTS, self._store)
        self._bus.after_write(lambda: self._desk.take_up(*self._store.fresh(), self._perform))

    def _measures(self) -> tuple[Measure, ...]:
        desk, counts = self._desk, self._desk.counts
        held, running, waiting = (lambda: len(desk.leases)), (lambda: len(desk.calls)), (lambda: desk.waiting)
        return (
            *self._tally.measures(),
            gauge("portfolio_leases_held", "Attempts under this process's lease.", held),
            counter("portfolio_leases_claimed_total", "Attempts claimed.", lambda: counts["claimed"]),
            counter("portfolio_lease_repeats_total", "Claims after a lost lease.", lambda: counts["lease_repeats"]),
            counter("portfolio_leases_lost_total", "Leases that went to another.", lambda: counts["fenced"]),
            counter("portfolio_outcomes_swept_total", "Outcomes said for a dead worker.", lambda: counts["swept"]),
            gauge("portfolio_calls_running", "Calls to the provider.", running),
            gauge("portfolio_late_calls_running", "Calls read on past their time.", lambda: len(desk.late)),
            counter("portfolio_late_calls_total", "Late calls, by their end.", lambda: self._late.ended, "ending"),
            counter("portfolio_late_ms_total", "How late those whose cost is known were.", lambda: self._late.late_ms),
            gauge("portfolio_outcomes_waiting", "Outcomes to be stored and said.", waiting),
            gauge("portfolio_calls_limited", "Calls that wait for a rate limit.", lambda: self._limits.waiting),
            gauge("portfolio_limit_left", "What a rate limit lets begin at once.", lambda: self._limits.left, "limit"),
            counter("portfolio_spent_micro_usd_total", "Spent on calls.", lambda: self._cap.spent_micro_usd),
            counter("portfolio_live_chunks_total", "Chunks of live answers said.", lambda: self._live.said),
            counter("portfolio_live_cut_total", "Live answers of which not all was told.", lambda: self._live.cut),
            gauge("portfolio_probes_running", "Probes of half-open paths.", lambda: self._breakers.probing, "model"),
        )

    async def start(self) -> None:
        """Migrate, read the portfolio to its end, wait for one to be applied, then hear, claim and call.

        Raises :class:`~services.model_worker.domain.variables.VariableUnfit` or
        :class:`~services.model_worker.adapters.replay.AnswersUnreadable` when the provider cannot be called.
        """
        step = self.health.after
        await step("the database", self._database.open())
        await step("its schema", self._database.migrate(SERVICE))
        await step("its topics", self._bus.create_topics(names_to_create((self._config.provider,))))
        await step("the compacted topics", self._bus.until_done(self._standing.start))
        await step(A_PORTFOLIO, self._standing.until(self._portfolio.has_current))
        if not (await self._readiness()).ready:
            log.warning("the portfolio in force has no provider %s: this worker waits for one", self._config.provider)
        await self._store.renew({})
        self._begin_loops()  # what others left is claimed while the bus still joins its group
        await step("its partitions", self._bus.until_done(self._bus.start))
        self._begin_readiness()

    async def stop(self) -> None:
        """Claim no more, let calls end within the grace, say what came of them, and leave."""
        if self._claiming is not None:
            await self._leave(self._claiming)
        await self._bus.stop()
        await self._standing.stop()
        await self._providers.close()
        await self._database.close()
        await asyncio.to_thread(self._telemetry.close)
        log.info("the worker of %s did: %s", self._config.provider, dict(self.counts))

    def _begin_loops(self) -> None:
        config, desk, store = self._config, self._desk, self._store
        pause_s, pace = config.batch_pause_ms / 1000, Pace(config.results_pause_ms / 1000)
        self._claiming = self._begin(loops.run_claims(desk, store, self._perform, config.claim_poll_s, pause_s))
        self._running = [
            self._begin(loops.run_results(desk, store, self._settlements, self._publish, pace.pause_now)),
            self._begin(loops.run_settlements(desk, self._settlements, self._publish)),
            self._begin(loops.run_marks(desk, store)),
            self._begin(loops.run_leases(desk, store)),
            self._begin(loops.run_sweeper(desk, store, self._publish, self._say_gone, config.sweep_s)),
            self._begin(loops.run_late_sweeper(self._settlements, self._publish, config.sweep_s)),
            self._begin(loops.run_forgetting(store, self._settlements, config.retention_s, config.sweep_s)),
            self._begin(loops.run_cancelling(self._cancelled, config.sweep_s)),
            self._begin(loops.run_live(self._live, self._say_chunks, config.live_batch_ms / 1000)),
            self._begin(loops.run_shares(store.workers, self._limits.share)),
            self._begin(loops.run_breaker_news(self._breakers.news, self._say_standing)),
        ]

    def _begin_readiness(self) -> None:
        ready = loops.run_readiness(self._changed, self._readiness, lambda: self._fullness.stands, self._say_ready)
        full = loops.run_fullness(self._desk, self._fullness.found, self._say_standing)
        self._running += [self._begin(ready), self._begin(full)]
        self._changed.set()

    def _begin(self, loop: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return begin(loop, self.broken, SERVICE)

    async def _leave(self, claiming: asyncio.Task[None]) -> None:
        self._desk.stopping = True
        self._desk.wake.set()
        await self._bus.stop_reading()
        await asyncio.wait([claiming], timeout=LAST_WORDS_S)
        await loops.drain(self._desk, self._store, self._config.stop_grace_s)
        for task in (claiming, *self._running):
            task.cancel()
        await asyncio.gather(claiming, *self._running, return_exceptions=True)
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._store.release(self._desk.leases, begun=True)
                if await self._store.leave():
                    await self._say_gone(self._config.provider)
        except TimeoutError:
            log.warning("left without a word: the database or Kafka is away, and leases run out by themselves")

    async def _publish(self, says: Sequence[loops.Say]) -> Mapping[int, str]:
        refused = await self._bus.say_each([(Said(event, data=data), context) for event, data, context in says])
        self._tally.add(event for at, (event, *_) in enumerate(says) if at not in refused)
        return refused

    async def _say_ready(self, mine: Readiness) -> None:
        await self._bus.say([Said(worker_ready(self._config.provider, str(self._id), mine, datetime.now(UTC)))])

    async def _say_gone(self, provider: str) -> None:
        await self._bus.say([Said(worker_ready(provider, str(self._id), NOT_READY, datetime.now(UTC)))])

    async def _say_chunks(self, chunks: Sequence[Chunk]) -> None:
        if hopeless := await self._bus.say_each([(Said(event, data=data), context) for event, data, context in chunks]):
            log.error("chunks of live answers cannot be said: %s", ", ".join(sorted(set(hopeless.values()))))

    async def _say_standing(self, event: BreakerChanged | WorkerReady) -> None:
        await self._bus.say([Said(event)])

    async def _readiness(self) -> Readiness:
        """What this worker can serve by the portfolio in force; raises when it lacks what the provider needs."""
        portfolio = self._portfolio.current.portfolio
        provider = portfolio.providers.get(self._config.provider)
        if provider is None:
            return NOT_READY
        adapter = await self._providers.adapter_of(provider)
        await self._check_prices(portfolio)
        return readiness_of(portfolio, self._config.provider, adapter.holds)

    async def _check_prices(self, portfolio: Portfolio) -> None:
        names = unpriced(portfolio, self._config.provider)
        if names:
            await asyncio.to_thread(self._prices.read)
        for name in names:
            if self._prices.rate(name) is None:
                log.warning("no price of %s is known: its calls are booked as costing nothing", name)

    async def _holds(self, claim: Claim) -> bool:
        if is_ours := await self._is_ours(claim):
            self._desk.begun.add(claim.attempt_id)
        return is_ours

    async def _is_ours(self, claim: Claim) -> bool:
        fence = self._desk.fence_of(claim)
        if await self._store.holds(claim, fence):
            return True
        newer = self._desk.fence_of(claim)  # the lease may have been taken up again while the database was asked
        return newer != fence and await self._store.holds(claim, newer)

    def _slots(self) -> int:
        provider = self._portfolio.current.portfolio.providers.get(self._config.provider)
        return self._config.concurrency or (provider.concurrency if provider else 1)

    def _on_revised(self, event: PortfolioRevised) -> None:
        self._portfolio.apply(event)
        self._breakers.on_revised(event)
        if event.current:
            self._limits.limit(event.portfolio.providers.get(self._config.provider))
        self._changed.set()

    def _on_ready(self, event: WorkerReady) -> None:
        if event.provider == self._config.provider:
            self._fullness.stands = event
            if not event.ready:
                self._changed.set()

    async def _revision(self, name: str) -> Portfolio:
        """A revision that an event names; the event may have come before the revision itself."""
        try:
            return self._portfolio.revision(name)
        except RevisionUnknown:
            pass
        try:
            async with asyncio.timeout(REVISION_WAIT_S):
                await self._standing.until(lambda: self._knows(name))
        except TimeoutError:
            log.warning("revision %s did not come within %.0f s", name, REVISION_WAIT_S)
        return self._portfolio.revision(name)

    def _knows(self, name: str) -> bool:
        try:
            return self._portfolio.revision(name) is not None
        except RevisionUnknown:
            return False


def build_app(
    config: ModelWorkerConfig,
    bus: BusConfig | None = None,
    store: StoreConfig | None = None,
    telemetry: TelemetryConfig | None = None,
    environ: Mapping[str, str] | None = None,
    objects: ObjectsConfig | None = None,
    sealing: SealingConfig | None = None,
) -> ModelWorkerApp:
    """A model worker from its settings; what is not given is read from the environment."""
    return ModelWorkerApp(
        config,
        bus or BusConfig(),
        store or StoreConfig.from_environment(),
        telemetry or TelemetryConfig(),
        os.environ if environ is None else environ,
        objects or ObjectsConfig(),
        sealing or SealingConfig(),
    )
