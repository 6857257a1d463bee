"""One request is one trace: every publish and its receive are parent and child."""

from collections.abc import Iterator

import pytest
from bus_at_work import SERVICE, TOLD, Client, at_work, bus_of, cancelled, feedback, until
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from wire_spans import attributes_in, span_in

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.context import span_context_of
from infra.telemetry.lean_span import LeanSpans
from infra.telemetry.telemetry import Telemetry
from schemas.envelope import header
from schemas.outcome import RequestCancelled
from schemas.reaction import NOTHING, Reaction, Received, Said
from schemas.review import FeedbackRecorded

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


class Traced:
    """Telemetry whose spans stay in memory, as they go on the wire."""

    def __init__(self, service: str) -> None:
        self.telemetry = Telemetry(TelemetryConfig(otel_exporter_otlp_endpoint=None), service)
        self.wires: list[bytes] = []
        self.telemetry.spans = LeanSpans(self.wires.append)

    def spans(self) -> list[Span]:
        return [span_in(wire) for wire in self.wires]

    async def until(self, count: int) -> list[Span]:
        """The spans, once there are this many."""

        async def are_there() -> bool:
            return len(self.wires) >= count

        await until(are_there, f"{count} spans")
        return self.spans()


@pytest.fixture
def traced() -> Iterator[Traced]:
    kept = Traced(SERVICE)
    yield kept
    kept.telemetry.close()


def ids(span: Span) -> tuple[str, str, str]:
    """Trace, span and parent."""
    return span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()


async def test_a_hop_continues_the_trace_of_what_it_hears(bus_config: BusConfig, traced: Traced) -> None:
    second = Traced("ledger")

    def hears(event: RequestCancelled, received: Received) -> Reaction:
        return NOTHING

    after = Bus(bus_config, "ledger", second.telemetry)
    after.hears(RequestCancelled, hears)
    async with Client(bus_config) as client, at_work(bus_of(bus_config, telemetry=traced.telemetry)), at_work(after):
        await client.send(feedback(1).to_json(), headers=[("traceparent", TRACEPARENT.encode())])
        (record,) = await client.log(TOLD, 1)
        (first,) = await traced.until(1)
        (last,) = await second.until(1)

    assert ids(first) == (TRACE_ID, ids(first)[1], "00f067aa0ba902b7")
    assert ids(last) == (TRACE_ID, ids(last)[1], ids(first)[1])
    said = span_context_of(header(record.headers, "traceparent"))
    assert said is not None
    assert f"{said.span_id:016x}" == ids(first)[1]


async def test_events_of_one_batch_keep_their_own_traces(bus_config: BusConfig, traced: Traced) -> None:
    one = bus_config.model_copy(update={"topic_partitions": 1})
    async with Client(one) as client:
        for number in range(1, 6):
            parent = f"00-{number:032x}-{number:016x}-01"
            await client.send(feedback(number).to_json(), headers=[("traceparent", parent.encode())])
        async with at_work(bus_of(one, telemetry=traced.telemetry)):
            spans = await traced.until(5)
            told = await client.log(TOLD, 5)

    assert [ids(span)[0::2] for span in spans] == [(f"{n:032x}", f"{n:016x}") for n in range(1, 6)]
    said = [span_context_of(header(record.headers, "traceparent")) for record in told]
    assert [f"{context.span_id:016x}" for context in said if context] == [ids(span)[1] for span in spans]


@pytest.mark.parametrize("invalid", [b"", b"hello", b"\xff\xfe", b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01"])
async def test_without_a_valid_traceparent_a_new_trace_begins(
    bus_config: BusConfig, traced: Traced, invalid: bytes
) -> None:
    async with Client(bus_config) as client, at_work(bus_of(bus_config, telemetry=traced.telemetry)):
        await client.send(feedback(1).to_json(), headers=[("traceparent", invalid)])
        (span,) = await traced.until(1)
        (record,) = await client.log(TOLD, 1)

    assert not span.parent_span_id
    assert ids(span)[0] in (header(record.headers, "traceparent") or "")


async def test_a_record_that_is_delivered_again_is_in_the_same_trace(bus_config: BusConfig, traced: Traced) -> None:
    other_group = Bus(bus_config, SERVICE, traced.telemetry, group="again")
    other_group.hears(FeedbackRecorded, lambda event, received: NOTHING)
    async with Client(bus_config) as client, at_work(bus_of(bus_config, telemetry=traced.telemetry)):
        await client.send(feedback(1).to_json())
        await client.send(feedback(1).to_json())
        async with at_work(other_group):
            spans = await traced.until(4)

    place = ("messaging.destination.partition.id", "messaging.kafka.offset")
    found = {(*(attributes_in(span)[name] for name in place), ids(span)[0]) for span in spans}
    assert len(found) == 2
    assert len({trace_id for *_, trace_id in found}) == 2


async def test_a_span_says_what_was_processed_and_never_its_content(bus_config: BusConfig, traced: Traced) -> None:
    async with Client(bus_config) as client, at_work(bus_of(bus_config, telemetry=traced.telemetry)):
        await client.tell(1, note="a secret of the customer")
        (span,) = await traced.until(1)

    assert (span.name, span.kind) == ("process feedback.recorded", Span.SPAN_KIND_CONSUMER)
    attributes = attributes_in(span)
    assert attributes["messaging.system"] == "kafka"
    assert attributes["messaging.destination.name"] == bus_config.physical("feedback.recorded")
    assert attributes["messaging.kafka.offset"] == 0
    assert attributes["messaging.consumer.group.name"] == SERVICE
    assert b"secret" not in traced.wires[0]


async def test_a_dead_letter_is_an_error_in_its_trace(bus_config: BusConfig, traced: Traced) -> None:
    async with Client(bus_config) as client, at_work(bus_of(bus_config, telemetry=traced.telemetry)):
        await client.send(b"hello", headers=[("traceparent", TRACEPARENT.encode())])
        (span,) = await traced.until(1)

    assert ids(span)[0] == TRACE_ID
    assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "not_json")


async def test_what_a_loop_says_continues_the_trace_that_was_kept(bus_config: BusConfig) -> None:
    bus = bus_of(bus_config)
    async with Client(bus_config) as client, at_work(bus):
        await bus.say([Said(cancelled(feedback(1)))], traceparent=TRACEPARENT)
        await bus.say_each([(Said(cancelled(feedback(2))), TRACEPARENT), (Said(cancelled(feedback(3))), None)])
        told = await client.log(TOLD, 3)

    found = {record.key: header(record.headers, "traceparent") for record in told}
    assert sorted(found.values(), key=str) == [TRACEPARENT, TRACEPARENT, None]
