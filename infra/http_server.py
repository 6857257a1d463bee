"""Uvicorn inside a running event loop. Signals are left to whoever runs the process."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import uvicorn
from starlette.types import ASGIApp

from infra.accept_queue import LONGEST, tell_of_short_queue
from infra.bounded_head import BoundedHead
from infra.wrong_settings import WrongSetting

KEEP_ALIVE_S = 75
"""Longer than clients keep an idle connection, so that they close it, and never send into a closing one."""

LAST_WORDS_S = 5
"""For replies that are on their way when the grace is over."""


class PortTaken(OSError, WrongSetting):
    """The address cannot be listened on; the message says which settings move it."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One app on one address. ``prefix`` is that of its settings; ``grace_s`` is for replies when it stops.

    ``url`` is known once it is started, with the port that was really taken.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, *, prefix: str, grace_s: float) -> None:
        self._host = host
        self._port = port
        self._prefix = prefix
        self._server = _Server(
            uvicorn.Config(
                app,
                http=BoundedHead,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws="none",
                backlog=LONGEST,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=ceil(grace_s + LAST_WORDS_S),
            )
        )
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen, and serve from now on. Raises :class:`PortTaken`."""
        tell_of_short_queue()
        listener = self._listener()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{host}:{listener.getsockname()[1]}"
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def stop(self) -> None:
        """Take no new connection, let replies go out, close."""
        if self._serving is None:
            return
        self._server.should_exit = True
        await self._serving
        self._serving = None

    def _listener(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=LONGEST)
        except OSError as error:
            settings = f"{self._prefix}_HOST and {self._prefix}_PORT"
            told = f"cannot listen on {self._host}:{self._port} ({error.strerror}): set {settings}"
            raise PortTaken(error.errno, told) from None
