"""The health server, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from infra.metrics import health
from infra.metrics.config import HealthConfig
from infra.metrics.health import Health
from infra.metrics.server import HealthPortTaken, HealthServer


@pytest.fixture
def service() -> Health:
    return Health("router")


@pytest.fixture
async def server(service: Health) -> AsyncIterator[HealthServer]:
    server = HealthServer(HealthConfig(port=0), [service])
    await server.start()
    yield server
    await server.stop()


async def ask(server: HealthServer, sent: bytes) -> tuple[bytes, bytes]:
    """The head and the body of what comes back until the connection ends."""
    at = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(sent)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head, body


async def get(server: HealthServer, path: str) -> tuple[bytes, bytes]:
    return await ask(server, f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())


async def test_it_lives_before_it_is_ready_and_says_what_it_waits_for(server: HealthServer, service: Health) -> None:
    assert (await get(server, "/live"))[0].startswith(b"HTTP/1.1 200 ")
    head, body = await get(server, "/ready")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body) == {"status": "not ready", "waits_for": {"router": ["to be started"]}}

    service.started()
    head, body = await get(server, "/ready?probe")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert json.loads(body) == {"status": "ready", "waits_for": {}}


async def test_what_cannot_be_ended_holds_up_no_answer(
    server: HealthServer, service: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question to a database that stands still ends only with an answer of that database, however it is cancelled."""
    monkeypatch.setattr(health, "CHECK_S", 0.05)
    back, asked = asyncio.Event(), list[str]()

    async def stands_still() -> None:
        asked.append("again")
        while not back.is_set():
            with suppress(asyncio.CancelledError):
                await back.wait()

    service.started()
    service.check("the database", stands_still)
    service.before_scrape(stands_still)
    for _ in range(2):
        head, body = await asyncio.wait_for(get(server, "/ready"), 5)
        assert head.startswith(b"HTTP/1.1 503 ")
        assert json.loads(body)["waits_for"] == {"router": ["the database does not answer within 0.05 s"]}
        assert (await asyncio.wait_for(get(server, "/metrics"), 5))[0].startswith(b"HTTP/1.1 200 ")
    assert asked == ["again"] * 2, "a question is not asked once more before it is answered"

    back.set()
    assert (await get(server, "/ready"))[0].startswith(b"HTTP/1.1 200 ")


async def test_an_answer_that_came_when_nobody_waited_is_not_told_later(
    service: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_S", 0.05)
    back, answered, found = asyncio.Event(), asyncio.Event(), ["it was away", None]

    async def is_slow_once() -> str | None:
        await back.wait()
        asyncio.get_running_loop().call_soon(answered.set)
        return found.pop(0)

    service.started()
    service.check("the database", is_slow_once)
    assert await service.unready() == ["the database does not answer within 0.05 s"]
    back.set()
    await asyncio.wait_for(answered.wait(), 5)
    assert await service.unready() == []


async def test_metrics_are_in_prometheus_format(server: HealthServer) -> None:
    head, body = await get(server, "/metrics")

    assert b"content-type: text/plain; version=0.0.4" in head
    assert f"content-length: {len(body)}".encode() in head
    assert b'portfolio_started{service="router"} 0.0\n' in body


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /requests HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /ready HTTP/1.1\r\n\r\n", b"405"),
        (b"\xff\x00\r\n\r\n", b"405"),
        (b"GET\r\n\r\n", b"404"),
    ],
)
async def test_other_questions_are_answered_no(server: HealthServer, sent: bytes, status: bytes) -> None:
    assert (await ask(server, sent))[0].split(b" ")[1] == status


async def test_who_asks_too_much_or_nothing_is_hung_up_on(server: HealthServer, monkeypatch) -> None:
    monkeypatch.setattr("infra.metrics.server.PATIENCE_S", 0.05)
    assert await ask(server, b"GET /live HTTP/1.1\r\nx: " + b"x" * 70_000) == (b"", b"")
    assert await ask(server, b"GET /live") == (b"", b"")

    assert (await get(server, "/live"))[0].startswith(b"HTTP/1.1 200 ")


async def test_a_port_that_is_taken_is_told_with_the_settings_that_move_it(server: HealthServer) -> None:
    port = urlsplit(server.url).port
    with pytest.raises(HealthPortTaken, match="set HEALTH_HOST and HEALTH_PORT"):
        await HealthServer(HealthConfig(port=port), []).start()
