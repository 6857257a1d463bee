"""The bus: decode, handle, write rows, say events with their keys, and only then commit the offsets."""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from aiokafka import TopicPartition

from infra.bus.config import BusConfig
from infra.bus.dead_letter import dead_letter
from infra.bus.decode import Undecodable, decode, received_of
from infra.bus.delivery import Delivery
from infra.bus.ending import undone
from infra.bus.faults import HandlersBroken, LettersRefused, is_away
from infra.bus.hearing import Hearing, OnUndecodable
from infra.bus.meters import SAYING, WRITING, BusMeters
from infra.bus.pace import Pace
from infra.bus.publisher import Message, Publisher
from infra.bus.reading import PartitionShare, Reader, Records, Source
from infra.bus.rows import Rows
from infra.bus.span_attributes import heard_attributes
from infra.bus.topics import create, existing
from infra.metrics.health import Health
from infra.retrying import Retrying
from infra.telemetry.context import parent_of, trace_id_of_record
from infra.telemetry.lean_span import LeanSpan
from infra.telemetry.telemetry import Telemetry
from infra.telemetry.told_error import told
from schemas.envelope import FIRST_PLACE, Envelope, heard_headers
from schemas.fact import Event
from schemas.ids import event_id_text
from schemas.reaction import ContentAway, ContentOpen, Handler, LongWork, NotYet, Reaction, Refused, Said, Saying, Write
from schemas.topics import BY_EVENT, INTAKE, dead_letters_of

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from infra.objects.contents import FetchedContents
    from infra.store.database import Database
    from infra.store.table import Table

T = TypeVar("T")
log = logging.getLogger(__name__)
FAILURES_TO_STOP = 50
FIRST_WAIT_S = 0.1
NOT_YET_WAIT_S, NOT_YET_TRIES = 0.1, 100


@dataclass(slots=True)
class Patience:
    """How many waits a batch has left for what is on its way. Its events share them, lest each stall all the rest."""

    left: int = NOT_YET_TRIES - 1


