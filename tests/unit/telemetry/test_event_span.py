"""The bus's own span is, finished, what the SDK's would have been."""

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from infra.telemetry.config import TelemetryConfig
from infra.telemetry.context import context_of, span_context_of
from infra.telemetry.telemetry import Telemetry

PARENT = "00-" + "a1" * 16 + "-" + "b2" * 8 + "-01"
UNSAMPLED = PARENT[:-1] + "0"
ATTRIBUTES = {"messaging.system": "kafka", "messaging.kafka.offset": 3}


def _heard() -> tuple[Telemetry, InMemorySpanExporter]:
    telemetry, memory = Telemetry(TelemetryConfig(otel_exporter_otlp_endpoint=None), "router"), InMemorySpanExporter()
    telemetry._provider.add_span_processor(SimpleSpanProcessor(memory))
    return telemetry, memory


def test_it_is_what_the_sdks_span_is() -> None:
    telemetry, memory = _heard()
    telemetry.event_span("process x", span_context_of(PARENT), ATTRIBUTES, 1).end()
    context = context_of(PARENT)
    telemetry.tracer.start_span("process x", context, SpanKind.CONSUMER, ATTRIBUTES, start_time=1).end()

    ours, sdks = memory.get_finished_spans()
    for name in ("name", "kind", "parent", "start_time", "resource", "instrumentation_scope"):
        assert getattr(ours, name) == getattr(sdks, name), name
    assert dict(ours.attributes or {}) == dict(sdks.attributes or {})
    assert ours.status.status_code is sdks.status.status_code is StatusCode.UNSET
    assert ours.context is not None
    assert sdks.context is not None
    assert ours.context.trace_id == sdks.context.trace_id
    assert ours.context.span_id != sdks.context.span_id
    assert (ours.end_time or 0) > 1


def test_without_a_parent_it_is_the_root_of_a_new_trace() -> None:
    telemetry, memory = _heard()
    first, second = (telemetry.event_span("process x", None, {}, 1) for _ in range(2))
    first.end()
    [root] = memory.get_finished_spans()

    assert root.parent is None
    assert first.context.is_valid
    assert first.context.trace_id != second.context.trace_id


def test_what_its_parent_does_not_sample_is_not_sent_and_goes_on_unsampled() -> None:
    telemetry, memory = _heard()
    span = telemetry.event_span("process x", span_context_of(UNSAMPLED), {}, 1)
    span.end()

    assert not memory.get_finished_spans()
    assert not span.context.trace_flags.sampled


def test_a_failure_is_told_in_its_status() -> None:
    telemetry, memory = _heard()
    span = telemetry.event_span("process x", None, {}, 1)
    span.fail("ValueError")
    span.end()
    [told] = memory.get_finished_spans()

    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, "ValueError")
