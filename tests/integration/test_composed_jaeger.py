"""Jaeger 2 with what docker-compose.yml tells it, at other ports: a word that it does not know ends its start."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from compose_file import ROOT
from jaeger_at_work import built, export, span
from own_ports import free_port
from ruamel.yaml import YAML

from infra.local.jaeger import EmbeddedJaeger, jaeger_binary
from infra.local.processes import HOST, Program, http_ok
from services.console.adapters.http_api import HttpApi
from services.console.adapters.jaeger import Jaeger
from services.console.domain.waterfall import Span

CONTAINER = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]["jaeger"]


class Composed(EmbeddedJaeger):
    """On its own configuration of all in one, which the official image has, too, and with the container's command."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port(), free_port())
        self.health_port = free_port()

    def _elsewhere(self) -> dict[str, str]:
        """Other ports than the usual, and only the ways in that the compose file opens."""
        return {
            "receivers.otlp.protocols.http.endpoint": f"{HOST}:{self.otlp_port}",
            "receivers.otlp.protocols.grpc.endpoint": f"{HOST}:0",
            "extensions.jaeger_query.http.endpoint": f"{HOST}:{self.query_port}",
            "extensions.jaeger_query.grpc.endpoint": f"{HOST}:0",
            "extensions.healthcheckv2.http.endpoint": f"{HOST}:{self.health_port}",
            "service.extensions": "[jaeger_storage, jaeger_query, healthcheckv2]",
            "service.pipelines.traces.receivers": "[otlp]",
            "service.telemetry.metrics.level": "none",
        }

    def _prepare(self) -> Program:
        [mount] = CONTAINER["volumes"]
        here, there, _ = mount.split(":")
        told = [word.replace(there, str(ROOT / here)) for word in CONTAINER["command"]]
        elsewhere = [f"--set={name}={value}" for name, value in self._elsewhere().items()]
        return Program("Jaeger", (str(jaeger_binary()), *told, *elsewhere), self.log)

    def _answers(self) -> bool:
        """As the container's health command asks."""
        path = CONTAINER["healthcheck"]["test"][-1].removeprefix("http://127.0.0.1:13133")
        return http_ok(self.health_port, path)


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    with Composed(tmp_path_factory.mktemp("composed-jaeger")) as server:
        yield server


@built
async def test_the_console_reads_a_trace_of_it(jaeger: Composed) -> None:
    trace_id = secrets.token_hex(16)
    root = span(trace_id, "publish request.submitted")
    export(jaeger, "gateway", root)
    export(jaeger, "profiler", span(trace_id, "process request.submitted", parent=root["spanId"]))
    reader = Jaeger(HttpApi("Jaeger", jaeger.query_address, remedy="look at its log", timeout_s=5))
    spans: dict[str, Span] = {}
    async with asyncio.timeout(60):
        while len(spans) < 2:  # each export is written down by itself
            spans = {each.name: each for each in await reader.trace(trace_id, patience_s=20)}
    assert spans["process request.submitted"].parent_id == spans["publish request.submitted"].span_id
    assert spans["process request.submitted"].service == "profiler"
