"""The dead letters' topics: read whole, without a group, and added to with what an operator did."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from infra.bus.dead_letter import REPLAY_OF, is_letter, own_headers
from infra.bus.ending import end_client
from infra.bus.lenient_records import read_leniently
from schemas.envelope import FIRST_PLACE, header, time_from_ms
from services.console.adapters.kafka import kafka_answers
from services.console.domain.dead_letters import Act, Case, DeadLetter, Deed, Docket, LetterName

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    Record = ConsumerRecord[Any, Any]

WAIT_MS = 200


class DeadLetterTopics:
    """Open it with ``async with``. ``partitions``: the counts of our topics on the cluster, by physical name.

    What it does may raise what :func:`kafka_answers` raises.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        partitions: Mapping[str, int],
        prefix: str,
        max_bytes: int,
        timeout_s: float,
    ) -> None:
        self._partitions = partitions
        self._prefix = prefix
        self._address = connection["bootstrap_servers"]
        self._timeout_s = timeout_s
        self._read_to: dict[str, int] = {}
        self._consumer = AIOKafkaConsumer(
            enable_auto_commit=False, auto_offset_reset="earliest", metadata_max_age_ms=5_000, **connection
        )
        self._producer = AIOKafkaProducer(
            client_id="portfolio-console",
            acks="all",
            enable_idempotence=True,
            max_request_size=max_bytes,
            **connection,
        )

    async def __aenter__(self) -> Self:
        read_leniently()
        try:
            async with self._kafka():
                await self._consumer.start()
                await self._producer.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            await end_client(self._producer)
        finally:
            await end_client(self._consumer)

    async def read(self, services: Iterable[str], docket: Docket) -> None:
        """Let the docket hear all that these services' topics hold; a second time, what has come since."""
        places = {service: TopicPartition(self._letters_of(service), 0) for service in services}
        there = {service: place for service, place in places.items() if place.topic in self._partitions}
        ends = await self._ends(list(there.values()))
        for service, place in there.items():
            start, end = self._read_to.get(service, 0), ends[place]
            async for record in self._records(place, start, end):
                if entry := self._entry(service, record):
                    docket.hear(entry)
            self._read_to[service] = end

    async def add(self, letters: Iterable[LetterName], act: Act, run: str, by: str) -> None:
        """Say what was done with letters; returns when Kafka has acknowledged it."""
        async with self._kafka():
            sent = [await self._producer.send(*_deed(self._letters_of(n.service), n, act, run, by)) for n in letters]
            for one in sent:
                await one

    async def content(self, name: LetterName) -> bytes | None:
        """The value of a letter, as it came."""
        async for record in self._wanted(name.service, {name.offset}):
            return record.value
        return None

    async def replay(self, letters: Collection[DeadLetter]) -> None:
        """Publish letters to where they came from, as they came, each with its mark."""
        by_service: defaultdict[str, dict[int, DeadLetter]] = defaultdict(dict)
        for letter in letters:
            by_service[letter.name.service][letter.name.offset] = letter
        for service, wanted in by_service.items():
            async for record in self._wanted(service, wanted):
                await self._publish(wanted[record.offset], record)

    async def marked(self, cases: Sequence[Case]) -> set[LetterName]:
        """Those that stand on the topics they came from since they were first claimed."""
        by_partition: defaultdict[TopicPartition, list[Case]] = defaultdict(list)
        for case in cases:
            by_partition[self._origin(case.letter)].append(case)
        found: set[str] = set()
        for partition, claimed in by_partition.items():
            since = min(case.first_claim.at for case in claimed if case.first_claim)
            async for record in self._records_since(partition, int(since.timestamp() * 1_000)):
                found.add(header(record.headers, REPLAY_OF) or "")
        return {case.letter.name for case in cases if str(case.letter.name) in found}

    async def _publish(self, letter: DeadLetter, record: "Record") -> None:
        partition = self._origin(letter)
        stood = f"{self._prefix}{letter.topic}:{letter.partition}:{letter.offset}"
        first_place = header(record.headers, FIRST_PLACE) or stood
        marks = [(FIRST_PLACE, first_place.encode()), (REPLAY_OF, str(letter.name).encode())]
        headers = [*own_headers(record.headers), *marks]
        async with self._kafka():
            await self._producer.send_and_wait(
                partition.topic, record.value, key=record.key, partition=partition.partition, headers=headers
            )

    def _origin(self, letter: DeadLetter) -> TopicPartition:
        """Where a letter came from, and goes again: the same partition, as long as there is one of that number."""
        topic = self._prefix + letter.topic
        return TopicPartition(topic, letter.partition % self._partitions.get(topic, letter.partition + 1))

    def _letters_of(self, service: str) -> str:
        return f"{self._prefix}dead-letters.{service}"

    def _entry(self, service: str, record: "Record") -> DeadLetter | Deed | None:
        """``None`` for what is neither a letter nor a deed: anybody can write to a topic that lets him."""
        try:
            if is_letter(record.headers):
                return self._letter(LetterName(service, record.offset), record)
            return _deed_in(service, record)
        except ValueError:
            return None

    def _letter(self, name: LetterName, record: "Record") -> DeadLetter:
        told = {key: header(record.headers, f"dl_{key}") or "" for key in ("reason", "detail", "topic")}
        return DeadLetter(
            name=name,
            at=time_from_ms(record.timestamp),
            reason=told["reason"],
            detail=told["detail"],
            topic=told["topic"].removeprefix(self._prefix),
            partition=int(header(record.headers, "dl_partition") or ""),
            offset=int(header(record.headers, "dl_offset") or ""),
            key=record.key,
            size=len(record.value or b""),
            headers=tuple(key for key, _ in own_headers(record.headers)),
            replay_of=header(record.headers, REPLAY_OF),
        )

    async def _wanted(self, service: str, offsets: Collection[int]) -> "AsyncIterator[Record]":
        partition = TopicPartition(self._letters_of(service), 0)
        async for record in self._records(partition, min(offsets), max(offsets) + 1):
            if record.offset in offsets:
                yield record

    async def _records_since(self, partition: TopicPartition, since_ms: int) -> "AsyncIterator[Record]":
        async with self._kafka():
            self._consumer.assign([partition])
            found = (await self._consumer.offsets_for_times({partition: since_ms}))[partition]
        if found is not None:
            ends = await self._ends([partition])
            async for record in self._records(partition, found.offset, ends[partition]):
                yield record

    async def _records(self, partition: TopicPartition, start: int, end: int) -> "AsyncIterator[Record]":
        """Record by record, so that however many large ones there are, few are held."""
        if start >= end:
            return
        self._consumer.assign([partition])
        self._consumer.seek(partition, start)
        while start < end:
            async with self._kafka():
                while not (found := (await self._consumer.getmany(timeout_ms=WAIT_MS)).get(partition, [])):
                    if await self._consumer.position(partition) >= end:
                        return
            for record in found:
                if record.offset < end:
                    yield record
            start = await self._consumer.position(partition)

    async def _ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Asked for together: a topic that is not assigned costs a look at the cluster, and a pause, each time."""
        if not partitions:
            return {}
        async with self._kafka():
            self._consumer.assign(partitions)
            return await self._consumer.end_offsets(partitions)

    def _kafka(self):
        return kafka_answers(self._address, self._timeout_s)


def _deed(topic: str, name: LetterName, act: Act, run: str, by: str) -> tuple[Any, ...]:
    """What a producer is given: topic, value, key, partition, time, headers."""
    told = {"act": act.value, "of": str(name.offset), "run": run, "by": by}
    return topic, None, str(name).encode(), 0, None, [(f"dl_{key}", value.encode()) for key, value in told.items()]


def _deed_in(service: str, record: "Record") -> Deed:
    told = {key: header(record.headers, f"dl_{key}") or "" for key in ("act", "of", "run", "by")}
    name = LetterName(service, int(told["of"]))
    return Deed(name, Act(told["act"]), told["run"], told["by"], time_from_ms(record.timestamp))
