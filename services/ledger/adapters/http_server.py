"""Uvicorn, on the event loop that runs already. Signals are left to whoever runs the process."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

STOP_GRACE_S = 5


class PortTaken(OSError):
    """The address cannot be listened on; the message says which setting moves it."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class HttpServer:
    """Serves an app at an address until stopped. ``url`` is known once it is started, with the port really taken."""

    def __init__(self, app: ASGIApp, host: str, port: int) -> None:
        settings = uvicorn.Config(
            app, access_log=False, log_config=None, lifespan="off", timeout_graceful_shutdown=STOP_GRACE_S
        )
        self._host = host
        self._port = port
        self._server = _Server(settings)
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen, and serve from now on. Raises :class:`PortTaken`."""
        listener = self._listener()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{listener.getsockname()[1]}"
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def stop(self) -> None:
        """Finish the answers at hand, within a grace."""
        if self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        self._serving = None

    def _listener(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            told = f"cannot listen on {self._host}:{self._port} ({error.strerror}): set LEDGER_HOST or LEDGER_PORT"
            raise PortTaken(error.errno, told) from None
