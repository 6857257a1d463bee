"""``/live``, ``/ready`` and ``/metrics`` of one process: three answers to GET, and no server library for them.

It is asked every few seconds by machines that are near. Each connection gets one answer.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from http import HTTPStatus

from infra.metrics.config import HealthConfig
from infra.metrics.exposition import CONTENT_TYPE, Exposition
from infra.metrics.health import Health
from infra.wrong_settings import WrongSetting

log = logging.getLogger(__name__)
HEAD_BYTES = 8_192
PATIENCE_S = 5.0
JSON = "application/json"
Answer = tuple[HTTPStatus, str, bytes]


class HealthPortTaken(OSError, WrongSetting):
    """The address cannot be listened on; the message says which settings move it."""


class HealthServer:
    """Answers for these services, which share the process. ``url`` is known once it is started."""

    def __init__(self, config: HealthConfig, services: Sequence[Health]) -> None:
        self._config = config
        self._services = services
        self._exposition = Exposition(services)
        self._server: asyncio.Server | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen. Raises :class:`HealthPortTaken`."""
        host, port = self._config.host, self._config.port
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=HEAD_BYTES)
        except OSError as error:
            told = f"cannot listen on {host}:{port} ({error.strerror}): set HEALTH_HOST and HEALTH_PORT"
            raise HealthPortTaken(error.errno, told) from None
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._server.sockets[0].getsockname()[1]}"
        log.info("health and metrics at %s", self.url)

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_reply(*await self._answer(head)))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("a client of the health server did not ask, or did not listen")
        finally:
            writer.close()

    async def _answer(self, head: bytes) -> Answer:
        method, _, rest = head.split(b"\r\n", 1)[0].partition(b" ")
        if method not in (b"GET", b"HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, JSON, b""
        match rest.split(b" ")[0].split(b"?")[0]:
            case b"/live":
                return HTTPStatus.OK, JSON, b'{"status": "live"}\n'
            case b"/ready":
                return await self._ready()
            case b"/metrics":
                return HTTPStatus.OK, CONTENT_TYPE, await self._exposition.text()
            case _:
                return HTTPStatus.NOT_FOUND, JSON, b'{"paths": ["/live", "/ready", "/metrics"]}\n'

    async def _ready(self) -> Answer:
        found = await asyncio.gather(*(service.unready() for service in self._services))
        waits = {service.name: why for service, why in zip(self._services, found, strict=True) if why}
        told = {"status": "not ready" if waits else "ready", "waits_for": waits}
        status = HTTPStatus.SERVICE_UNAVAILABLE if waits else HTTPStatus.OK
        return status, JSON, json.dumps(told).encode() + b"\n"


def _reply(status: HTTPStatus, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode() + body
