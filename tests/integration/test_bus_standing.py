"""Compacted topics: read to their end before anything else, then followed; and topics, made from the registry."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer
from bus_at_work import AT, bus_of, until
from confluent_kafka.admin import AdminClient, ConfigResource

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.bus.standing import Standing
from infra.bus.topics import TopicsUnlike, create, existing, plan
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.request import RequestSubmitted
from schemas.standing import BreakerChanged, WorkerReady
from schemas.topics import names_to_create

TOPICS = ["worker.ready", "breaker.changed"]


def ready(provider: str, seconds: int = 0, is_ready: bool = True) -> WorkerReady:
    return WorkerReady(provider=provider, worker="w", ready=is_ready, at=AT + timedelta(seconds=seconds))


def opened(model: str) -> BreakerChanged:
    return BreakerChanged(model=model, provider="p", state="open", reason="timeout", at=AT)


class View:
    """What was applied, in order."""

    def __init__(self, config: BusConfig) -> None:
        self.workers: list[WorkerReady] = []
        self.breakers: list[BreakerChanged] = []
        self.standing = Standing(
            config, {WorkerReady: self.workers.append, BreakerChanged: self.breakers.append}, asyncio.Event()
        )


@pytest.fixture
async def said(bus_config: BusConfig) -> AsyncIterator:
    """Says events as a service does."""
    await create(bus_config, TOPICS)
    bus = bus_of(bus_config)
    await bus._publisher.start()
    yield lambda *events: bus.say([Said(event) for event in events])
    await bus._publisher.stop()


async def test_all_that_stands_is_applied_before_it_is_ready(bus_config: BusConfig, said) -> None:
    events = [ready(f"p{number % 7}", number) for number in range(300)]
    await said(*events, opened("small"))
    view = View(bus_config)
    await view.standing.start()
    try:
        assert view.workers == events
        assert view.breakers == [opened("small")]
    finally:
        await view.standing.stop()


async def test_what_comes_later_is_followed(bus_config: BusConfig, said) -> None:
    await said(ready("a"))
    view = View(bus_config)
    await view.standing.start()
    try:
        waiting = asyncio.create_task(view.standing.until(lambda: len(view.workers) == 2))
        await said(ready("b"))
        await asyncio.wait_for(waiting, 30)
        assert view.workers == [ready("a"), ready("b")]
    finally:
        await view.standing.stop()


async def test_topics_on_which_nothing_was_said_yet_hold_nobody_up(bus_config: BusConfig, said) -> None:
    view = View(bus_config)
    await asyncio.wait_for(view.standing.start(), 30)
    await view.standing.stop()
    assert (view.workers, view.breakers) == ([], [])


async def test_a_record_that_is_no_event_is_passed_over(bus_config: BusConfig, said) -> None:
    producer = AIOKafkaProducer(**bus_config.connection())
    await producer.start()
    topic = bus_config.physical("worker.ready")
    for value in (b"hello", b"{}", None, b"[" * 10_000):
        await producer.send_and_wait(topic, value, key=b"x", headers=[("x", b"\xff")])
    await producer.stop()
    await said(ready("a"))
    view = View(bus_config)
    await view.standing.start()
    await view.standing.stop()
    assert view.workers == [ready("a")]


async def test_an_event_that_cannot_be_applied_does_not_end_the_following(bus_config: BusConfig, said) -> None:
    view = View(bus_config)

    def fails_once(event: WorkerReady) -> None:
        if event.provider == "bad":
            raise KeyError("a provider of tomorrow")
        view.workers.append(event)

    standing = Standing(bus_config, {WorkerReady: fails_once}, asyncio.Event())
    await said(ready("bad"), ready("a"))
    await standing.start()
    try:
        await said(ready("bad"), ready("b"))
        await asyncio.wait_for(standing.until(lambda: len(view.workers) == 2), 30)
        assert view.workers == [ready("a"), ready("b")]
    finally:
        await standing.stop()


async def test_who_cannot_follow_any_more_breaks_the_service(
    bus_config: BusConfig, said, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It would go on by what stood at the start."""

    def fails(found: object) -> None:
        raise ValueError("what nobody foresaw")

    broken = asyncio.Event()
    standing = Standing(bus_config, {WorkerReady: lambda event: None}, broken)
    await standing.start()
    monkeypatch.setattr(standing, "_apply", fails)
    await said(ready("a"))
    await asyncio.wait_for(broken.wait(), 30)
    await standing.stop()
    assert "a loop of compacted topics broke: ValueError" in caplog.text


