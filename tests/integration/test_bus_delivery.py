"""Nothing that was accepted is lost: keys, offsets, crashes, restarts, and events that can be said again."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from bus_at_work import (
    HEARD,
    LETTERS,
    TOLD,
    Client,
    at_work,
    bus_of,
    cancelled,
    committed,
    feedback,
    left,
    request_id,
    until,
)
from confluent_kafka import Producer
from crashing_service import STATUS
from own_ports import free_port

from infra.bus import reading
from infra.bus.config import BusConfig
from infra.bus.reading import PartitionShare
from infra.local.kafka import EmbeddedKafka
from schemas.envelope import header
from schemas.ids import event_id_text
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.review import FeedbackRecorded

CRASHING = Path(__file__).with_name("crashing_service.py")


async def all_committed(config: BusConfig, count: int) -> None:
    async def are() -> bool:
        return sum((await committed(config)).values()) == count

    await until(are, "all offsets are committed")


async def test_every_event_is_served_once_and_its_offset_committed(bus_config: BusConfig) -> None:
    async with Client(bus_config) as client, at_work(bus_of(bus_config)):
        await client.tell(*range(200))

        assert Counter(await client.told(200)) == Counter(map(request_id, range(200)))
        await all_committed(bus_config, 200)
        ends = Counter(record.partition for record in await client.log(HEARD, 200))
        assert await committed(bus_config) == dict(ends)


async def test_what_is_said_has_the_envelope_of_its_cause(bus_config: BusConfig) -> None:
    async with Client(bus_config) as client, at_work(bus_of(bus_config)):
        await client.send(feedback(1).to_json(), headers=[("ce_id", b"the-cause")])
        (record,) = await client.log(TOLD, 1)

    told = {name: header(record.headers, name) for name, _ in record.headers}
    assert told["ce_id"] == event_id_text("request.cancelled", str(request_id(1)))
    assert (told["ce_type"], told["ce_source"], told["ce_specversion"]) == ("request.cancelled", "router", "1.0")
    assert (told["ce_subject"], told["ce_causationid"]) == (str(request_id(1)), "the-cause")
    assert told["ce_correlationid"] == str(request_id(1))
    assert "ce_expirytime" not in told
    assert record.key == str(request_id(1)).encode()
    assert record.timestamp_type == 1  # the broker's own clock


async def test_a_key_and_a_topic_of_ones_own_are_kept(bus_config: BusConfig) -> None:
    def elsewhere(event: FeedbackRecorded, received: Received) -> Reaction:
        return Reaction(says=(Said(cancelled(event), topic=LETTERS, key=b"\x00own"), Said(cancelled(event), key=b"")))

    async with Client(bus_config) as client, at_work(bus_of(bus_config, elsewhere)):
        await client.tell(1)

        assert [record.key for record in await client.log(LETTERS, 1)] == [b"\x00own"]
        assert [record.key for record in await client.log(TOLD, 1)] == [b""]


async def test_a_request_stays_on_its_partition_and_it_is_the_one_that_javas_client_takes(
    bus_config: BusConfig,
) -> None:
    others: dict[bytes | None, int | None] = {}
    producer = Producer({"bootstrap.servers": bus_config.kafka_bootstrap_servers, "partitioner": "murmur2"})
    async with Client(bus_config) as client, at_work(bus_of(bus_config)):
        for number in range(40):
            producer.produce(
                bus_config.physical(HEARD),
                feedback(number).to_json(),
                str(request_id(number)).encode(),
                on_delivery=lambda _, message: others.update({message.key(): message.partition()}),
            )
        await asyncio.to_thread(producer.flush)
        told = await client.log(TOLD, 40)

    assert {record.key: record.partition for record in told} == others
    assert len({record.partition for record in told}) == bus_config.topic_partitions


async def test_a_crash_before_the_offsets_are_committed_says_the_same_events_again(bus_config: BusConfig) -> None:
    async with Client(bus_config) as client:
        await client.tell(1, 2, 3)
        crashing = await asyncio.create_subprocess_exec(
            sys.executable, str(CRASHING), bus_config.kafka_bootstrap_servers, bus_config.topic_prefix
        )
        assert await asyncio.wait_for(crashing.wait(), 60) == STATUS
        first = await client.log(TOLD, 1)
        assert await committed(bus_config) == {}

        async with at_work(bus_of(bus_config)):
            again = await client.log(TOLD, len(first) + 3)
            await all_committed(bus_config, 3)

    ids = Counter(header(record.headers, "ce_id") for record in again)
    assert set(ids) == {event_id_text("request.cancelled", str(request_id(number))) for number in (1, 2, 3)}
    assert all(ids[header(record.headers, "ce_id")] == 2 for record in first)


async def test_who_can_commit_no_more_stops(bus_config: BusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that it did since would come again with its next start, however long it had run."""

    async def fails(consumer: object, ends: object) -> bool:
        raise ValueError("what nobody foresaw")

    monkeypatch.setattr(reading, "_commit", fails)
    bus = bus_of(bus_config)
    async with Client(bus_config) as client:
        await bus.start()
        await client.tell(1)
        await asyncio.wait_for(bus.broken.wait(), 30)
        monkeypatch.undo()
        await bus.stop()


