"""What we write on the wire is what the library writes."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode

from infra.telemetry.context import context_of
from infra.telemetry.wire import encode

RESOURCE = Resource({"service.name": "router", "n": 1})
PARENT = "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"
values = st.one_of(
    st.text(max_size=200),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.lists(st.text(max_size=5), max_size=3),
)


def _spans(attributes: dict[str, object], description: str | None, *, child: bool) -> list[ReadableSpan]:
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("model-portfolio")
    for kind in SpanKind:
        context = context_of(PARENT if child else None)
        span = tracer.start_span(f"process {kind.name}", context=context, kind=kind, attributes=attributes)
        if description is not None:
            span.set_status(Status(StatusCode.ERROR, description))
            span.add_event("exception", {"exception.type": "ValueError", "n": 3})
        span.end()
    return list(memory.get_finished_spans())


def _read(data: bytes) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    message.ParseFromString(data)
    return message


@given(
    attributes=st.dictionaries(st.text(min_size=1, max_size=150), values, max_size=6),
    description=st.none() | st.text(max_size=200),
    child=st.booleans(),
)
def test_reads_as_the_library_writes_it(attributes: dict[str, object], description: str | None, child: bool) -> None:
    spans = _spans(attributes, description, child=child)
    assert _read(encode(spans, RESOURCE, "model-portfolio")) == encode_spans(spans)
