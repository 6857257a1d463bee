"""Uvicorn inside a running event loop. Signals are left to whoever runs the process."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

import uvicorn
from starlette.types import ASGIApp

KEEP_ALIVE_S = 75
"""Longer than clients keep an idle connection, so that they close it, and never send into a closing one."""
LAST_WORDS_S = 5
"""For replies that are on their way when the grace is over."""
BACKLOG = 2_048


class PortTaken(Exception):
    """The address cannot be listened on."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One app on one address. ``url`` is known once it is started; ``grace_s``: for replies when it stops."""

    def __init__(self, app: ASGIApp, host: str, port: int, grace_s: float) -> None:
        self._host = host
        self._port = port
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                ws="none",
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=ceil(grace_s + LAST_WORDS_S),
            )
        )
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self) -> None:
        """Listen. Raises :class:`PortTaken`."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            listener = socket.create_server((self._host, self._port), family=family, backlog=BACKLOG)
        except OSError as error:
            where = f"{self._host}:{self._port}"
            raise PortTaken(f"cannot listen on {where} ({error.strerror}): set GATEWAY_HOST and GATEWAY_PORT") from None
        host = f"[{self._host}]" if family is socket.AF_INET6 else self._host
        self.url = f"http://{host}:{listener.getsockname()[1]}"
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def stop(self) -> None:
        """Take no new connection, let replies go out, close."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