async def test_a_stop_finishes_what_was_begun(bus_config: BusConfig) -> None:
    """Told to stop in the middle, it says and commits the batch at hand, so that nothing is done twice."""
    few = bus_config.model_copy(update={"batch_records": 20})
    async with Client(few) as client:
        await client.tell(*range(400))
        async with at_work(bus_of(few)):
            before = len(await client.told(1))
        done = len(await client.told(before))
        assert sum((await committed(few)).values()) == done

        async with at_work(bus_of(few)):
            await all_committed(few, 400)
        assert Counter(await client.told(400)) == Counter(map(request_id, range(400)))
    assert await left(few)


async def test_replicas_share_the_partitions_and_one_takes_over_from_another(bus_config: BusConfig) -> None:
    served: dict[str, list[int]] = {"first": [], "second": []}

    def by(name: str):
        def handler(event: FeedbackRecorded, received: Received) -> Reaction:
            served[name].append(received.partition)
            return Reaction(says=(Said(cancelled(event)),))

        return handler

    async def both() -> bool:
        await client.tell(*range(100))
        return bool(served["first"] and served["second"])

    async with Client(bus_config) as client, at_work(bus_of(bus_config, by("second"))):
        async with at_work(bus_of(bus_config, by("first"))):
            await until(both, "both replicas serve")
        so_far = len(await client.log(HEARD, 0))
        served["first"].clear()
        await client.tell(*range(100))
        await all_committed(bus_config, so_far + 100)
    assert served["first"] == []
    assert set(served["second"]) == set(range(bus_config.topic_partitions))


async def test_a_replica_with_its_own_share_hears_what_is_said_from_now_on_there(bus_config: BusConfig) -> None:
    heard: dict[int, set[int]] = {0: set(), 1: set()}

    def by(index: int):
        def handler(event: FeedbackRecorded, received: Received) -> Reaction:
            heard[index].add(received.partition)
            assert event.note == "now"
            return NOTHING

        return handler

    buses = [bus_of(bus_config, by(index), share=PartitionShare(index, 2)) for index in (0, 1)]
    async with Client(bus_config) as client:
        await client.tell(*range(50), note="before")
        async with at_work(buses[0]), at_work(buses[1]):
            await client.tell(*range(50), note="now")
            await until(lambda: _are(lambda: heard == {0: {0, 2}, 1: {1, 3}}), "each heard its own partitions")
            assert not buses[0].broken.is_set()
        assert await client.log(LETTERS, 0) == []
        assert await committed(bus_config) == {}


async def tells_of(client: Client, wanted: set[UUID]) -> bool:
    return set(await client.told(len(wanted))) == wanted


async def _are(holds) -> bool:
    return holds()


@pytest.fixture
async def own_kafka(tmp_path: Path) -> AsyncIterator[EmbeddedKafka]:
    """A Kafka that may be stopped."""
    server = EmbeddedKafka(tmp_path / "kafka", free_port(), free_port())
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


async def test_kafka_goes_and_comes_back_and_nothing_is_lost(own_kafka: EmbeddedKafka) -> None:
    """Neither what is heard meanwhile, nor what a loop says meanwhile."""
    config = BusConfig(kafka_bootstrap_servers=own_kafka.address, topic_partitions=2, publish_deadline_s=5)
    bus = bus_of(config)
    async with Client(config) as client, at_work(bus):
        await client.tell(*range(300))
        await asyncio.to_thread(own_kafka.stop)
        saying = asyncio.create_task(bus.say([Said(cancelled(feedback(number))) for number in range(300, 320)]))
        await asyncio.to_thread(own_kafka.start)

        assert await asyncio.wait_for(saying, 60) == {}
        wanted = set(map(request_id, range(320)))
        # What was sent and not acknowledged before the stop is said again: at least once, so count what is told of.
        await until(lambda: tells_of(client, wanted), "all is told of")
        await all_committed(config, 300)
        await client.tell(320)
        await until(lambda: tells_of(client, wanted | {request_id(320)}), "the next one, too")
        assert not bus.broken.is_set()


async def test_a_service_ends_though_kafka_never_comes_back(own_kafka: EmbeddedKafka) -> None:
    """With a batch under way and something to say; what was not acknowledged comes again."""
    config = BusConfig(
        kafka_bootstrap_servers=own_kafka.address, topic_partitions=1, publish_deadline_s=5, stop_grace_s=1
    )
    bus = bus_of(config)
    async with Client(config) as client:
        await bus.start()
        await client.tell(1)
        await client.told(1)
    await asyncio.to_thread(own_kafka.stop)
    saying = asyncio.create_task(bus.say([Said(cancelled(feedback(2)))]))
    await until(lambda: _are(lambda: bus._publisher._producer is not None), "something is being said")

    await asyncio.wait_for(bus.stop(), 60)

    saying.cancel()
    await asyncio.gather(saying, return_exceptions=True)
