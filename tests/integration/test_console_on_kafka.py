"""The console against real Kafka: revisions applied and taken back, requests sent and followed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.bus.config import BusConfig
from infra.bus.dead_letter import ORIGIN
from schemas.fact import Event
from schemas.outcome import RequestCancelled
from schemas.topics import names_to_create
from services.console.app import ConsoleApp, build_app
from services.console.commands import outlines, portfolios, requests
from services.console.config import ConsoleConfig
from services.console.domain.failures import CannotReach, Refused
from services.console.domain.heard import Heard, Letter
from services.console.domain.portfolio_file import Reading, read
from services.console.domain.revisions import Signature
from services.console.domain.submission import submission

SIGNED = Signature("tester", datetime(2026, 5, 4, tzinfo=UTC))
PORTFOLIO = """\
defaults: {data_class: internal, lane: simple}
providers:
  local: {adapter: openai_compatible, base_url: "http://127.0.0.1:1"}
models:
  small:
    {kind: api, owner: me, context_tokens: 4096, endpoints: [{provider: local, model: m}]}
lanes:
  simple: {tiers: [[small]]}
"""
MORE = PORTFOLIO.replace("models:", "  other: {adapter: litellm}\nmodels:", 1)
Send = Callable[[str, UUID, bytes | None, list[tuple[str, bytes]]], Awaitable[None]]


@pytest.fixture
def app(bus_config: BusConfig) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)


@pytest.fixture
async def send(bus_config: BusConfig) -> AsyncIterator[Send]:
    """Puts a record on a topic (by its logical name), as anybody's client could."""
    producer = AIOKafkaProducer(**bus_config.connection())
    await producer.start()

    async def one(topic: str, key: UUID, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        await producer.send_and_wait(bus_config.physical(topic), value, key=str(key).encode(), headers=headers)

    yield one
    await producer.stop()


def cancelled(request_id: UUID) -> Event:
    return RequestCancelled(request_id=request_id, tenant="t", by="client", cancelled_at=SIGNED.at)


def reading(text: str) -> Reading:
    found = read(text)
    assert found.portfolio is not None, found.findings
    return found


async def test_nothing_is_in_force_before_the_first_apply(app: ConsoleApp) -> None:
    assert (await app.history()).in_force == "none"


async def test_applying_creates_topics_and_puts_the_revision_in_force(app: ConsoleApp, bus_config: BusConfig) -> None:
    told = await portfolios.put_in_force(app, reading(PORTFOLIO), "none", SIGNED)

    assert told["applied"]
    assert bus_config.physical("attempt.dispatched.local") in told["topics_created"]
    current = (await app.history()).current
    assert current is not None
    assert (current.revision, current.number, current.author) == (told["revision"], 1, "tester")


async def test_applying_the_same_again_changes_nothing(app: ConsoleApp) -> None:
    first = await portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED)
    again = await portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED)

    assert (again["applied"], again["number"], again["topics_created"]) == (False, first["number"], [])


async def test_a_new_provider_gets_its_topic_like_the_others(app: ConsoleApp, bus_config: BusConfig) -> None:
    await portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED)
    unset = BusConfig(kafka_bootstrap_servers=bus_config.kafka_bootstrap_servers, topic_prefix=bus_config.topic_prefix)
    elsewhere = build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), unset)
    told = await portfolios.put_in_force(elsewhere, reading(MORE), None, SIGNED)

    name = bus_config.physical("attempt.dispatched.other")
    assert told["topics_created"] == [name]
    assert (await app.partitions())[name] == bus_config.topic_partitions
    assert [change["path"] for change in told["changes"]][:1] == ["providers.other.adapter"]


async def test_a_difference_is_told_against_what_is_in_force_and_nothing_is_published(app: ConsoleApp) -> None:
    applied = await portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED)
    wanted = reading(MORE).portfolio
    assert wanted is not None
    told = await outlines.difference(app, wanted)

    assert (told["in_force"], told["revision"]) == (applied["revision"], wanted.digest())
    assert {change["path"].split(".")[1] for change in told["changes"]} == {"other"}
    assert (await app.history()).in_force == applied["revision"]


