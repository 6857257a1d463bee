"""A span in wire form is what the SDK's would have been, on the wire of the library."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from opentelemetry.trace import Status as SdkStatus
from opentelemetry.trace import StatusCode as SdkCode
from wire_spans import attributes_in, span_in

from infra.telemetry.context import context_of, parent_of
from infra.telemetry.lean_span import LeanSpans
from infra.telemetry.wire import span_attributes

PARENT = "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"
UNSAMPLED = PARENT[:-1] + "0"
ROOT = "c3" * 16


def heard() -> tuple[LeanSpans, list[bytes]]:
    wires: list[bytes] = []
    return LeanSpans(wires.append), wires


def sdks(name: str, attributes: dict[str, str | int], description: str | None) -> Span:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    context = context_of(PARENT)
    span = provider.get_tracer("model-portfolio").start_span(name, context, SpanKind.CONSUMER, attributes, start_time=7)
    if description is not None:
        span.set_status(SdkStatus(SdkCode.ERROR, description))
    span.end()
    return encode_spans(memory.get_finished_spans()).resource_spans[0].scope_spans[0].spans[0]


@given(
    name=st.text(min_size=1, max_size=40),
    attributes=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=200) | st.integers(0, 2**60)),
    description=st.none() | st.text(min_size=1, max_size=200),
)
def test_it_is_what_the_sdks_span_is(name: str, attributes: dict[str, str | int], description: str | None) -> None:
    spans, wires = heard()
    span = spans.event(name, parent_of(PARENT), span_attributes(attributes), 7)
    if description is not None:
        span.fail(description)
    span.end()
    (ours,), theirs = [span_in(wire) for wire in wires], sdks(name, attributes, description)

    assert ours.span_id != theirs.span_id
    assert ours.end_time_unix_nano > 7
    ours.span_id, ours.end_time_unix_nano = theirs.span_id, theirs.end_time_unix_nano
    assert ours == theirs


def test_a_call_is_a_client_that_ends_after_it_began() -> None:
    spans, wires = heard()
    spans.call("chat small", PARENT, span_attributes({"n": 1}), 7).end()
    span = span_in(wires[0])

    assert (span.kind, span.name, span.start_time_unix_nano) == (Span.SPAN_KIND_CLIENT, "chat small", 7)
    assert attributes_in(span) == {"n": 1}
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (PARENT[3:35], PARENT[36:52])


def test_without_a_parent_it_is_the_root_of_a_trace_the_one_that_is_named_or_a_new_one() -> None:
    spans, wires = heard()
    for root in (ROOT, "", ""):
        spans.event("process x", None, b"", 1, root).end()
    first, second, third = (span_in(wire) for wire in wires)

    assert first.trace_id.hex() == ROOT
    assert not first.parent_span_id
    assert len({first.trace_id, second.trace_id, third.trace_id}) == 3
    assert len(second.trace_id) == 16


def test_what_its_parent_does_not_sample_is_not_sent_and_goes_on_unsampled() -> None:
    spans, wires = heard()
    span = spans.event("process x", parent_of(UNSAMPLED), b"", 1)
    span.end()

    assert not wires
    assert span.traceparent.startswith(UNSAMPLED[:36])
    assert span.traceparent.endswith("-00")


def test_text_that_no_wire_takes_harms_nobody() -> None:
    """A provider may answer with half a surrogate pair in the name of its model."""
    spans, wires = heard()
    span = spans.call("chat", PARENT, span_attributes({"model": "\ud800", "long": "\ud800" * 40}), 1)
    span.fail("\udfff")
    span.end()
    told = span_in(wires[0])

    assert attributes_in(told) == {"model": "?", "long": "?" * 40}
    assert (told.status.code, told.status.message) == (Status.STATUS_CODE_ERROR, "?")
