"""Where the services' spans go, and how a test reads them: real Jaeger, or an OTLP receiver of the tests' own."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from infra.local.jaeger import EmbeddedJaeger
from infra.local.processes import HOST, free_port


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


class Receiver:
    """An OTLP receiver over HTTP with protobuf bodies, in memory."""

    def __init__(self) -> None:
        self._spans: dict[str, list[Span]] = defaultdict(list)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self.otlp = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="otlp", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def spans(self, trace_id: str) -> list[Span]:
        with self._lock:
            return list(self._spans[trace_id])

    def forget(self) -> None:
        """Let go of all spans."""
        with self._lock:
            self._spans.clear()

    def take(self, posted: ExportTraceServiceRequest) -> None:
        """Keep what a service sent."""
        for resource in posted.resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                told = Span(span.span_id.hex(), span.parent_span_id.hex(), named["service.name"], span.name)
                with self._lock:
                    self._spans[span.trace_id.hex()].append(told)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.take(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200 if self.path == "/v1/traces" else 404)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


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