async def test_another_revision_than_expected_is_refused_and_nothing_is_published(app: ConsoleApp) -> None:
    told = await portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED)

    with pytest.raises(Refused, match="is in force, not none"):
        await portfolios.put_in_force(app, reading(MORE), "none", SIGNED)
    assert (await app.history()).in_force == told["revision"]


async def test_a_rollback_puts_the_one_before_in_force_again(app: ConsoleApp) -> None:
    first = await portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED)
    second = await portfolios.put_in_force(app, reading(MORE), None, SIGNED)
    told = await portfolios.take_back(app, None, second["revision"], SIGNED)

    assert (told["revision"], told["number"], told["before"]) == (first["revision"], 3, second["revision"])
    assert (first["without_worker"], second["without_worker"]) == (["local"], ["local", "other"])
    assert told["without_worker"] == ["local"], "those of the revision that is in force again"
    assert (await app.history()).in_force == first["revision"]


async def test_of_two_at_the_same_moment_one_is_told_that_the_other_won(app: ConsoleApp) -> None:
    results = await asyncio.gather(
        portfolios.put_in_force(app, reading(PORTFOLIO), None, SIGNED),
        portfolios.put_in_force(app, reading(MORE), None, SIGNED),
        return_exceptions=True,
    )
    won = {result["revision"] for result in results if isinstance(result, dict) and result["applied"]}

    assert (await app.history()).in_force in won
    assert all(isinstance(result, dict | Refused) for result in results)


async def test_topics_are_planned_created_and_then_none_is_missing(app: ConsoleApp) -> None:
    names = names_to_create(["local"])
    planned = {topic.name for topic in await app.missing_topics(names)}

    assert planned == set(await app.create_topics(names))
    assert await app.missing_topics(names) == []
    assert planned == set(await app.partitions())


async def test_what_was_made_is_as_it_should_be_and_what_was_made_otherwise_is_told(
    app: ConsoleApp, bus_config: BusConfig
) -> None:
    otherwise = bus_config.physical("attempt.completed")
    settings = {"cleanup.policy": "compact", "message.timestamp.type": "CreateTime"}
    made = NewTopic(otherwise, bus_config.topic_partitions, 1, topic_configs=settings)
    admin = AIOKafkaAdminClient(**bus_config.connection())
    await admin.start()
    await admin.create_topics([made])
    await admin.close()
    await app.create_topics(names_to_create([]))

    found = await app.unlike_topics(names_to_create([]))

    assert {each.topic for each in found} == {otherwise}
    wrong = {each.setting for each in found if each.wrong}
    assert wrong == {"cleanup.policy", "message.timestamp.type", "max.message.bytes"}


async def first_of(app: ConsoleApp, count: int, act: Callable[[], Awaitable[None]], *ids: UUID) -> list[Heard]:
    """What is heard of these requests once ``act`` was done."""
    found: list[Heard] = []
    async with asyncio.timeout(20), app.event_log() as log:
        await act()
        async for heard in log.follow({str(each) for each in ids}):
            found.append(heard)
            if len(found) == count:
                break
    return found


async def test_the_log_tells_what_happens_to_the_requests_that_are_asked_for(app: ConsoleApp, send: Send) -> None:
    mine, other = uuid4(), uuid4()
    await app.create_topics(names_to_create([]))
    await send("request.cancelled", mine, cancelled(mine).to_json(), [])
    parent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def act() -> None:
        await send("request.cancelled", other, cancelled(other).to_json(), [])
        await send("request.cancelled", mine, b"no JSON", [])
        await send("request.cancelled", mine, None, [("traceparent", b"\xff")])
        await send("request.cancelled", mine, cancelled(mine).to_json(), [("traceparent", parent), ("x", b"\xff\x00")])

    (heard,) = await first_of(app, 1, act, mine)

    assert (heard.key, heard.event) == (str(mine), cancelled(mine))
    assert heard.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert heard.at.tzinfo is not None


