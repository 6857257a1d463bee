"""The gateway, put together."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from aiokafka.errors import KafkaError

from infra.background import begin
from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.decode import Undecodable
from infra.bus.lookback import Lookback, TopicsUnseen
from infra.bus.portfolio_view import PortfolioView
from infra.bus.publisher import partition_of
from infra.bus.reading import PartitionShare
from infra.bus.standing import Standing
from infra.http_server import HttpServer
from infra.metrics.health import A_PORTFOLIO, Health
from infra.metrics.measure import Measure, gauge
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from infra.wrong_settings import WrongSetting
from schemas.operator import OperatorActed
from schemas.outcome import RequestCompleted, RequestDeferred, RequestEscalated, RequestFailed
from schemas.reaction import NOTHING, Reaction, Received
from schemas.review import FeedbackRecorded
from schemas.standing import PortfolioRevised
from schemas.streamed import AnswerStreamed
from schemas.topics import names_to_create
from services.gateway.adapters.answer_cache import AnswerCache
from services.gateway.adapters.answer_store import AnswerStore
from services.gateway.adapters.answer_tally import AnswerTally
from services.gateway.adapters.batch_store import BatchStore
from services.gateway.adapters.batches import Batches
from services.gateway.adapters.claim_store import ClaimStore
from services.gateway.adapters.claims import Claims
from services.gateway.adapters.dropped_answers import DroppedAnswers
from services.gateway.adapters.erased_lines import ErasedLines, LineErasing
from services.gateway.adapters.file_store import FileStore
from services.gateway.adapters.flight_store import FlightStore
from services.gateway.adapters.flights import Flights
from services.gateway.adapters.gate import Gate
from services.gateway.adapters.kept_files import KeptFiles
from services.gateway.adapters.key_store import KeyStore
from services.gateway.adapters.large_bodies import LargeBodies
from services.gateway.adapters.large_requests import LargeRequests
from services.gateway.adapters.live_streams import LiveStreams
from services.gateway.adapters.load import Load
from services.gateway.adapters.own_topics import OwnTopics
from services.gateway.adapters.submissions import Submissions
from services.gateway.adapters.waiting import Waiting
from services.gateway.config import GatewayConfig, KeysPolicy
from services.gateway.domain.partitions import Share, minted
from services.gateway.domain.progress import ROAD
from services.gateway.handlers import DROPPED, ERASED, Handlers
from services.gateway.loops import run_forgetting, run_forgetting_batches, run_keeping, run_publishing, run_tidying
from services.gateway.routes.desk import Desk
from services.gateway.routes.http_app import http_app
from services.gateway.routes.origins import open_to

log = logging.getLogger(__name__)
SERVICE = "gateway"
ITS_OWN = (RequestCompleted, RequestFailed, RequestDeferred, RequestEscalated, AnswerStreamed)
"""What a replica hears of the requests that it minted."""


class NoDatabase(WrongSetting):
    """Keys are required, and there is nowhere to keep them."""


class GatewayApp:
    """Opens and closes what the gateway uses. ``url`` is known once it is started."""

    def __init__(
        self,
        config: GatewayConfig,
        bus: BusConfig,
        telemetry: TelemetryConfig,
        objects: ObjectsConfig,
        store: StoreConfig | None,
        sealing: SealingConfig,
    ) -> None:
        self._config = config
        self._database = Database(store, SERVICE) if store else None
        self._gate = self._gate_of(config)
        self._telemetry = Telemetry(telemetry, SERVICE)
        self._portfolio = PortfolioView()
        self._feedback = self._feedback_bus(bus)
        self._dropped = DroppedAnswers()
        self._bus = Bus(bus, SERVICE, self._telemetry, share=PartitionShare(config.replica_index, config.replica_count))
        self._standing = Standing(bus, {PortfolioRevised: self._portfolio.apply}, self._bus.broken)
        self._own_topics = OwnTopics(lambda: self._bus.partitions_of(ITS_OWN))
        self._waiting = Waiting(config.max_waiting)
        self._live = LiveStreams()
        self._load = Load()
        self._tally = AnswerTally()
        self._submissions = Submissions()
        self._objects = ObjectStore(objects)
        self._vault = Vault(self._objects, sealing)
        self._large_bodies = LargeBodies()
        ends = (RequestDeferred, RequestCompleted, RequestFailed)
        self._lookback = Lookback(bus, ends, self._bus.broken, passing=(RequestDeferred,))
        self._road = Lookback(bus, (*ROAD, RequestCompleted, RequestFailed), self._bus.broken)
        self._claims = self._claims_of(self._database)
        self._cache = self._cache_of(self._database)
        self._batches = self._batches_of(self._database)
        self._looping: list[asyncio.Task[None]] = []
        self._publishing: asyncio.Task[None] | None = None
        self._driving: asyncio.Task[None] | None = None
        self._http: HttpServer | None = None
        self._stopping = False
        self.broken = self._bus.broken
        self.health = Health(SERVICE, self._bus, self._telemetry, self._objects)
        self.health.measure(*self._measures())
        self.health.check("a portfolio", self._has_portfolio)
        self.health.check("the partitions", self._own_topics.changed)
        if self._database is not None:
            self._database.report(self.health)
        if self._batches is not None:
            self._batches.report(self.health)
        self._connect(Handlers(self._waiting, self._live, self._gate.tabs, self._cache))

    def _connect(self, handlers: Handlers) -> None:
        self._bus.hears(AnswerStreamed, handlers.on_answer_streamed, spanned=False)
        self._bus.hears(RequestEscalated, handlers.on_request_escalated, spanned=False)
        self._bus.hears(RequestCompleted, handlers.on_request_completed)
        self._bus.hears(RequestFailed, handlers.on_request_failed)
        self._bus.hears(RequestDeferred, handlers.on_request_deferred)
        if self._feedback is not None:
            self._feedback.hears(
                FeedbackRecorded, handlers.on_feedback_recorded, undecodable=_passed_over, spanned=False
            )
            self._feedback.writes(DROPPED, self._dropped)
            self._feedback.hears(OperatorActed, handlers.on_operator_acted, undecodable=_passed_over, spanned=False)
            self._feedback.writes(ERASED, ErasedLines())

    @property
    def url(self) -> str:
        """The root address, such as ``http://127.0.0.1:8080``; OpenAI's clients want ``/v1`` after it."""
        return self._http.url if self._http else ""

    async def start(self) -> None:
        """Take the partitions of this replica from their ends, and only then open the door."""
        step = self.health.after
        if self._database is not None:
            await step("the database", self._database.open())
            await step("its schema", self._database.migrate(SERVICE))
        await step("its topics", self._bus.create_topics(names_to_create(())))
        await step("the compacted topics", self._bus.until_done(self._standing.start))
        await step("its partitions", self._bus.until_done(self._bus.start))
        if self._database is not None:
            await self._start_on(self._database)
        if self._feedback is not None:
            await step("what is said of answers", self._bus.until_done(self._feedback.start))
            self._loop(self._break_with(self._feedback.broken))
        config = self._config
        self._publishing = begin(run_publishing(self._submissions, self._bus.say_each), self.broken, SERVICE)
        partitions = await step("its share of the ids", self._bus.until_done(self._own_topics.counted))
        share = Share(config.replica_index, config.replica_count, partitions)
        self._loop(self._own_topics.run())
        desk = self._desk(share)
        self._drive_batches(desk, share)
        api = open_to(http_app(desk), config.cors_origins)
        self._http = HttpServer(api, config.host, config.port, prefix="GATEWAY", grace_s=config.stop_grace_s)
        await self._http.start()
        log.info("listening on %s", self.url)
        if config.is_open_to_all:
            log.warning("GATEWAY_KEYS is off: whoever reaches GATEWAY_HOST=%s may ask, and spend", config.host)

    async def _start_on(self, database: Database) -> None:
        """Begin what only a gateway with a database does: looking back in the log, and keeping answers."""
        step = self.health.after
        if self._claims is not None:
            await step("the log to look back in", self._bus.until_done(self._lookback.start))
            await step("the log of all roads", self._open_road(self._claims))
            self._loop(run_forgetting(database, self._claims.store))
        if self._batches is not None:
            self._loop(run_forgetting_batches(self._batches, database, self._config.batch_keep_days))
            self._loop(LineErasing(database, self._batches.files).run())
        if self._cache is not None:
            self._loop(run_keeping(self._cache, database))
            self._loop(run_tidying(self._cache.store, database))
            if self._cache.flights is not None:
                self._loop(run_tidying(self._cache.flights.store, database))
        self._loop(self._gate.tabs.run())

    def _desk(self, share: Share) -> Desk:
        """What the routes need. ``share``: the request ids that this replica may give out."""
        return Desk(
            config=self._config,
            waiting=self._waiting,
            submissions=self._submissions,
            large=LargeRequests(self._vault, self._config.max_large_at_once, self._config.max_inline_bytes),
            large_bodies=self._large_bodies,
            mint=partial(minted, share, uuid4, _partition_of),
            revised=lambda: self._portfolio.current if self._portfolio.has_current() else None,
            unready=self._unready,
            tracer=self._telemetry.tracer,
            live=self._live,
            load=self._load,
            tally=self._tally,
            gate=self._gate,
            claims=self._claims,
            cache=self._cache,
            batches=self._batches,
        )

    def _drive_batches(self, desk: Desk, share: Share) -> None:
        if self._batches is not None and self._claims is not None:
            asking = desk.asking(self._batches.store, self._claims, partial(_minted_from, share))
            self._driving = begin(self._batches.drive(asking), self.broken, SERVICE)

    async def stop(self) -> None:
        """Take nothing new, give the answers under way their grace, then close all."""
        self._stopping = True
        if self._driving is not None:
            self._driving.cancel()
            await asyncio.wait({self._driving})
        if self._http is not None:
            await asyncio.gather(self._http.stop(), self._let_go())
        await self._large_bodies.stop()
        for task in (self._publishing, *self._looping):
            if task is not None:
                task.cancel()
        await self._bus.stop()
        if self._feedback is not None:
            await self._feedback.stop()
        await self._standing.stop()
        if self._database is not None:
            await self._database.close()
        await asyncio.to_thread(self._telemetry.close)

    async def _open_road(self, claims: Claims) -> None:
        """Without it requests are served all the same, and only their events are not told."""
        try:
            await self._bus.until_done(self._road.start)
        except (TopicsUnseen, KafkaError) as error:
            log.error("until a restart no events of requests are told: %s: %s", type(error).__name__, error)
            self._claims = replace(claims, road=None)
            if self._cache is not None:
                self._cache.flights = None

    async def _let_go(self) -> None:
        await self._waiting.drain(self._config.stop_grace_s)
        await asyncio.gather(self._lookback.stop(), self._road.stop())

    def _claims_of(self, database: Database | None) -> Claims | None:
        return Claims(ClaimStore(database), self._lookback.place, self._road.follow) if database else None

    def _cache_of(self, database: Database | None) -> AnswerCache | None:
        if database is None:
            return None
        config = self._config
        store = AnswerStore(database, config.cache_max_bytes)
        flights = Flights(FlightStore(database), store, self._road.follow, config.cache_largest_bytes)
        return AnswerCache(store, config.cache_largest_bytes, config.max_inline_bytes, flights=flights)

    def _batches_of(self, database: Database | None) -> Batches | None:
        if database is None:
            return None
        return Batches(BatchStore(database), KeptFiles(FileStore(database), self._objects, self._vault))

    def _feedback_bus(self, bus: BusConfig) -> Bus | None:
        """What is said of answers, each by one replica, however late: an answer is kept for all of them."""
        return Bus(bus, SERVICE, self._telemetry, database=self._database) if self._database else None

    async def _break_with(self, broken: asyncio.Event) -> None:
        await broken.wait()
        self.broken.set()

    def _loop(self, work: Coroutine[Any, Any, None]) -> None:
        self._looping.append(begin(work, self.broken, SERVICE))

    def _gate_of(self, config: GatewayConfig) -> Gate:
        required = config.keys is KeysPolicy.REQUIRED
        if required and self._database is None:
            raise NoDatabase("GATEWAY_KEYS=required needs DATABASE_URL: keys are kept in PostgreSQL")
        first = config.admin_key.get_secret_value() if config.admin_key else None
        return Gate(KeyStore(self._database) if self._database else None, required, first)

    def _measures(self) -> tuple[Measure, ...]:
        waiting, unpublished = (lambda: len(self._waiting)), (lambda: len(self._submissions))
        return (
            gauge("portfolio_clients_waiting", "Clients that wait for an answer.", waiting),
            gauge("portfolio_requests_unpublished", "Requests to be handed to Kafka.", unpublished),
            *self._live.measures(),
            *self._load.measures(),
            *self._tally.measures(),
            *(self._cache.measures(lambda: self._dropped.dropped) if self._cache else ()),
        )

    async def _has_portfolio(self) -> str | None:
        return None if self._portfolio.has_current() else A_PORTFOLIO

    def _unready(self) -> str | None:
        """Why no request can be served now; ``None`` when it can."""
        if self._stopping:
            return "the gateway is stopping"
        if self.broken.is_set():
            return "the gateway has stopped reading results: its log says why"
        return None if self._portfolio.has_current() else "no portfolio has been applied yet"


def _passed_over(error: Undecodable, received: Received) -> Reaction:
    """The ledger puts aside what cannot be read."""
    return NOTHING


def _partition_of(request_id: UUID, partitions: int) -> int:
    return partition_of(str(request_id).encode(), partitions)


def _minted_from(share: Share, draw: Callable[[], UUID]) -> UUID:
    return minted(share, draw, _partition_of)


def build_app(
    config: GatewayConfig,
    bus: BusConfig | None = None,
    telemetry: TelemetryConfig | None = None,
    objects: ObjectsConfig | None = None,
    store: StoreConfig | None = None,
    sealing: SealingConfig | None = None,
) -> GatewayApp:
    """The gateway from its settings; what is not given is read from the environment. It can do without a database."""
    store = store or StoreConfig.where_given()
    telemetry, objects = telemetry or TelemetryConfig(), objects or ObjectsConfig()
    config = config.within(objects.keep_days)
    return GatewayApp(config, bus or BusConfig(), telemetry, objects, store, sealing or SealingConfig())
