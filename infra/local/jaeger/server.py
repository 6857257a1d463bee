"""Runs the Jaeger that `build.py` built."""

import json
from pathlib import Path
from typing import Any

from infra.local.jaeger.build import JaegerNotBuilt, jaeger_binary
from infra.local.part import EmbeddedPart
from infra.local.processes import HOST, Program, http_ok

STORE = "memory"


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
        self._config = self.log.with_suffix(".json")

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
        self._config.parent.mkdir(parents=True, exist_ok=True)
        self._config.write_text(json.dumps(self._configuration(), indent=1))  # JSON is YAML
        return Program(
            name="Jaeger",
            argv=(str(binary), f"--config=file:{self._config}"),
            log=self.log,
            ports=(self.otlp_port, self.query_port),
            stop_grace_s=5,
        )

    def _configuration(self) -> dict[str, Any]:
        """What its own configuration of all in one holds, without the ways in that nobody uses."""
        query = {
            "storage": {"traces": STORE},
            "http": {"endpoint": f"{HOST}:{self.query_port}"},
            "grpc": {"endpoint": f"{HOST}:0"},  # it opens one all the same: nobody asks it, so any port will do
            "enable_tracing": False,  # its spans of its own would go to whatever listens on 4317
        }
        return {
            "extensions": {
                "jaeger_storage": {"backends": {STORE: {"memory": {"max_traces": self._max_traces}}}},
                "jaeger_query": query,
            },
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{HOST}:{self.otlp_port}"}}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": STORE}},
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
                "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
            },
        }

    def _answers(self) -> bool:
        return http_ok(self.query_port, "/api/services")
