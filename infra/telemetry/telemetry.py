"""The tracer of one service, and its exporter. Built by ``app.py``; nothing global is touched."""

import logging
from collections.abc import Callable, Sequence
from typing import cast

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer

from infra.metrics.health import Health
from infra.metrics.measure import counter, gauge
from infra.telemetry.collector_session import CollectorSession
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.lean_span import Emit, LeanSpans
from infra.telemetry.resource import resource_of
from infra.telemetry.wire import encode

log = logging.getLogger(__name__)
SPANS_A_POST = 2_048
SCOPE = "model-portfolio"


class LeanExporter(OTLPSpanExporter):
    """The library's exporter, with its transport, headers, TLS and retries, and our own encoding."""

    def __init__(self, resource: Resource, endpoint: str, timeout_s: float) -> None:
        super().__init__(endpoint=endpoint, timeout=timeout_s, session=CollectorSession())
        self._resource = resource

    def export(self, spans: Sequence[ReadableSpan | bytes]) -> SpanExportResult:
        if self._shutdown:
            return SpanExportResult.FAILURE
        sent = self._client.export(encode(spans, self._resource, SCOPE))
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE


class CountingExporter(SpanExporter):
    """Counts what was handed on and what got lost, since the batch processor drops silently."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self.exported = 0
        self.lost = 0
        self._taken = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        taken = result is SpanExportResult.SUCCESS
        self.exported += len(spans) if taken else 0
        self.lost += 0 if taken else len(spans)
        self._tell(taken)
        return result

    def _tell(self, taken: bool) -> None:
        # One line when the receiver goes away and one when it is back, instead of one a post.
        if taken != self._taken:
            self._taken = taken
            log.warning("the OTLP receiver takes spans again" if taken else "no OTLP receiver: spans are being lost")

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class FullQueue:
    """Counts what the batch processor drops when its queue is full: it tells its own metrics only, and this is one."""

    def __init__(self) -> None:
        self.dropped = 0
        self.size: Callable[[], int] = lambda: 0

    def register_queue_size(self, get_queue_size: Callable[[], int]) -> None:
        self.size = get_queue_size

    def drop_items(self, count: int, error_type: str = "queue_full") -> None:
        self.dropped += count

    def finish_items(self, count: int) -> None:
        """What is handed to the exporter is counted there."""


def _sent_nowhere(span: bytes) -> None:
    """Without a receiver spans are made, so that context goes on, and not kept."""


class Telemetry:
    """Spans of one service. ``service`` becomes ``service.name`` of the resource."""

    def __init__(self, config: TelemetryConfig, service: str) -> None:
        self._config = config
        resource = resource_of(service)
        self._provider = TracerProvider(resource=resource, span_limits=SpanLimits(), shutdown_on_exit=False)
        self._exporter: CountingExporter | None = None
        self._full = FullQueue()
        emit: Emit = _sent_nowhere
        if config.otel_exporter_otlp_endpoint:
            emit = self._export_to(config.otel_exporter_otlp_endpoint, resource)
        self.tracer: Tracer = self._provider.get_tracer(SCOPE)
        self.spans = LeanSpans(emit)

    def _export_to(self, endpoint: str, resource: Resource) -> Emit:
        inner = LeanExporter(resource, f"{endpoint.rstrip('/')}/v1/traces", self._config.otel_shutdown_s)
        self._exporter = CountingExporter(inner)
        processor = BatchSpanProcessor(
            self._exporter,
            max_queue_size=self._config.otel_queue_spans,
            schedule_delay_millis=self._config.otel_flush_ms,
            max_export_batch_size=SPANS_A_POST,
        )
        queue = processor._batch_processor
        queue._metrics = self._full
        self._full.register_queue_size(lambda: len(queue._queue))
        self._provider.add_span_processor(processor)
        return cast("Emit", queue.emit)  # its queue takes anything; the exporter encodes both forms

    @property
    def spans_lost(self) -> int:
        """Spans that no receiver took, or that found the queue full."""
        return sum(self._lost().values())

    def report(self, health: Health) -> None:
        """Tell where spans went."""
        health.measure(
            counter("portfolio_spans_sent_total", "Spans that the OTLP receiver took.", self._sent),
            counter("portfolio_spans_lost_total", "Spans that it did not.", self._lost, "why"),
            gauge("portfolio_spans_queued", "Spans that wait to be sent.", lambda: self._full.size()),
        )

    def _sent(self) -> float:
        return self._exporter.exported if self._exporter else 0

    def _lost(self) -> dict[str, int]:
        return {"not_taken": self._exporter.lost if self._exporter else 0, "queue_full": self._full.dropped}

    def close(self) -> None:
        """Send what is left and stop. Blocks for at most the configured time; call it off the event loop."""
        self._provider.force_flush(int(self._config.otel_shutdown_s * 1000))
        self._provider.shutdown()
        if self.spans_lost:
            log.warning("%d spans were lost: no OTLP receiver took them, or not fast enough", self.spans_lost)