class Bus:
    """The bus of one service. Built, told what to hear and write, then started; ``app.py`` alone sees it."""

    def __init__(
        self,
        config: BusConfig,
        service: str,
        telemetry: Telemetry,
        *,
        database: "Database | None" = None,
        linger_ms: int = 0,
        events_a_request: float = 1.0,
        share: PartitionShare | None = None,
        group: str | None = None,
        contents: "FetchedContents | None" = None,
    ) -> None:
        self.config = config
        self.service = service
        self.broken = asyncio.Event()
        self._brokers = Retrying(service, "Kafka is away", is_away, FIRST_WAIT_S)
        self._letters = config.physical(dead_letters_of(service))
        self._telemetry = telemetry
        self._database = database
        self._linger_ms = linger_ms
        self._pace = Pace(config.batch_pause_ms / 1000, events_a_request)
        self._share = share
        self._group = group or service
        self._contents = contents
        self._hearings: list[Hearing] = []
        self._tables: dict[str, Table] = {}
        self._callbacks: list[Callable[[], None]] = []
        self._meters = BusMeters()
        self._publisher = Publisher(config, service, self._meters)
        self._reader: Reader | None = None
        self._rows: Rows | None = None
        self._by_topic: dict[str, Hearing] = {}
        self._failures: deque[bytes] = deque(maxlen=FAILURES_TO_STOP)

    def hears(
        self,
        event: type[Event],
        handler: Handler,
        *,
        suffix: str | None = None,
        undecodable: OnUndecodable | None = None,
        spanned: bool = True,
        reads: type[Event] | None = None,
    ) -> None:
        """Hear an event. ``suffix``: one of its topics only. ``spanned``: whether hearing it makes a span. ``reads``:
        the part of it that the handler needs (:func:`schemas.fact.part_of`); the whole, where it is not told."""
        self._hearings.append(Hearing(BY_EVENT[event], reads or event, handler, suffix, undecodable, spanned))

    def writes(self, name: str, table: "Table") -> None:
        """Bind a table's name. Tables are written in the order of these calls."""
        self._tables[name] = table

    def after_write(self, callback: Callable[[], None]) -> None:
        """Call this when the rows of a batch are written, and before its events are said."""
        self._callbacks.append(callback)

    def report(self, health: Health) -> None:
        """Tell of what is read and said, and whether it can be."""
        health.measure(*self._meters.measures(self.config.logical))
        health.before_scrape(self._see_lag)
        health.check("Kafka", self._publisher.check)
        health.hindered_by(lambda: self._brokers.away)
        health.check("the batch at hand", self._meters.unfinished)
        health.breaks_with(self.broken)

    async def until_done(self, step: Callable[[], Awaitable[T]]) -> T:
        """Take a step of a service's start, and again while Kafka is away. Raises what a wait does not mend."""
        return await self._brokers.until_done(step)

    async def create_topics(self, names: Sequence[str]) -> None:
        """Create those of these topics that are missing, where the settings allow it; waits for brokers to be up."""
        make = partial(create, self.config, names) if self.config.topics_create else partial(existing, self.config)
        await self.until_done(make)

    async def start(self) -> None:
        """Connect, and begin to read. Raises when Kafka cannot be reached; can be started again then."""
        async with undone(self.stop):
            await self._publisher.start()
            if self._database is not None:
                self._rows = Rows(self._database, self._tables)
            if self._hearings:
                self._reader = Reader(self.config, await self._source(), self.service, self._process, self.broken)
                await self._reader.start()

    async def stop_reading(self) -> None:
        """Finish the batch at hand and leave the group. Events can still be said."""
        if self._reader is not None:
            await self._reader.stop()
            self._reader = None

    async def stop(self) -> None:
        """Finish what was begun, leave the group, send what waits."""
        await self.stop_reading()
        await self._publisher.stop()

    async def partitions_of(self, events: Iterable[type[Event]]) -> dict[str, int]:
        """How many partitions the topics of these events have on the cluster, by the events' names."""
        there, names = await existing(self.config), [BY_EVENT[event].name for event in events]
        return {name: there[self.config.physical(name)] for name in names}

    async def say(self, says: Sequence[Said], traceparent: str | None = None) -> dict[int, str]:
        """Say events from a loop; returns when each is acknowledged.

        Returns, by index, those that Kafka will never take (too large, no such topic), with the reason.
        """
        return await self._publisher.publish([self._message(said, traceparent, None) for said in says])

    async def say_each(self, says: Sequence[tuple[Said, str | None]]) -> dict[int, str]:
        """As :meth:`say`, each event with a trace context of its own."""
        return await self._publisher.publish([self._message(said, context, None) for said, context in says])

    async def _see_lag(self) -> None:
        if self._reader is not None:
            self._meters.lag = await self._reader.lag()

    async def _source(self) -> Source:
        if self._share is None:
            either = "|".join(hearing.pattern(self.config.topic_prefix) for hearing in self._hearings)
            return Source(group=self._group, pattern=f"^({either})$", linger_ms=self._linger_ms)
        there = await existing(self.config)
        names = [self.config.physical(hearing.topic.name) for hearing in self._hearings]
        share = self._share
        mine = [TopicPartition(n, p) for n in names for p in range(there[n]) if p % share.count == share.index]
        return Source(group=None, partitions=tuple(mine))

    async def _process(self, records: Records) -> None:
        started = time.time_ns()
        self._meters.begin(records)
        patience = Patience()
        deliveries = [await self._deliver(record, started, patience) for record in records]
        self._meters.waits_for = WRITING
        await self._write(deliveries)
        for callback in self._callbacks:
            callback()
        self._meters.waits_for = SAYING
        await self._say(deliveries)
        for delivery in deliveries:
            if delivery.span is not None:
                delivery.span.end()
        await self._reader.commit(records)  # type: ignore[union-attr]
        self._meters.end()
        await self._pause(len(records))

    async def _pause(self, size: int) -> None:
        """Let events gather while many come. An idle bus never waits."""
        if pause_s := self._pace.pause_now(size):
            await asyncio.sleep(pause_s)

    async def _deliver(self, record: "ConsumerRecord[Any, Any]", started: int, patience: Patience) -> Delivery:
        hearing = self._hearing_of(record.topic)
        headers = heard_headers(record.headers)
        if hearing.topic.name == INTAKE:
            headers.pop(FIRST_PLACE, None)  # clients write there, and may claim anything
        span = self._span(hearing, record, headers.get("traceparent"), started) if hearing.spanned else None
        delivery = Delivery(record, span, received_of(record, span, headers))
        for _ in range(NOT_YET_TRIES):
            try:
                delivery.reaction = self._react(hearing, delivery)
                return delivery
            except NotYet as error:
                if (lost := await self._until_here(error, record.topic, patience)) is not None:
                    break
        else:
            lost = _not_come(record.topic)
        delivery.reaction = Reaction(says=(lost,))
        return delivery

    async def _until_here(self, error: NotYet, topic: str, patience: Patience) -> Refused | None:
        """Fetch or seal content, work or wait a moment for what is on its way; why the event is to be put aside."""
        if isinstance(error, ContentAway | ContentOpen) and self._contents is not None:
            return await self._contents.bring(error)
        if isinstance(error, LongWork):
            return await asyncio.to_thread(error.work)
        if patience.left <= 0:
            return _not_come(topic)
        patience.left -= 1
        log.info("%s waits: %s", self.service, error)
        return await asyncio.sleep(NOT_YET_WAIT_S)

    def _react(self, hearing: Hearing, delivery: Delivery) -> Reaction:
        try:
            return self._handled(hearing, delivery)
        except NotYet:
            raise
        except Exception as error:
            return self._handler_failed(error, delivery)

    def _handled(self, hearing: Hearing, delivery: Delivery) -> Reaction:
        try:
            event = decode(hearing.reads, delivery.record)
        except Undecodable as error:
            if hearing.undecodable is not None:
                return hearing.undecodable(error, delivery.received)
            return Reaction(says=(Refused(error.reason, error.detail),))
        reaction = hearing.handler(event, delivery.received)
        self._failures.clear()
        return reaction

    def _handler_failed(self, error: Exception, delivery: Delivery) -> Reaction:
        where = f"{delivery.record.topic}[{delivery.record.partition}]@{delivery.record.offset}"
        self._failures.append(delivery.record.key or where.encode())
        log.error("the handler of %s failed: %s", where, told(error), extra=delivery.ids)
        delivery.fail(type(error).__name__)
        if len(self._failures) == FAILURES_TO_STOP and len(set(self._failures)) > 1:
            raise HandlersBroken(f"{FAILURES_TO_STOP} valid events failed in a row: {self.service} stops reading")
        return Reaction(says=(Refused("handler_error", type(error).__name__),))

    async def _write(self, deliveries: Sequence[Delivery]) -> None:
        if self._rows is None:
            return
        writes: list[Sequence[Write]] = [delivery.reaction.writes for delivery in deliveries]
        for delivery, outcomes in zip(deliveries, await self._rows.write(writes), strict=True):
            delivery.outcomes = outcomes

    async def _say(self, deliveries: Sequence[Delivery]) -> None:
        said = [(delivery, saying) for delivery in deliveries for saying in delivery.says()]
        if not said:
            return
        messages = [self._message_of(delivery, saying) for delivery, saying in said]
        if not (hopeless := await self._publisher.publish(messages)):
            return
        letters = [
            self._letter(said[index][0], "unsendable", f"{messages[index].topic}: {why}")
            for index, why in hopeless.items()
        ]
        if refused := await self._publisher.publish(letters):
            why = ", ".join(sorted(set(refused.values())))
            log.error("Kafka takes no letter (%s): look at max.message.bytes and the ACL of %s", why, self._letters)
            raise LettersRefused(self._letters)

    def _message_of(self, delivery: Delivery, saying: Saying) -> Message:
        if isinstance(saying, Refused):
            return self._letter(delivery, saying.reason, saying.detail)
        return self._message(saying, delivery.received.traceparent, delivery)

    def _letter(self, delivery: Delivery, reason: str, detail: str) -> Message:
        log.warning("dead letter (%s) from %s: %s", reason, delivery.record.topic, detail, extra=delivery.ids)
        delivery.fail(reason)
        self._meters.letter(reason)
        return dead_letter(self._letters, delivery.record, reason, detail)

    def _message(self, said: Said, traceparent: str | None, cause: Delivery | None) -> Message:
        event = said.event
        name = BY_EVENT[type(event)].name
        about = event.subject
        subject = str(about)
        envelope = Envelope(
            id=event_id_text(name, subject, event.counter),
            type=name,
            source=self.service,
            subject=subject,
            time=datetime.now(UTC),
            causation_id=cause.received.event_id if cause else None,
            correlation_id=subject if isinstance(about, UUID) else None,
            expires_at=event.expires_at,
            traceparent=traceparent,
        )
        topic = said.topic or (f"{name}.{event.suffix}" if event.suffix else name)
        key = said.key if said.key is not None else subject.encode()
        return Message(self.config.physical(topic), key, said.data or event.to_json(), envelope.headers())

    def _hearing_of(self, physical: str) -> Hearing:
        found = self._by_topic.get(physical)
        if found is None:
            prefix = self.config.topic_prefix
            matches = (h for h in self._hearings if re.fullmatch(h.pattern(prefix), physical))
            found = self._by_topic[physical] = next(matches)
        return found

    def _span(
        self, hearing: Hearing, record: "ConsumerRecord[Any, Any]", traceparent: str | None, started: int
    ) -> LeanSpan:
        parent, root = parent_of(traceparent), ""
        if parent is None:
            root = trace_id_of_record(record.topic, record.partition, record.offset, record.timestamp)
        attributes = heard_attributes(self._group, record)
        return self._telemetry.spans.event(f"process {hearing.topic.name}", parent, attributes, started, root)


def _not_come(topic: str) -> Refused:
    return Refused("not_yet", f"{topic}: what it needs did not come")