async def test_the_log_tells_dead_letters_too(app: ConsoleApp, send: Send) -> None:
    mine = uuid4()
    await app.create_topics(names_to_create([]))

    async def act() -> None:
        told = ("request_id_reused", "use a new one", "request.submitted", "0", "7", "1")
        letter = [(f"dl_{name}", value.encode()) for name, value in zip(ORIGIN, told, strict=True)]
        await send("dead-letters.profiler", mine, b"{}", [("dl_act", b"dropped"), ("dl_of", b"0")])
        await send("dead-letters.profiler", mine, b"{}", letter)

    (heard,) = await first_of(app, 1, act, mine)

    assert heard.event == Letter("profiler", "request_id_reused", "use a new one")


async def test_without_our_topics_the_remedy_is_told(app: ConsoleApp) -> None:
    with pytest.raises(CannotReach, match="topics create"):
        async with app.event_log():
            pass


async def test_a_request_is_submitted_under_its_id_and_followed_to_its_end(
    app: ConsoleApp, send: Send, bus_config: BusConfig
) -> None:
    await app.create_topics(names_to_create([]))
    asked = submission({"messages": [{"role": "user", "content": "hi"}], "metadata": {"name": "greeting"}}, "x", uuid4)
    told: list[str] = []

    async def answer() -> ConsumerRecord[bytes, bytes]:
        """In the place of the services: ends what is submitted."""
        record = await first_record(bus_config, "request.submitted")
        await send("request.cancelled", asked.request_id, cancelled(asked.request_id).to_json(), [])
        return record

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        answering = group.create_task(answer())
        (road,) = await requests.follow(app, [asked], 20, lambda _before, after: told.append(after.request_id))

    record = answering.result()
    assert (record.key, record.value) == (str(asked.request_id).encode(), asked.value)
    assert road.end is not None
    assert (road.end.status, road.metadata["name"]) == ("cancelled", "greeting")
    assert told == [str(asked.request_id)]


async def test_no_end_in_time_is_told(app: ConsoleApp) -> None:
    await app.create_topics(names_to_create([]))
    asked = submission({"messages": [{"role": "user", "content": "hi"}]}, "x", uuid4)

    with pytest.raises(CannotReach, match="1 of 1 requests have no end after 1 s"):
        await requests.follow(app, [asked], 1, lambda _before, _after: None)


async def test_what_is_too_large_for_kafka_is_refused(bus_config: BusConfig) -> None:
    small = bus_config.model_copy(update={"kafka_max_request_bytes": 1_024})
    app = build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), small)
    await app.create_topics(names_to_create([]))

    with pytest.raises(Refused, match="larger than what Kafka takes"):
        await app.intake.submit([(uuid4(), b"x" * 2_000)])


async def first_record(config: BusConfig, topic: str) -> ConsumerRecord[bytes, bytes]:
    """The first record of a topic, read from its beginning."""
    consumer = AIOKafkaConsumer(config.physical(topic), auto_offset_reset="earliest", **config.connection())
    await consumer.start()
    try:
        return await consumer.getone()
    finally:
        await consumer.stop()


async def until_a_client_closes() -> None:
    """Until one of aiokafka waits for its metadata task, which it has cancelled: there it swallows its caller's."""
    while True:
        ending = (task for task in asyncio.all_tasks() if task.cancelling())
        if any("_md_synchronizer" in getattr(task.get_coro(), "__qualname__", "") for task in ending):
            return
        await asyncio.sleep(0)


async def test_a_submission_that_is_cancelled_as_its_client_closes_ends_as_cancelled(app: ConsoleApp) -> None:
    await portfolios.put_in_force(app, reading(PORTFOLIO), "none", SIGNED)
    submitting = asyncio.create_task(app.intake.submit([(uuid4(), b"{}")]))
    await until_a_client_closes()
    submitting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await submitting


async def test_a_log_that_is_cancelled_as_it_closes_ends_as_cancelled(app: ConsoleApp) -> None:
    await portfolios.put_in_force(app, reading(PORTFOLIO), "none", SIGNED)
    is_open = asyncio.Event()

    async def look() -> None:
        async with app.event_log():
            is_open.set()

    looking = asyncio.create_task(look())
    await is_open.wait()
    await until_a_client_closes()
    looking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await looking