async def test_topics_that_are_not_there_yet_are_waited_for(bus_config: BusConfig) -> None:
    view = View(bus_config)
    starting = asyncio.create_task(view.standing.start())
    await create(bus_config, TOPICS)
    await asyncio.wait_for(starting, 30)
    await view.standing.stop()


async def test_topics_are_made_from_the_registry_once(bus_config: BusConfig) -> None:
    names = names_to_create(["azure"])

    assert {topic.name for topic in await plan(bus_config, names)} == {bus_config.physical(name) for name in names}
    assert set(await create(bus_config, names)) == {bus_config.physical(name) for name in names}
    assert await create(bus_config, names) == []
    assert await plan(bus_config, names) == []
    there = await existing(bus_config)
    assert there[bus_config.physical("attempt.dispatched.azure")] == bus_config.topic_partitions
    assert there[bus_config.physical("portfolio.revised")] == 1


async def test_two_services_that_start_at_once_do_not_collide(bus_config: BusConfig) -> None:
    await asyncio.gather(*(create(bus_config, names_to_create([])) for _ in range(4)))

    assert len(await existing(bus_config)) == len(names_to_create([]))


async def test_the_cluster_keeps_what_the_registry_says(bus_config: BusConfig) -> None:
    await create(bus_config, ["request.profiled", "worker.ready", "dead-letters.router", "request.submitted"])
    admin = AdminClient({"bootstrap.servers": bus_config.kafka_bootstrap_servers})

    def settings(name: str) -> dict[str, str]:
        resource = ConfigResource(ConfigResource.Type.TOPIC, bus_config.physical(name))
        (future,) = admin.describe_configs([resource]).values()
        return {key: entry.value for key, entry in future.result(30).items()}

    profiled, ready_, letters, intake = map(
        settings, ["request.profiled", "worker.ready", "dead-letters.router", "request.submitted"]
    )
    assert profiled["message.timestamp.type"] == "LogAppendTime"
    assert profiled["retention.ms"] == str(7 * 86_400_000)
    assert ready_["cleanup.policy"] == "compact"
    assert letters["retention.ms"] == str(30 * 86_400_000)
    assert int(letters["max.message.bytes"]) > 2 * int(intake["max.message.bytes"])


async def test_other_partitions_than_configured_are_an_error_that_says_what_to_do(bus_config: BusConfig) -> None:
    await create(bus_config, ["request.profiled"])
    other = bus_config.model_copy(update={"topic_partitions": 8})

    with pytest.raises(TopicsUnlike, match="has 4 partitions, and 8 are configured: set TOPIC_PARTITIONS=4"):
        await plan(other, ["request.profiled"])
    with pytest.raises(TopicsUnlike):
        await create(other, ["request.profiled", "request.failed"])
    assert bus_config.physical("request.failed") not in await existing(bus_config)


async def test_topics_of_others_are_not_ours(bus_config: BusConfig) -> None:
    await create(bus_config.model_copy(update={"topic_prefix": f"x{bus_config.topic_prefix}"}), ["request.failed"])

    assert await existing(bus_config) == {}


async def test_a_service_that_may_not_make_topics_makes_none(bus_config: BusConfig) -> None:
    bus = bus_of(bus_config.model_copy(update={"topics_create": False}))
    await bus.create_topics(names_to_create([]))

    assert await existing(bus_config) == {}


async def test_a_topic_that_is_made_later_is_heard(bus_config: BusConfig, telemetry: Telemetry) -> None:
    """Topics are found by pattern: those of one more client, too, without a restart."""
    heard: list[str] = []

    def hears(event: RequestSubmitted, received: Received) -> Reaction:
        heard.append(received.topic)
        return NOTHING

    bus = Bus(bus_config, "profiler", telemetry)
    bus.hears(RequestSubmitted, hears)
    await create(bus_config, ["request.submitted", "dead-letters.profiler"])
    await bus.start()
    await create(bus_config, ["request.submitted.bank"])
    topic = bus_config.physical("request.submitted.bank")
    producer = AIOKafkaProducer(**bus_config.connection())
    await producer.start()
    await producer.send_and_wait(topic, b'{"messages": [{"role": "user", "content": "x"}]}')
    await producer.stop()

    async def is_heard() -> bool:
        return heard == [topic]

    await until(is_heard, "a topic made later is heard from its beginning")
    await bus.stop()
