"""The validator, put together."""

import asyncio

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.portfolio_view import PortfolioView
from infra.bus.standing import Standing
from infra.metrics.health import A_PORTFOLIO, Health
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.attempt import AttemptCompleted
from schemas.standing import PortfolioRevised
from schemas.topics import names_to_create
from services.validator.config import ValidatorConfig
from services.validator.domain.json_schema import SchemaChecker
from services.validator.handlers import Handlers

SERVICE = "validator"


class ValidatorApp:
    """Opens and closes what the validator uses. It keeps no memory of its own, so any replica may hear any attempt."""

    def __init__(
        self,
        config: ValidatorConfig,
        bus: BusConfig,
        telemetry: TelemetryConfig,
        objects: ObjectsConfig,
        sealing: SealingConfig,
    ) -> None:
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._portfolio = PortfolioView()
        store = ObjectStore(objects)
        contents = FetchedContents(Vault(store, sealing))
        self._bus = Bus(bus, SERVICE, self._telemetry, contents=contents)
        self._standing = Standing(bus, {PortfolioRevised: self._portfolio.apply}, self._bus.broken)
        self.broken = self._bus.broken
        self.health = Health(SERVICE, self._bus, self._telemetry, store)
        handlers = Handlers(self._portfolio, SchemaChecker(config.schemas_kept), contents)
        self._bus.hears(AttemptCompleted, handlers.on_attempt_completed)

    async def start(self) -> None:
        """Read the portfolio to its end, wait for one to be applied, then judge."""
        step = self.health.after
        await step("its topics", self._bus.create_topics(names_to_create(())))
        await step("the compacted topics", self._bus.until_done(self._standing.start))
        await step(A_PORTFOLIO, self._standing.until(self._portfolio.has_current))
        await step("its partitions", self._bus.until_done(self._bus.start))

    async def stop(self) -> None:
        """Finish the batch at hand, then close."""
        await self._bus.stop()
        await self._standing.stop()
        await asyncio.to_thread(self._telemetry.close)


def build_app(
    config: ValidatorConfig,
    bus: BusConfig | None = None,
    telemetry: TelemetryConfig | None = None,
    objects: ObjectsConfig | None = None,
    sealing: SealingConfig | None = None,
) -> ValidatorApp:
    """The validator from its settings; what is not given is read from the environment."""
    telemetry, objects = telemetry or TelemetryConfig(), objects or ObjectsConfig()
    return ValidatorApp(config, bus or BusConfig(), telemetry, objects, sealing or SealingConfig())
