"""A bad record stops nobody: it is a dead letter, whole, and the next one is served."""

import asyncio
import logging

import pytest
from aiokafka.producer import message_accumulator, producer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy
from bus_at_work import (
    HEARD,
    LETTERS,
    PATIENCE_S,
    Client,
    at_work,
    bus_of,
    committed,
    echo,
    feedback,
    left,
    request_id,
    told_in,
    until,
)

from infra.bus.bus import FAILURES_TO_STOP, NOT_YET_TRIES
from infra.bus.config import BusConfig
from infra.bus.topics import create
from schemas.reaction import NotYet, Reaction, Received
from schemas.review import FeedbackRecorded

GOOD = feedback(1).to_json()


@pytest.fixture
def config(bus_config: BusConfig) -> BusConfig:
    """One partition: a record that stops it stops everything."""
    return bus_config.model_copy(update={"topic_partitions": 1})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no_value"),
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b"\x00\xff", "not_json"),
        (b"[" * 50_000, "not_json"),
        (b"[]", "wrong_shape"),
        (b"{}", "wrong_shape"),
        (GOOD.replace(b"1.0", b'"one"'), "wrong_shape"),
        (b"[" + b'"x",' * 260_000 + b"1]", "wrong_shape"),
    ],
    ids=["null", "empty", "text", "binary", "deep", "list", "no fields", "wrong type", "as large as may be"],
)
async def test_what_is_no_event_is_a_dead_letter_and_the_next_is_served(
    config: BusConfig, value: bytes | None, reason: str
) -> None:
    headers = [("x", b"\xff\x00"), ("x", None), ("ce_id", b"\xfe")]
    async with Client(config) as client, at_work(bus_of(config)):
        stands = await client.send(value, b"\xffkey", headers)
        await client.tell(2)

        assert await client.told(1) == [request_id(2)]
        (letter,) = await client.log(LETTERS, 1)
    assert (letter.key, letter.value) == (b"\xffkey", value)
    assert list(letter.headers[:3]) == headers
    where = (told_in(letter, "topic"), told_in(letter, "partition"), told_in(letter, "offset"))
    assert where == (config.physical(HEARD), "0", str(stands.offset))
    assert told_in(letter, "reason") == reason
    assert told_in(letter, "detail")


async def test_a_binary_header_stops_nobody(config: BusConfig) -> None:
    names = ("traceparent", "ce_id", "ce_source", "reply_to", "tracestate", "content-type", "x")
    async with Client(config) as client, at_work(bus_of(config)):
        await client.send(GOOD, headers=[(name, b"\xff\xfe\x00") for name in names])
        await client.tell(2)

        assert await client.told(2) == [request_id(1), request_id(2)]
        assert await client.log(LETTERS, 0) == []


