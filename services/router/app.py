"""The router, put together."""

import asyncio
from datetime import UTC, datetime

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.portfolio_view import PortfolioView
from infra.bus.standing import Standing
from infra.metrics.health import A_PORTFOLIO, Health
from infra.metrics.measure import Measure, counter, gauge
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.outcome import RequestEscalated
from schemas.request import RequestProfiled
from schemas.standing import BreakerChanged, ModelScored, PortfolioRevised, WorkerReady
from schemas.topics import names_to_create
from services.router.domain.scores import ScoresView
from services.router.domain.standing import StandingView
from services.router.handlers import Handlers

SERVICE = "router"


class RouterApp:
    """Opens and closes what the router uses."""

    def __init__(self, bus: BusConfig, telemetry: TelemetryConfig) -> None:
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._portfolio = PortfolioView()
        standing, scores = StandingView(), ScoresView()
        self._bus = Bus(bus, SERVICE, self._telemetry)
        self._standing = Standing(
            bus,
            {
                PortfolioRevised: self._portfolio.apply,
                WorkerReady: standing.apply_worker,
                BreakerChanged: standing.apply_breaker,
                ModelScored: scores.apply_score,
            },
            self._bus.broken,
        )
        self.broken = self._bus.broken
        self.health = Health(SERVICE, self._bus, self._telemetry)
        self.health.measure(*self._measures(standing))
        handlers = Handlers(self._portfolio, standing, scores)
        self._bus.hears(RequestProfiled, handlers.on_request_profiled)
        self._bus.hears(RequestEscalated, handlers.on_request_escalated)

    def _measures(self, standing: StandingView) -> tuple[Measure, ...]:
        def breakers() -> dict[tuple[str, ...], float]:
            return {(path, told.state): 1 for path, told in standing.breakers.items()}

        def workers() -> dict[str, float]:
            return {provider: told.ready for provider, told in standing.workers.items()}

        def full() -> dict[str, float]:
            now = datetime.now(UTC)
            return {provider: standing.is_full(provider, now) for provider in standing.workers}

        return (
            counter("portfolio_paths_taken_total", "Attempts sent each path.", lambda: standing.taken, "path"),
            gauge("portfolio_provider_full", "1 while attempts wait there for a hand.", full, "provider"),
            gauge("portfolio_breaker_state", "1 for the state that a model path is in.", breakers, "path", "state"),
            gauge("portfolio_provider_ready", "1 while a provider has a live worker.", workers, "provider"),
        )

    async def start(self) -> None:
        """Read what stands to its end before the first choice."""
        step = self.health.after
        await step("its topics", self._bus.create_topics(names_to_create(())))
        await step("the compacted topics", self._bus.until_done(self._standing.start))
        await step(A_PORTFOLIO, self._standing.until(self._portfolio.has_current))
        await step("its partitions", self._bus.until_done(self._bus.start))

    async def stop(self) -> None:
        await self._bus.stop()
        await self._standing.stop()
        await asyncio.to_thread(self._telemetry.close)


def build_app(bus: BusConfig | None = None, telemetry: TelemetryConfig | None = None) -> RouterApp:
    """The router from its settings; what is not given is read from the environment."""
    return RouterApp(bus or BusConfig(), telemetry or TelemetryConfig())
