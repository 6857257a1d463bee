"""All services in this process, in an event loop of a thread of their own."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
import uvloop

from infra.local.parts import Addresses
from infra.local.processes import HOST
from infra.local.services import AllServices, build_all
from pipeline.requests import Requests
from pipeline.spans import Collector
from schemas.portfolio import Portfolio

T = TypeVar("T")
START_S = 120.0


class Background:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="services", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], within_s: float = START_S) -> T:
        """Do this over there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within_s)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Services:
    """All services of a portfolio, started and stopped as one."""

    def __init__(
        self, background: Background, portfolio: Portfolio, addresses: Addresses, ports: tuple[int, int]
    ) -> None:
        self._background = background
        self._portfolio = portfolio
        self._addresses = addresses
        self._ports = ports
        self.gateway, self.ledger = (f"http://{HOST}:{port}" for port in ports)
        self._running: AllServices | None = None

    @property
    def health(self) -> str:
        """Where they tell of themselves."""
        assert self._running is not None
        return self._running.health.url

    def start(self) -> None:
        """Start them, and wait until every provider's worker is ready."""
        self._background.run(self._start())

    def stop(self) -> None:
        """Stop them in good order. Harmless when they are not running."""
        if self._running is not None:
            running, self._running = self._running, None
            self._background.run(running.stop())

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stopped in good order within the block, and started again after it."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    async def _start(self) -> None:
        services = self._running = build_all(self._portfolio, self._addresses, *self._ports)
        await services.start()


@dataclass(frozen=True, slots=True)
class Pipeline(Requests):
    """The running stack, as tests see it."""

    services: Services
    collector: Collector
    gateway: str
    bootstrap: str
    prefix: str


async def new_database(admin: str, name: str) -> str:
    """Make a database on the server of this DSN; the DSN of the new one."""
    connection = await asyncpg.connect(admin)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return f"{admin.rpartition('/')[0]}/{name}"
