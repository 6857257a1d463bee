"""Run one service: logging, signals, start, wait, stop. What every ``__main__.py`` calls."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Protocol

import uvloop

from infra.readiness import shown_ready


class App(Protocol):
    """A service, put together. ``broken`` is set when it cannot go on by itself."""

    broken: asyncio.Event

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


def set_up_logging(level: str = "INFO") -> None:
    """One line a record on standard error; the client libraries only from warnings on."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("aiokafka", "httpx", "uvicorn.access", "uvicorn.error", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Our own exporter says once what these would say at every post; aiokafka retries what it calls errors.
    for noisier in ("opentelemetry.exporter", "opentelemetry.sdk", "aiokafka.consumer", "aiokafka.client"):
        logging.getLogger(noisier).setLevel(logging.CRITICAL)


def run(build: Callable[[], Awaitable[App]]) -> int:
    """Build and run an app until SIGINT or SIGTERM; the process's exit code, 1 when the app broke."""
    set_up_logging()
    return uvloop.run(_until_told(build))


async def _until_told(build: Callable[[], Awaitable[App]]) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    app = await build()
    starting = asyncio.create_task(app.start())
    ends = [asyncio.create_task(event.wait()) for event in (told, app.broken)]
    try:
        await asyncio.wait([starting, *ends], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            with shown_ready():
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await app.stop()
        for task in ends:
            task.cancel()
    return 1 if app.broken.is_set() else 0