class _Bytes(str):
    """A header's name that is no UTF-8, as clients in other languages may send it."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


async def test_a_binary_header_name_stops_nobody(config: BusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (producer, message_accumulator):
        monkeypatch.setattr(module, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy)
    async with Client(config) as client, at_work(bus_of(config)):
        await client.tell(1)
        await client.send(b"{}", headers=[(_Bytes("x"), b"v"), ("y", None)])
        await client.send(feedback(3).to_json(), headers=[(_Bytes("x"), b"v")])
        await client.tell(4)

        assert await client.told(3) == [request_id(1), request_id(3), request_id(4)]
        (letter,) = await client.log(LETTERS, 1)
    assert list(letter.headers[:2]) == [("\ufffd\ufffd", b"v"), ("y", None)]


async def test_an_event_that_a_handler_cannot_take_is_a_dead_letter(
    config: BusConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="infra.bus")

    def fails(event: FeedbackRecorded, received: Received) -> Reaction:
        if event.request_id == request_id(1):
            raise KeyError(event.note)
        return echo(event, received)

    async with Client(config) as client, at_work(bus_of(config, fails)):
        await client.tell(1, note="a secret of the customer")
        await client.tell(2)

        assert await client.told(1) == [request_id(2)]
        (letter,) = await client.log(LETTERS, 1)
    assert (told_in(letter, "reason"), told_in(letter, "detail")) == ("handler_error", "KeyError")
    assert "KeyError" in caplog.text
    assert "a secret of the customer" not in caplog.text
    assert letter.value == feedback(1, "a secret of the customer").to_json()


async def test_a_failing_hook_for_what_is_no_event_is_a_dead_letter_too(config: BusConfig) -> None:
    def fails(error: Exception, received: Received) -> Reaction:
        raise RecursionError

    async with Client(config) as client, at_work(bus_of(config, undecodable=fails)):
        await client.send(b"hello")
        await client.tell(2)

        assert await client.told(1) == [request_id(2)]
        (letter,) = await client.log(LETTERS, 1)
    assert told_in(letter, "reason") == "handler_error"


def broken(event: FeedbackRecorded, received: Received) -> Reaction:
    raise ZeroDivisionError


@pytest.mark.parametrize("keyed", [True, False], ids=["with keys", "without keys"])
async def test_a_handler_that_fails_for_everybody_stops_the_reading(config: BusConfig, keyed: bool) -> None:
    async with Client(config) as client:
        for number in range(FAILURES_TO_STOP):
            await client.send(feedback(number).to_json(), str(number).encode() if keyed else None)
        async with at_work(bus_of(config, broken)) as bus:
            async with asyncio.timeout(30):
                await bus.broken.wait()
            await until(lambda: left(config), "the group is left, so that another replica may try")
        letters = await client.log(LETTERS, 0)
        served = sum((await committed(config)).values())

    assert len(letters) == served < FAILURES_TO_STOP
    async with Client(config) as client, at_work(bus_of(config)):
        assert len(await client.told(FAILURES_TO_STOP - served)) == FAILURES_TO_STOP - served


async def test_bad_records_among_them_do_not_hide_that_everything_fails(config: BusConfig) -> None:
    async with Client(config) as client, at_work(bus_of(config, broken)) as bus:
        for number in range(FAILURES_TO_STOP):
            await client.send(b"hello")
            await client.tell(number)
        async with asyncio.timeout(30):
            await bus.broken.wait()


async def test_one_key_that_fails_again_and_again_does_not_stop_the_others(config: BusConfig) -> None:
    def fails(event: FeedbackRecorded, received: Received) -> Reaction:
        return broken(event, received) if event.request_id == request_id(1) else echo(event, received)

    async with Client(config) as client, at_work(bus_of(config, fails)) as bus:
        await client.tell(*[1] * (FAILURES_TO_STOP + 10), 2)

        assert await client.told(1) == [request_id(2)]
        assert not bus.broken.is_set()
        assert len(await client.log(LETTERS, FAILURES_TO_STOP + 10)) == FAILURES_TO_STOP + 10


async def test_failures_that_are_not_in_a_row_do_not_stop_the_reading(config: BusConfig) -> None:
    def fails(event: FeedbackRecorded, received: Received) -> Reaction:
        return broken(event, received) if received.offset % 2 else echo(event, received)

    async with Client(config) as client, at_work(bus_of(config, fails)) as bus:
        await client.tell(*range(4 * FAILURES_TO_STOP))

        assert len(await client.told(2 * FAILURES_TO_STOP)) == 2 * FAILURES_TO_STOP
        assert not bus.broken.is_set()


async def test_what_is_still_on_its_way_is_waited_for(config: BusConfig) -> None:
    came: list[int] = []

    def waits(event: FeedbackRecorded, received: Received) -> Reaction:
        came.append(received.offset)
        if len(came) < 3:
            raise NotYet("a revision")
        return echo(event, received)

    async with Client(config) as client, at_work(bus_of(config, waits)):
        await client.tell(1, 2)

        assert await client.told(2) == [request_id(1), request_id(2)]
        assert await client.log(LETTERS, 0) == []
    assert came == [0, 0, 0, 1]


async def test_what_never_comes_is_not_waited_for_for_ever(config: BusConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.bus.bus.NOT_YET_WAIT_S", 0.001)
    tries: list[int] = []

    def waits(event: FeedbackRecorded, received: Received) -> Reaction:
        if event.request_id == request_id(1):
            tries.append(1)
            raise NotYet("a revision")
        return echo(event, received)

    async with Client(config) as client, at_work(bus_of(config, waits)):
        await client.tell(1, 2)

        assert await client.told(1) == [request_id(2)]
        (letter,) = await client.log(LETTERS, 1)
    assert told_in(letter, "reason") == "not_yet"
    assert len(tries) == NOT_YET_TRIES


async def test_an_event_that_kafka_will_never_take_is_a_dead_letter_of_its_cause(config: BusConfig) -> None:
    def too_large(event: FeedbackRecorded, received: Received) -> Reaction:
        big = event.request_id == request_id(1)
        return echo(event.model_copy(update={"note": "x" * 9_000_000}) if big else event, received)

    async with Client(config) as client, at_work(bus_of(config, too_large)):
        await client.tell(1, 2)

        assert await client.told(1) == [request_id(2)]
        (letter,) = await client.log(LETTERS, 1)
    assert told_in(letter, "reason") == "unsendable"
    assert letter.value == GOOD


async def test_the_largest_record_that_kafka_takes_is_a_whole_dead_letter(config: BusConfig) -> None:
    """Its letter is larger than it is, by the headers that say why."""
    tight = config.model_copy(update={"kafka_max_request_bytes": 2_048, "kafka_max_event_bytes": 4_096})
    value = b"[" + b" " * 3_900 + b"]"
    async with Client(tight) as client, at_work(bus_of(tight)):
        await client.send(value, b"key", [("x", b"y" * 60)])

        (letter,) = await client.log(LETTERS, 1)
    assert letter.value == value
    assert (letter.key, told_in(letter, "reason")) == (b"key", "wrong_shape")


async def test_a_letter_that_kafka_does_not_take_stops_the_reading_and_the_record_stays(config: BusConfig) -> None:
    """Topics that somebody else made may be smaller than ours."""
    await create(
        config.model_copy(update={"kafka_max_event_bytes": 2_048, "kafka_max_request_bytes": 2_048}), [LETTERS]
    )
    bus = bus_of(config)
    async with Client(config) as client, at_work(bus):
        await client.send(b"[" + b" " * 100_000 + b"]")

        await asyncio.wait_for(bus.broken.wait(), PATIENCE_S)
        assert await client.log(LETTERS, 0) == []
    assert await committed(config) == {}


async def test_a_large_request_has_room_for_what_follows_from_it(config: BusConfig) -> None:
    def grows(event: FeedbackRecorded, received: Received) -> Reaction:
        return echo(event.model_copy(update={"note": '"' * 2_000_000}), received)

    async with Client(config) as client, at_work(bus_of(config, grows)):
        await client.tell(1)

        assert await client.told(1) == [request_id(1)]
