"""The console, put together: what its commands use, opened where they use it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from infra.bus import topics
from infra.bus.config import BusConfig
from infra.bus.standing import Standing
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.fact import Event
from schemas.reaction import Said
from schemas.standing import BreakerChanged, PortfolioRevised, WorkerReady
from schemas.topics import INTAKE
from services.console.adapters import collector
from services.console.adapters.dead_letter_topics import DeadLetterTopics
from services.console.adapters.event_log import EventLog
from services.console.adapters.gateway_keys import GatewayKeys
from services.console.adapters.health_ports import HealthPorts, PortStatus
from services.console.adapters.http_api import HttpApi
from services.console.adapters.intake_topic import IntakeTopic
from services.console.adapters.jaeger import Jaeger
from services.console.adapters.kafka import kafka_answers
from services.console.adapters.ledger import Ledger
from services.console.adapters.review_topics import ReviewTopics
from services.console.config import ConsoleConfig, PagesConfig
from services.console.domain.acls import Grant, grants
from services.console.domain.breakers import closings, path_of
from services.console.domain.dead_letters import DeadLetter, Docket, State, letter_services
from services.console.domain.failures import Refused
from services.console.domain.registry import kind_of
from services.console.domain.reviews import Review
from services.console.domain.revisions import History, history
from services.console.domain.sign_in import holders
from services.console.domain.waterfall import Bar, waterfall

if TYPE_CHECKING:
    from infra.http_server import HttpServer
    from services.console.adapters.postgres import Looked

log = logging.getLogger(__name__)

SERVICE = "console"
PAUSE_S = 0.05
STOP_GRACE_S = 5.0
START_S = 60.0
MOST_LETTERS = 200
"""Dead letters on a page, the newest first."""


class ConsoleApp:
    """Everything outside that a command may need. Each part connects when it is first used, and not before."""

    def __init__(self, config: ConsoleConfig, bus: BusConfig) -> None:
        self._config = config
        self._bus = bus
        self.intake = IntakeTopic(bus.connection(), bus.physical(INTAKE), bus.kafka_max_request_bytes, config.timeout_s)
        remedy = "start it with `make up`, or give"
        self.ledger = Ledger(HttpApi("the ledger", config.ledger, f"{remedy} --ledger", config.timeout_s))
        self.keys = GatewayKeys(config.gateway, config.api_key.get_secret_value(), config.timeout_s)
        self.jaeger = Jaeger(HttpApi("Jaeger", config.jaeger, f"{remedy} --jaeger", config.timeout_s))

    def event_log(self) -> EventLog:
        """What happens to requests from now on. Open it with ``async with``."""
        return EventLog(self._bus.connection(), self.partitions, self._bus.topic_prefix, self._config.timeout_s)

    async def partitions(self) -> Mapping[str, int]:
        """Partition counts of our topics on the cluster, by physical name."""
        async with self._kafka():
            found = await topics.existing(self._bus)
        return {name: count for name, count in found.items() if kind_of(self._bus.logical(name)) is not None}

    async def missing_topics(self, names: Iterable[str]) -> list[topics.TopicSettings]:
        """What is still to be created. Raises :class:`Refused` where a topic is not as the registry says."""
        config = await self._as_on_the_cluster()
        async with self._kafka():
            return await topics.plan(config, names)

    async def create_topics(self, names: Iterable[str]) -> list[str]:
        """Create what is missing, and return when it can be seen; the physical names that were made."""
        config = await self._as_on_the_cluster()
        async with self._kafka():
            return await topics.create(config, names)

    def grants(self, providers: Sequence[str], reply_topics: Iterable[str]) -> list[Grant]:
        """What services need on Kafka, under our prefix."""
        return grants(self._bus.topic_prefix, providers, reply_topics)

    async def history(self) -> History:
        """Every revision of the portfolio, and the one in force; none when nothing was ever applied."""
        if self._bus.physical("portfolio.revised") not in await self.partitions():
            return history(())
        heard: list[PortfolioRevised] = []
        await self._read_whole(PortfolioRevised, heard.append)
        return history(heard)

    async def breakers(self) -> list[BreakerChanged]:
        """The last word on each model path, by path; none when no breaker ever changed."""
        if self._bus.physical("breaker.changed") not in await self.partitions():
            return []
        last: dict[str, BreakerChanged] = {}
        await self._read_whole(BreakerChanged, lambda event: last.update({event.subject: event}))
        return [last[path] for path in sorted(last)]

    async def reviews(self) -> dict[UUID, Review]:
        """What people are and were asked, the most urgent first."""
        there = await self.partitions()
        async with self._kafka():
            return await ReviewTopics(self._bus.connection(), there, self._bus.topic_prefix).reviews()

    async def ready_providers(self) -> set[str]:
        """Providers whose last word is that a worker is ready."""
        if self._bus.physical("worker.ready") not in await self.partitions():
            return set()
        last: dict[str, bool] = {}
        await self._read_whole(WorkerReady, lambda event: last.update({event.provider: event.ready}))
        return {provider for provider, ready in last.items() if ready}

    async def database(self) -> "Looked | None":
        """What the database says of itself; ``None`` where no address is known. Raises :class:`CannotReach`."""
        from services.console.adapters import postgres  # its client takes a moment to load, which only this needs

        dsn = self._config.database.get_secret_value()
        return await postgres.look(dsn, self._config.timeout_s) if dsn else None

    async def collector_takes_spans(self) -> bool:
        """Whether an address is known; it was asked then. Raises :class:`CannotReach`."""
        if self._config.otlp:
            await collector.takes_spans(self._config.otlp, self._config.timeout_s)
        return bool(self._config.otlp)

    async def say(self, events: Iterable[Event], traceparent: str | None = None) -> None:
        """Publish events, one after the other, and return when all are acknowledged."""
        from infra.bus.bus import Bus  # takes half a second, which only this needs

        telemetry = Telemetry(TelemetryConfig(), SERVICE)
        bus = Bus(self._bus, SERVICE, telemetry)
        try:
            async with self._kafka():
                await bus.start()
                for event in events:
                    if refused := await bus.say([Said(event)], traceparent):
                        raise Refused(f"Kafka does not take it: {', '.join(refused.values())}")
        finally:
            await bus.stop()
            await asyncio.to_thread(telemetry.close)

    async def dead_letters(self) -> DeadLetterTopics:
        """The topics of what services could not process. Open it with ``async with``."""
        bus, partitions = self._bus, await self.partitions()
        return DeadLetterTopics(
            bus.connection(), partitions, bus.topic_prefix, bus.kafka_max_event_bytes, self._config.timeout_s
        )

    async def _read_whole(self, event: type[Event], apply: Callable[[Any], None]) -> None:
        standing = Standing(self._bus, {event: apply})
        try:
            async with self._kafka():
                await standing.start()
        finally:
            await standing.stop()

    async def _as_on_the_cluster(self) -> BusConfig:
        """All topics of a request have equal partition counts, so a new one gets the count that the others have.

        A count that the environment sets is kept, and told when the cluster has another.
        """
        there = (await self.partitions()).get(self._bus.physical(INTAKE))
        if there is None or "topic_partitions" in self._bus.model_fields_set:
            return self._bus
        return self._bus.model_copy(update={"topic_partitions": there})

    @asynccontextmanager
    async def _kafka(self) -> AsyncIterator[None]:
        try:
            async with kafka_answers(self._bus.kafka_bootstrap_servers, self._config.timeout_s):
                yield
        except topics.TopicsUnlike as error:
            raise Refused(str(error)) from error


class ConsolePages:
    """The console as a service. ``url`` is where the pages are, once started. Implements ``Desk``."""

    def __init__(self, config: ConsoleConfig, pages: PagesConfig, bus: BusConfig) -> None:
        from infra.metrics.health import Health
        from services.console.adapters.portfolio_stand import PortfolioStand

        self._pages = pages
        self._kafka = bus.kafka_bootstrap_servers
        self._app = ConsoleApp(config, bus)
        self._stand = PortfolioStand(bus)
        self._ports = HealthPorts([url for url in pages.health_urls.split(",") if url.strip()], config.timeout_s)
        remedy = "set CONSOLE_JAEGER_URL"
        self._jaeger = Jaeger(HttpApi("Jaeger", config.jaeger, remedy, pages.trace_timeout_s))
        self._server: HttpServer | None = None
        self.holders = holders(pages.keys.get_secret_value())
        self.jaeger_pages = pages.jaeger_pages
        self.broken = asyncio.Event()
        self.health = Health(SERVICE)

    @property
    def url(self) -> str:
        return self._server.url if self._server else ""

    async def start(self) -> None:
        """Read what stands on Kafka, and only then open the door."""
        from infra.http_server import HttpServer, PortTaken
        from services.console.routes.pages import console_pages

        async with kafka_answers(self._kafka, START_S):
            await self.health.after("the compacted topics", self._stand.start())
        pages = self._pages
        site = console_pages(self, pages.session_secret.get_secret_value(), over_tls=pages.over_tls)
        self._server = HttpServer(site, pages.host, pages.port, prefix="CONSOLE", grace_s=STOP_GRACE_S)
        try:
            await self._server.start()
        except PortTaken as error:
            raise Refused(str(error)) from error
        log.info("pages at %s%s", self.url, "" if self.holders else "; nobody can sign in: CONSOLE_KEYS is empty")

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
        await self._stand.stop()

    def unready(self) -> str | None:
        return None if self._stand.history().current else "no portfolio has been applied yet"

    def history(self) -> History:
        return self._stand.history()

    def breakers(self) -> Sequence[BreakerChanged]:
        return self._stand.breakers()

    async def story(self, request_id: UUID) -> Mapping[str, Any] | None:
        return await self._app.ledger.story(request_id, patience_s=0)

    async def trace(self, trace_id: str) -> Sequence[Bar]:
        return waterfall(await self._jaeger.trace(trace_id, patience_s=0))

    async def requests(self, asked: Mapping[str, str]) -> Mapping[str, Any]:
        return await self._app.ledger.requests(asked)

    async def overview(self, since: datetime, until: datetime) -> Mapping[str, Any]:
        return await self._app.ledger.overview(since, until)

    async def letters(self) -> Sequence[tuple[DeadLetter, State]]:
        docket, now = Docket(), datetime.now(UTC)
        async with await self._app.dead_letters() as topics:
            await topics.read(letter_services(), docket)
        newest = sorted(docket.cases.values(), key=lambda case: case.letter.at, reverse=True)
        return [(case.letter, case.state(now)) for case in newest[:MOST_LETTERS]]

    async def health_ports(self) -> Sequence[PortStatus]:
        return await self._ports.ask()

    async def close_breaker(self, path: str, by: str) -> None:
        model, provider = path_of(path)
        await self._app.say(closings(model, provider, self.breakers(), by, datetime.now(UTC)))


def build_pages(config: ConsoleConfig, pages: PagesConfig, bus: BusConfig | None = None) -> ConsolePages:
    """The console as a service, from its settings."""
    return ConsolePages(config, pages, bus or BusConfig(kafka_bootstrap_servers=config.kafka))


def build_app(config: ConsoleConfig, bus: BusConfig | None = None) -> ConsoleApp:
    """The console from its settings; Kafka's other settings are read from the environment."""
    return ConsoleApp(config, bus or BusConfig(kafka_bootstrap_servers=config.kafka))
