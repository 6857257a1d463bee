"""The console, put together: what its commands use, opened where they use it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aiokafka.errors import TopicAuthorizationFailedError

from infra.bus import topics
from infra.bus.config import BusConfig
from infra.bus.standing import Standing
from infra.bus.topic_differences import Difference, differences
from infra.bus.topics import TopicSettings
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.erasure import Erasure
from infra.objects.failures import ObjectsAway
from infra.objects.probe import KeysFound, keys_that_fit, take_and_give
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.fact import Event
from schemas.operator import OperatorActed
from schemas.portfolio import Portfolio
from schemas.reaction import Said
from schemas.request import RequestProfiled
from schemas.standing import BreakerChanged, PortfolioRevised, WorkerReady
from schemas.topics import BY_EVENT, INTAKE
from services.console.adapters import collector
from services.console.adapters.content_log import ContentLog
from services.console.adapters.dead_letter_topics import DeadLetterTopics
from services.console.adapters.event_log import EventLog
from services.console.adapters.gateway_keys import GatewayKeys
from services.console.adapters.group_members import members_of
from services.console.adapters.group_offsets import Back, GroupOffsets
from services.console.adapters.http_api import HttpApi
from services.console.adapters.intake_topic import IntakeTopic
from services.console.adapters.jaeger import Jaeger
from services.console.adapters.kafka import kafka_answers
from services.console.adapters.ledger import Ledger
from services.console.adapters.portfolio_stand import PortfolioStand
from services.console.adapters.profiled_topic import ProfiledTopic
from services.console.adapters.review_topics import ReviewTopics
from services.console.adapters.sealed_content import SealedContent
from services.console.config import ConsoleConfig
from services.console.domain.acls import Grant, grants
from services.console.domain.contents import Wanted
from services.console.domain.failures import CannotReach, Refused
from services.console.domain.registry import kind_of
from services.console.domain.reviews import Review
from services.console.domain.revisions import History, history

if TYPE_CHECKING:
    from services.console.adapters.postgres import Looked

SERVICE = "console"
HISTORY_S = 600.0
"""For all requests of some days to be read."""
CONTENT_S = 30.0
"""For content to be found: much may stand in the log around it."""


class ConsoleApp:
    """Everything outside that a command may need. Each part connects when it is first used, and not before."""

    def __init__(self, config: ConsoleConfig, bus: BusConfig) -> None:
        self.config = config
        self._bus = bus
        self.intake = IntakeTopic(bus.connection(), bus.physical(INTAKE), bus.kafka_max_request_bytes, config.timeout_s)
        remedy = "start it with `make up`, or give"
        self.ledger_api = HttpApi("the ledger", config.ledger, f"{remedy} --ledger", config.timeout_s)
        self.ledger = Ledger(self.ledger_api)
        self.keys = GatewayKeys(config.gateway, config.api_key.get_secret_value(), config.timeout_s)
        self.objects = ObjectsConfig()
        self._store = ObjectStore(self.objects)
        self._vault = Vault(self._store, SealingConfig())
        self.sealed = SealedContent(self._vault)
        self.erasure = Erasure(self._store)
        self.jaeger = Jaeger(HttpApi("Jaeger", config.jaeger, f"{remedy} --jaeger", config.timeout_s))

    def event_log(self, since: datetime | None = None) -> EventLog:
        """What happens to requests from now on, or since a time. Open it with ``async with``."""
        bus, timeout_s = self._bus, self.config.timeout_s
        return EventLog(bus.connection(), self.partitions, bus.topic_prefix, timeout_s, since)

    async def partitions(self) -> Mapping[str, int]:
        """Partition counts of our topics on the cluster, by physical name."""
        async with self._kafka():
            found = await topics.existing(self._bus)
        return {name: count for name, count in found.items() if kind_of(self._bus.logical(name)) is not None}

    async def missing_topics(self, names: Iterable[str]) -> list[TopicSettings]:
        """What is still to be created. Raises :class:`Refused` where a topic is not as the registry says."""
        config = await self._as_on_the_cluster()
        async with self._kafka():
            return await topics.plan(config, names)

    async def unlike_topics(self, names: Iterable[str]) -> list[Difference]:
        """What topics that are there have otherwise. Raises :class:`Refused` where that may not be read."""
        try:
            async with self._kafka():
                return await differences(self._bus, names)
        except CannotReach as failure:
            if isinstance(failure.__cause__, TopicAuthorizationFailedError):
                told = "this user may not read topics' settings: grant DescribeConfigs (`portfolio topics acls`)"
                raise Refused(told) from failure
            raise

    async def read_again(self, service: str, since: datetime, *, dry_run: bool) -> list[Back]:
        """Let a service that does not run read all since a time again. Raises :class:`Refused` while it runs."""
        async with self._kafka(), GroupOffsets(self._bus.connection(), self._bus.physical(service)) as offsets:
            back = await offsets.back_to(since)
            if not dry_run:
                await offsets.move(back)
        return back

    async def create_topics(self, names: Iterable[str]) -> list[str]:
        """Create what is missing, and return when it can be seen; the physical names that were made."""
        config = await self._as_on_the_cluster()
        async with self._kafka():
            return await topics.create(config, names)

    async def create_own_topics(self) -> None:
        """Create what the desk says alone, where the settings allow it, as every service does."""
        if self._bus.topics_create:
            await self.create_topics([BY_EVENT[OperatorActed].name])

    def grants(self, portfolio: Portfolio | None, reply_topics: Iterable[str]) -> list[Grant]:
        """What services and declared clients need on Kafka, under our prefix."""
        providers = tuple(portfolio.providers) if portfolio else ()
        return grants(self._bus.topic_prefix, providers, reply_topics, (portfolio and portfolio.clients) or ())

    async def history(self) -> History:
        """Every revision of the portfolio, and the one in force; none when nothing was ever applied."""
        if self._bus.physical("portfolio.revised") not in await self.partitions():
            return history(())
        heard: list[PortfolioRevised] = []
        await self._read_whole(PortfolioRevised, heard.append)
        return history(heard)

    def stand(self, changed: Callable[[], None], broken: asyncio.Event) -> PortfolioStand:
        """The portfolio and its breakers, followed once it is started; ``changed`` is called with each event."""
        return PortfolioStand(self._bus, changed, broken)

    async def breakers(self) -> list[BreakerChanged]:
        """The last word on each model path, by path; none when no breaker ever changed."""
        if self._bus.physical("breaker.changed") not in await self.partitions():
            return []
        last: dict[str, BreakerChanged] = {}
        await self._read_whole(BreakerChanged, lambda event: last.update({event.subject: event}))
        return [last[path] for path in sorted(last)]

    async def readable(self, review: Review) -> Review:
        """The review with its question and answer in the open, to be shown; where they are erased, that they are."""
        asked = review.asked
        body = await self.sealed.shown(asked.body, asked.subject)
        answer = asked.answer and await self.sealed.shown(asked.answer, asked.subject)
        return replace(review, asked=asked.model_copy(update={"body": body, "answer": answer}))

    async def reviews(self) -> dict[UUID, Review]:
        """What people are and were asked, the most urgent first."""
        there = await self.partitions()
        async with self._kafka():
            return await ReviewTopics(self._bus.connection(), there, self._bus.topic_prefix).reviews()

    async def find_content(self, request_id: UUID, wanted: Sequence[Wanted]) -> list[Event | None]:
        """Events with a request's content, in the order in which they are wanted; ``None`` for what is gone."""
        there = await self.partitions()
        async with kafka_answers(self._bus.kafka_bootstrap_servers, CONTENT_S):
            return await ContentLog(self._bus.connection(), there, self._bus.topic_prefix).find(request_id, wanted)

    async def each_profiled(self, since: datetime, hear: Callable[[RequestProfiled], None]) -> None:
        """Every request that was profiled since, as long as the log keeps it."""
        there = await self.partitions()
        async with kafka_answers(self._bus.kafka_bootstrap_servers, HISTORY_S):
            async for event in ProfiledTopic(self._bus.connection(), there, self._bus.topic_prefix).since(since):
                hear(event)

    async def deeds(self) -> list[OperatorActed]:
        """What was done at the desk, in its order; none where the topic is not there yet."""
        if self._bus.physical(BY_EVENT[OperatorActed].name) not in await self.partitions():
            return []
        heard: list[OperatorActed] = []
        await self._read_whole(OperatorActed, heard.append)
        return heard

    async def ready_providers(self) -> set[str]:
        """Providers whose last word is that a worker is ready."""
        if self._bus.physical("worker.ready") not in await self.partitions():
            return set()
        last: dict[str, bool] = {}
        await self._read_whole(WorkerReady, lambda event: last.update({event.provider: event.ready}))
        return {provider for provider, ready in last.items() if ready}

    async def members(self, services: Iterable[str]) -> Mapping[str, int]:
        """How many processes of each of these services read."""
        async with self._kafka():
            return await members_of(self._bus, services)

    async def database(self) -> "Looked | None":
        """What the database says of itself; ``None`` where no address is known. Raises :class:`CannotReach`."""
        from services.console.adapters import postgres  # its client takes a moment to load, which only this needs

        dsn = self.config.database.get_secret_value()
        return await postgres.look(dsn, self.config.timeout_s) if dsn else None

    async def object_store(self) -> KeysFound | None:
        """The data keys in it that fit, once it took and gave; ``None`` where nobody says where it is.

        Raises :class:`CannotReach`.
        """
        if "url" not in self.objects.model_fields_set:
            return None
        try:
            await take_and_give(self._store)
            return await keys_that_fit(self._store, self._vault)
        except ObjectsAway as away:
            raise CannotReach(str(away)) from None

    @property
    def has_sealing_keys(self) -> bool:
        """Whether SEALING_KEYS is set here."""
        return self._vault.can_seal

    async def collector_takes_spans(self) -> bool:
        """Whether an address is known; it was asked then. Raises :class:`CannotReach`."""
        if self.config.otlp:
            await collector.takes_spans(self.config.otlp, self.config.timeout_s)
        return bool(self.config.otlp)

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
            bus.connection(), partitions, bus.topic_prefix, bus.kafka_max_event_bytes, self.config.timeout_s
        )

    async def _read_whole(self, event: type[Event], apply: Callable[[Any], None]) -> None:
        standing = Standing(self._bus, {event: apply}, asyncio.Event())  # nobody goes by what follows the first look
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
            async with kafka_answers(self._bus.kafka_bootstrap_servers, self.config.timeout_s):
                yield
        except topics.TopicsUnlike as error:
            raise Refused(str(error)) from error


def build_app(config: ConsoleConfig, bus: BusConfig | None = None) -> ConsoleApp:
    """The console from its settings; Kafka's other settings are read from the environment."""
    return ConsoleApp(config, bus or BusConfig(kafka_bootstrap_servers=config.kafka))
