"""Runs the Jaeger that `build.py` built."""

from pathlib import Path
from typing import Final

from infra.local.jaeger.build import JaegerNotBuilt, jaeger_binary
from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, Program, http_ok

# What all-in-one opens besides OTLP over HTTP and the query API, on all interfaces unless told otherwise.
# Nobody asks these, so any port of the loopback address will do.
UNUSED_LISTENERS: Final = (
    "admin.http.host-port",
    "collector.grpc-server.host-port",
    "collector.http-server.host-port",
    "collector.otlp.grpc.host-port",
    "http-server.host-port",
    "processor.jaeger-binary.server-host-port",
    "processor.jaeger-compact.server-host-port",
    "processor.zipkin-compact.server-host-port",
    "query.grpc-server.host-port",
)


class EmbeddedJaeger(EmbeddedPart):
    """One Jaeger that keeps the newest `max_traces` traces in memory (some 30 kB each) and forgets them when stopped.

    `address` is where spans go (what OTEL_EXPORTER_OTLP_ENDPOINT would hold, without `/v1/traces`); `query_address`
    is where traces are read: `GET {query_address}/api/traces/{trace id}`. `start` raises `JaegerNotBuilt`.
    """

    def __init__(self, log_dir: Path, otlp_port: int, query_port: int, max_traces: int = 10_000) -> None:
        super().__init__()
        self.otlp_port, self.query_port = otlp_port, query_port
        self._max_traces = max_traces
        self.log = log_dir.absolute() / "jaeger.log"

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.otlp_port}"

    @property
    def query_address(self) -> str:
        return f"http://{HOST}:{self.query_port}"

    def _prepare(self) -> Program:
        binary = jaeger_binary()
        if binary is None:
            raise JaegerNotBuilt
        listeners = dict.fromkeys(UNUSED_LISTENERS, 0) | {
            "collector.otlp.http.host-port": self.otlp_port,
            "query.http-server.host-port": self.query_port,
        }
        return Program(
            name="Jaeger",
            argv=(
                str(binary),
                *(f"--{name}={HOST}:{port}" for name, port in listeners.items()),
                f"--memory.max-traces={self._max_traces}",
                "--collector.queue-size=50000",  # spans that wait to be stored; 2000 drops some under load
                "--log-level=warn",
            ),
            log=self.log,
            ports=(self.otlp_port, self.query_port),
            # Its spans of its own would go to whatever listens on 4317.
            env={"SPAN_STORAGE_TYPE": "memory", "OTEL_TRACES_SAMPLER": "always_off"},
            stop_grace_s=5,
        )

    def _answers(self) -> bool:
        return http_ok(self.query_port, "/api/services")
