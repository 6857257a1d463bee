"""Dead letters by command, on real Kafka: letters of a service at work, listed, replayed once, dropped."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from bus_at_work import HEARD, LETTERS, TOLD, Client, at_work, bus_of, echo, feedback, request_id

from infra.bus.config import BusConfig
from infra.bus.topics import create
from infra.objects.config import ObjectsConfig, SealingConfig
from infra.objects.store import ObjectStore
from infra.objects.vault import Vault
from schemas.content import Owner
from schemas.envelope import header
from schemas.reaction import Reaction, Received
from schemas.request import RequestSubmitted
from schemas.review import FeedbackRecorded
from schemas.topics import INTAKE
from services.console.adapters.dead_letter_topics import DeadLetterTopics
from services.console.app import ConsoleApp, build_app
from services.console.commands.dead_letters import find, settle, tell
from services.console.config import ConsoleConfig
from services.console.domain.dead_letters import Act, Choice, LetterName, State
from services.console.domain.failures import Refused

ALL = Choice()


def fails(event: FeedbackRecorded, received: Received) -> Reaction:
    raise KeyError("a bug")


@pytest.fixture
def app(bus_config: BusConfig) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)


@asynccontextmanager
async def letters_of(config: BusConfig, count: int) -> AsyncIterator[Client]:
    """A client, after a service with a bug has put aside this many of its events."""
    async with Client(config) as client:
        async with at_work(bus_of(config, fails)):
            for number in range(count):
                headers = [("x", b"\xff"), ("dl_reason", b"forged"), ("dl_act", b"dropped"), ("dl_of", b"0")]
                await client.send(feedback(number).to_json(), str(request_id(number)).encode(), headers)
            await client.log(LETTERS, count)
        yield client


async def replay(app: ConsoleApp, choice: Choice = ALL, dry_run: bool = False) -> list[str]:
    """What came of each letter."""
    return [each["outcome"] for each in await settle(app, choice, Act.REPLAYED, "tester", dry_run)]


async def test_letters_are_replayed_as_they_came_and_once(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with letters_of(bus_config, 3) as client:
        assert await replay(app, dry_run=True) == ["would be replayed"] * 3
        assert await replay(app) == ["replayed"] * 3
        assert await replay(app) == []
        names = Choice(names=(LetterName("router", 0),))
        assert await replay(app, names) == ["was replayed by tester before"]

        records = await client.log(HEARD, 6)
        came = {record.key: record for record in records if not header(record.headers, "dl_letter")}
        again = {record.key: record for record in records if header(record.headers, "dl_letter")}
        assert len(came) == len(again) == 3
        for key, record in again.items():
            assert (record.value, record.partition) == (came[key].value, came[key].partition)
            assert list(record.headers[:-2]) == list(came[key].headers)
        marks = {header(record.headers, "dl_letter") for record in again.values()}
        assert marks == {"router@0", "router@1", "router@2"}

        places: list[str] = []

        def heard(event: FeedbackRecorded, received: Received) -> Reaction:
            places.append(received.place)
            return echo(event, received)

        async with at_work(bus_of(bus_config, heard)):
            assert set(await client.told(3)) == {request_id(number) for number in range(3)}
        stood = {f"{each.topic}:{each.partition}:{each.offset}" for each in came.values()}
        assert set(places) == stood, "who heard one before knows it again"


async def test_what_fails_again_is_known_by_its_first_place_all_the_same(
    app: ConsoleApp, bus_config: BusConfig
) -> None:
    async with letters_of(bus_config, 1) as client:
        await replay(app)
        async with at_work(bus_of(bus_config, fails)):
            await client.log(LETTERS, 3)  # the first letter, its claim, and the letter of its replay
        await replay(app)

        first, *again = await client.log(HEARD, 3)
        stood = f"{first.topic}:{first.partition}:{first.offset}"
        assert [header(each.headers, "dl_place") for each in again] == [stood, stood]


async def test_what_a_client_claims_of_a_records_first_place_is_not_believed(bus_config: BusConfig) -> None:
    places: asyncio.Queue[str] = asyncio.Queue()

    def heard(event: RequestSubmitted, received: Received) -> Reaction:
        places.put_nowait(received.place)
        return Reaction()

    bus = bus_of(bus_config)
    bus.hears(RequestSubmitted, heard)
    await create(bus_config, [INTAKE])
    async with at_work(bus):
        producer = AIOKafkaProducer(**bus_config.connection())
        await producer.start()
        asked = b'{"messages": [{"role": "user", "content": "Hello"}]}'
        sent = await producer.send_and_wait(
            bus_config.physical(INTAKE), asked, headers=[("dl_place", b"elsewhere:0:1")]
        )
        await producer.stop()
        assert await asyncio.wait_for(places.get(), 30) == f"{sent.topic}:{sent.partition}:{sent.offset}"


async def test_two_operators_at_the_same_moment_replay_a_letter_once(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with letters_of(bus_config, 4) as client:
        told = await asyncio.gather(*(replay(app) for _ in range(4)))

        assert sorted(outcome for each in told for outcome in each).count("replayed") == 4
        assert len(await client.log(HEARD, 8)) == 8


class Crash(Exception):
    """The console's process dies here."""


