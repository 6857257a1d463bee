"""The profiler, put together."""

import asyncio
import logging

from infra.background import begin
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.portfolio_view import PortfolioView
from infra.bus.standing import Standing
from infra.metrics.health import A_PORTFOLIO, Health
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.contents import FetchedContents
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from infra.wrong_settings import WrongSetting
from schemas.outcome import RequestCompleted, RequestFailed
from schemas.request import RequestSubmitted
from schemas.standing import PortfolioRevised
from schemas.teaching import Examples
from schemas.topics import INTAKE, names_to_create
from services.profiler.adapters.admission_store import AdmissionStore
from services.profiler.adapters.budget_store import Settlements
from services.profiler.adapters.learning import Classifiers, FromExamples, InForce, Trained
from services.profiler.config import ProfilerConfig
from services.profiler.domain.classify import Classifier
from services.profiler.handlers import Handlers
from services.profiler.loops import run_expiring, run_forgetting, run_forgetting_content

log = logging.getLogger(__name__)
SERVICE = "profiler"
ROOM_FOR_ANSWERS = 131_072
"""Bytes of an event that later attempts' answers and repairs need beside the request."""


class ProfilerApp:
    """Opens and closes what the profiler uses."""

    def __init__(
        self,
        config: ProfilerConfig,
        bus: BusConfig,
        store: StoreConfig,
        telemetry: TelemetryConfig,
        objects: ObjectsConfig,
        sealing: SealingConfig,
    ) -> None:
        self._config = config
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._database = Database(store, SERVICE)
        classifiers = _classifiers(config)
        self._portfolio = PortfolioView()
        self._in_force = InForce(self._portfolio, classifiers)
        self._objects = ObjectStore(objects)
        contents = FetchedContents(Vault(self._objects, sealing))
        self._bus = Bus(bus, SERVICE, self._telemetry, database=self._database, contents=contents)
        self._standing = Standing(bus, {PortfolioRevised: self._in_force.apply}, self._bus.broken)
        self._admissions = AdmissionStore()
        self._settlements = Settlements()
        self._forgetting: list[asyncio.Task[None]] = []
        self.broken = self._bus.broken
        self.health = Health(SERVICE, self._bus, self._database, self._telemetry, self._objects)
        handlers = Handlers(
            revisions=self._in_force,
            intake=bus.physical(INTAKE),
            reply_topics=frozenset(config.reply_topics),
            longest_deadline_s=config.longest_deadline_s,
            largest_event_bytes=bus.kafka_max_event_bytes - ROOM_FOR_ANSWERS,
            contents=contents,
            classifier_of=classifiers.of,
        )
        self._bus.hears(RequestSubmitted, handlers.on_request_submitted, undecodable=handlers.on_unreadable)
        self._bus.hears(RequestCompleted, handlers.on_request_completed, spanned=False)
        self._bus.hears(RequestFailed, handlers.on_request_failed, spanned=False)
        self._bus.writes("admissions", self._admissions)
        self._bus.writes("settlements", self._settlements)

    async def start(self) -> None:
        """Migrate, read the portfolio to its end, wait for one to be applied, then open the door."""
        step = self.health.after
        await step("the database", self._database.open())
        await step("its schema", self._database.migrate(SERVICE))
        await step("its topics", self._bus.create_topics(names_to_create(())))
        await step("the compacted topics", self._bus.until_done(self._standing.start))
        await step(A_PORTFOLIO, self._standing.until(self._portfolio.has_current))
        await step("what the portfolio's examples teach", self._in_force.catch_up())
        await step("its partitions", self._bus.until_done(self._bus.start))
        admissions = run_forgetting(self._database, self._admissions, self._config.keep_admissions_days)
        holds = run_expiring(self._database, self._settlements)
        loops = (admissions, holds, run_forgetting_content(self._objects), self._in_force.follow())
        self._forgetting = [begin(loop, self.broken, SERVICE) for loop in loops]

    async def stop(self) -> None:
        for task in self._forgetting:
            task.cancel()
        await self._bus.stop()
        await self._standing.stop()
        await self._database.close()
        await asyncio.to_thread(self._telemetry.close)


def _classifiers(config: ProfilerConfig) -> Classifiers:
    """The file that the settings name, for every revision; else what each revision's own examples teach."""
    if config.classifier is None:
        return FromExamples(_taught_by)
    from infra.classifier.artefact import ArtefactUnreadable, load_classifier

    try:
        return Trained(load_classifier(config.classifier))
    except ArtefactUnreadable as error:
        raise WrongSetting(f"PROFILER_CLASSIFIER: {error}") from None


def _taught_by(examples: Examples) -> Classifier | None:
    """The libraries of a classifier are loaded only where there is something to learn."""
    from infra.classifier.examples import taught_apart
    from infra.classifier.vectors import VectorsMissing

    try:
        return taught_apart(examples)
    except VectorsMissing as error:
        log.warning("the examples of tasks teach nothing here: %s", error)
        return None


def build_app(
    config: ProfilerConfig,
    bus: BusConfig | None = None,
    store: StoreConfig | None = None,
    telemetry: TelemetryConfig | None = None,
    objects: ObjectsConfig | None = None,
    sealing: SealingConfig | None = None,
) -> ProfilerApp:
    """The profiler from its settings; what is not given is read from the environment."""
    return ProfilerApp(
        config,
        bus or BusConfig(),
        store or StoreConfig.from_environment(),
        telemetry or TelemetryConfig(),
        objects or ObjectsConfig(),
        sealing or SealingConfig(),
    )
