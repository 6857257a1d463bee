"""OTLP over TLS, by its variables alone; and nobody is talked to who cannot prove himself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tls import Authority

from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry


@pytest.fixture(scope="module")
def authority(scratch: Path) -> Authority:
    return Authority(scratch / "authority")


@pytest.fixture(scope="module")
def stranger(scratch: Path) -> Authority:
    """One that signed nothing here."""
    return Authority(scratch / "stranger")


@pytest.fixture
async def collector(authority: Authority) -> AsyncIterator[tuple[str, list[str]]]:
    """An OTLP receiver over TLS: its address, and the authorizations of what it took."""
    taken: list[str] = []

    async def take(request: web.Request) -> web.Response:
        await request.read()
        taken.append(request.headers.get("authorization", ""))
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=authority.context())
    yield str(server.make_url("")).rstrip("/"), taken
    await server.close()


@pytest.mark.parametrize("known", [True, False], ids=["known", "stranger"])
async def test_spans_go_over_tls_to_whom_the_authority_knows_and_to_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
    collector: tuple[str, list[str]],
    authority: Authority,
    stranger: Authority,
    known: bool,
) -> None:
    address, taken = collector
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str((stranger if known else authority).file))  # for other traffic
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", str((authority if known else stranger).file))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20key")
    telemetry = Telemetry(TelemetryConfig(otel_exporter_otlp_endpoint=address, otel_shutdown_s=3), "test")
    telemetry.tracer.start_span("a span").end()
    await asyncio.to_thread(telemetry.close)
    assert taken == (["Bearer key"] if known else [])
    assert telemetry.spans_lost == (0 if known else 1)
