"""As many clients may come at once as the system lets wait, and a server says so where these are few."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from infra import accept_queue
from infra.accept_queue import LONGEST, SOMAXCONN, tell_of_short_queue
from infra.http_server import HttpServer

TCP_INFO_BYTES, MOST_WAITING_AT = 32, 28
"""Of a listening socket ``tcpi_sacked`` is how many connections may wait to be taken."""


@pytest.mark.skipif(not SOMAXCONN.exists(), reason="Linux alone tells it")
def test_clients_wait_in_the_longest_queue_that_the_system_allows() -> None:
    assert asyncio.run(most_waiting()) == min(LONGEST, int(SOMAXCONN.read_text()))


async def most_waiting() -> int:
    """At a server of ours that serves."""
    server = HttpServer(fails, "127.0.0.1", 0, prefix="GATEWAY", grace_s=0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
    writer.write(b"GET / HTTP/1.1\r\nconnection: close\r\nhost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 500"), "it is served now"
    writer.close()
    (serving,) = server._server.servers
    told = serving.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    await server.stop()
    return int.from_bytes(told[MOST_WAITING_AT:TCP_INFO_BYTES], "little")


async def fails(scope: object, receive: object, send: object) -> None:
    """An app that never answers."""


@pytest.mark.parametrize(("allowed", "warned"), [("128\n", True), ("4096\n", False), (None, False)])
def test_a_queue_that_the_system_keeps_short_is_told(
    allowed: str | None,
    warned: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = tmp_path / "somaxconn"
    if allowed is not None:
        told.write_text(allowed)
    monkeypatch.setattr(accept_queue, "SOMAXCONN", told)
    with caplog.at_level(logging.WARNING):
        tell_of_short_queue()

    assert [each.getMessage() for each in caplog.records] == (
        ["at most 128 clients that come at once are let wait: raise net.core.somaxconn to 4096"] if warned else []
    )
