"""Where the services' spans go, and how a test reads them: real Jaeger, or an OTLP receiver of the tests' own."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from own_ports import free_port

from infra.local.jaeger import EmbeddedJaeger
from tests.otlp_server import OtlpServer


@dataclass(frozen=True, slots=True)
class Span:
    """A span. ``parent_id`` is empty for the first of a trace."""

    span_id: str
    parent_id: str
    service: str
    name: str


class Collector(Protocol):
    """Takes spans at ``otlp`` (the root of an OTLP receiver) and gives those of a trace back."""

    otlp: str

    def spans(self, trace_id: str) -> list[Span]: ...

    def text(self, trace_id: str) -> str:
        """All that is told of a trace so far, attributes and events included."""
        ...


class Jaeger:
    """The spans that a Jaeger holds, by its query API."""

    def __init__(self, server: EmbeddedJaeger) -> None:
        self.otlp = server.address
        self._api = httpx.Client(base_url=server.query_address, trust_env=False, timeout=10)

    def spans(self, trace_id: str) -> list[Span]:
        answer = self._api.get(f"/api/traces/{trace_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        [trace] = answer.raise_for_status().json()["data"]
        processes = trace["processes"]
        return [
            Span(
                span_id=span["spanID"],
                parent_id=next((ref["spanID"] for ref in span["references"] if ref["refType"] == "CHILD_OF"), ""),
                service=processes[span["processID"]]["serviceName"],
                name=span["operationName"],
            )
            for span in trace["spans"]
        ]

    def text(self, trace_id: str) -> str:
        answer = self._api.get(f"/api/traces/{trace_id}")
        return "" if answer.status_code == httpx.codes.NOT_FOUND else answer.raise_for_status().text


class Receiver:
    """An OTLP receiver over HTTP with protobuf bodies, in memory."""

    def __init__(self) -> None:
        self._spans: dict[str, list[Span]] = defaultdict(list)
        self._texts: dict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._server = OtlpServer(self._posted, ExportTraceServiceResponse().SerializeToString())
        self.otlp = self._server.root

    def close(self) -> None:
        self._server.close()

    def spans(self, trace_id: str) -> list[Span]:
        with self._lock:
            return list(self._spans[trace_id])

    def text(self, trace_id: str) -> str:
        with self._lock:
            return "".join(self._texts[trace_id])

    def forget(self) -> None:
        """Let go of all spans."""
        with self._lock:
            self._spans.clear()
            self._texts.clear()

    def take(self, posted: ExportTraceServiceRequest) -> None:
        """Keep what a service sent."""
        for resource in posted.resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                told = Span(span.span_id.hex(), span.parent_span_id.hex(), named["service.name"], span.name)
                with self._lock:
                    self._spans[span.trace_id.hex()].append(told)
                    self._texts[span.trace_id.hex()].append(str(span))

    def _posted(self, path: str, _: str, body: bytes) -> int:
        self.take(ExportTraceServiceRequest.FromString(body))
        return 200 if path == "/v1/traces" else 404


@contextmanager
def jaeger(folder: Path) -> Iterator[Collector]:
    """A real Jaeger. Raises ``JaegerNotBuilt``."""
    with EmbeddedJaeger(folder, free_port(), free_port()) as server:
        yield Jaeger(server)


@contextmanager
def receiver() -> Iterator[Collector]:
    """A receiver in this process."""
    taking = Receiver()
    yield taking
    taking.close()