@pytest.mark.parametrize("published", [True, False], ids=["after publishing", "before publishing"])
async def test_a_replay_that_broke_off_is_taken_up_without_a_second_copy(
    app: ConsoleApp, bus_config: BusConfig, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    publish = DeadLetterTopics.replay

    async def dies(topics: DeadLetterTopics, letters: Any) -> None:
        if published:
            await publish(topics, letters)
        raise Crash

    async with letters_of(bus_config, 2) as client:
        with monkeypatch.context() as patch:
            patch.setattr(DeadLetterTopics, "replay", dies)
            with pytest.raises(Crash):
                await replay(app)
        assert await replay(app, Choice(names=(LetterName("router", 1),))) == ["is being replayed by tester"]
        over(monkeypatch)

        assert await replay(app) == ["replayed", "replayed"]
        assert len(await client.log(HEARD, 4)) == 4


def over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every claim's time be over at once."""
    monkeypatch.setattr("services.console.domain.dead_letters.LEASE", timedelta(0))


async def test_dropped_letters_are_listed_no_more_and_never_replayed(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with letters_of(bus_config, 2) as client:
        first = Choice(names=(LetterName("router", 0),))
        assert [each["outcome"] for each in await settle(app, first, Act.DROPPED, "tester", False)] == ["dropped"]

        assert await replay(app, first) == ["was dropped by tester before"]
        assert await replay(app) == ["replayed"]
        assert len(await client.log(HEARD, 3)) == 3


async def test_a_replay_that_fails_again_is_a_letter_of_its_own(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with letters_of(bus_config, 1) as client:
        await replay(app)
        async with at_work(bus_of(bus_config, fails)):
            await client.log(LETTERS, 4)
        cases = await find(app, ALL)

        assert [(str(c.letter.name), c.letter.replay_of, c.state(c.letter.at)) for c in cases] == [
            ("router@0", None, State.REPLAYED),
            ("router@3", "router@0", State.OPEN),
        ]
        assert await replay(app) == ["replayed"]
        (*_, last) = sorted(await client.log(HEARD, 3), key=lambda record: record.timestamp)
        assert [value for name, value in last.headers if name == "dl_letter"] == [b"router@3"]


async def test_content_is_told_only_when_it_is_asked_for(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with Client(bus_config) as client:
        async with at_work(bus_of(bus_config, echo)):
            await client.send(b'{"messages": "a prompt"}', b"k", [("authorization", b"a secret")])
            await client.log(LETTERS, 1)
        told = await tell(app, "router@0", with_content=False)

        assert "a prompt" not in json.dumps(told)
        assert "a secret" not in json.dumps(told)
        assert (told["reason"], told["topic"], told["headers"]) == ("wrong_shape", HEARD, ["authorization"])
        assert (await tell(app, "router@0", with_content=True))["content"] == '{"messages": "a prompt"}'


async def test_sealed_content_is_opened_for_who_has_the_key(
    bus_config: BusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"a:{b64encode(bytes(32)).decode()}"
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path))
    vault = Vault(ObjectStore(ObjectsConfig()), SealingConfig.model_validate({"keys": key}))
    owner = Owner(request_id(1), "acme", datetime.now(UTC).date())
    body = json.loads((await vault.sealed(b"a prompt", owner)).to_json())
    async with Client(bus_config) as client, at_work(bus_of(bus_config, echo)):
        await client.send(json.dumps({"request_id": str(request_id(1)), "body": body}).encode(), b"k")
        await client.log(LETTERS, 1)

    shown = []
    for keys in ("", key):
        monkeypatch.setenv("SEALING_KEYS", keys)
        console = build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)
        shown.append((await tell(console, "router@0", with_content=True))["content"])
    assert ["a prompt" in text for text in shown] == [False, True]


async def test_filters_choose_and_other_records_are_no_letters(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with letters_of(bus_config, 2) as client:
        producer = client._producer
        for headers in ([("dl_reason", b"x")], [("dl_act", b"burnt"), ("dl_of", b"0")], [("dl_act", b"dropped")], []):
            await producer.send_and_wait(bus_config.physical(LETTERS), b"x", headers=headers)

        assert len(await find(app, ALL)) == 2
        assert len(await find(app, Choice(service="router", topic=HEARD, reason="handler_error"))) == 2
        assert await find(app, Choice(topic=TOLD)) == []
        assert await find(app, Choice(service="ledger")) == []


async def test_a_letter_that_is_not_there_is_told(app: ConsoleApp, bus_config: BusConfig) -> None:
    async with letters_of(bus_config, 1):
        with pytest.raises(Refused, match="there is no letter router@99"):
            await replay(app, Choice(names=(LetterName("router", 99),)))
