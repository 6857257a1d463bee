"""Run one service: logging, signals, start, wait, stop. What every ``__main__.py`` calls."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Protocol

import uvloop
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from infra.log_config import LogConfig
from infra.logs import set_up_logging
from infra.metrics.config import HealthConfig
from infra.metrics.health import Health
from infra.metrics.server import HealthServer
from infra.mounted_secrets import take_mounted_secrets
from infra.open_files import allow_many_open_files
from infra.readiness import shown_ready
from infra.telemetry.config import MetricPushConfig
from infra.telemetry.metric_push import MetricPush
from infra.unknown_settings import unknown_settings
from infra.wrong_settings import WrongSetting, wrong_settings

log = logging.getLogger(__name__)
WRONG_USAGE = 2
COLLECT_AFTER = (50_000, 20, 50)
"""More objects made than freed before the youngest, the middle and the oldest generation are looked at."""


class Runs(Protocol):
    """What can be run. ``broken`` is set when it cannot go on by itself."""

    broken: asyncio.Event

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


class App(Runs, Protocol):
    """A service, put together."""

    health: Health


class Alone:
    """A service that has its process to itself, and can be asked how it is from before its start until its end."""

    def __init__(self, app: App, config: HealthConfig, push: MetricPushConfig) -> None:
        self._app = app
        self._server = HealthServer(config, [app.health])
        self._push = MetricPush(push, [app.health])
        self.broken = app.broken

    async def start(self) -> None:
        """Raises :class:`~infra.metrics.server.HealthPortTaken`, and what the service's own start raises."""
        await self._server.start()
        await self._push.start()
        await self._app.start()
        self._app.health.started()

    async def stop(self) -> None:
        self._app.health.stopping()
        await self._app.stop()
        await self._push.stop()
        await self._server.stop()


def run(build: Callable[[], Awaitable[App]]) -> int:
    """Run one service in this process, as :func:`run_until_told` does."""

    async def alone() -> Alone:
        return Alone(await build(), HealthConfig(), MetricPushConfig())

    return run_until_told(alone)


def run_until_told(build: Callable[[], Awaitable[Runs]]) -> int:
    """Build and run until SIGINT or SIGTERM; the process's exit code, 1 when the app broke, 2 for settings."""
    try:
        set_up_logging(LogConfig().level, LogConfig().format)
        allow_many_open_files()
        take_mounted_secrets()
        return uvloop.run(_until_told(build))
    except ValidationError as error:
        if not (told := wrong_settings(error)):
            raise
        return _refused("; ".join(told))
    except (WrongSetting, SettingsError) as error:
        return _refused(str(error))


def _refused(told: str) -> int:
    """Without a traceback, which would hold the settings' values."""
    log.error("wrong settings: %s", told)
    return WRONG_USAGE


def spare_the_collector() -> None:
    """Let Python's cycle collector run rarely, and never over what stands since the start.

    An event's objects are freed by their counts; at a thousand requests a second the collector would walk all of
    the process's objects many times a second to find nothing. What cycles there are (exceptions, tasks) still go.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


async def _until_told(build: Callable[[], Awaitable[Runs]]) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    app = await build()
    for said in unknown_settings(os.environ, BaseSettings.__subclasses__()):
        log.warning(said)
    starting = asyncio.create_task(app.start())
    ends = [asyncio.create_task(event.wait()) for event in (told, app.broken)]
    try:
        await asyncio.wait([starting, *ends], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            spare_the_collector()
            with shown_ready():
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await app.stop()
        for task in ends:
            task.cancel()
    return 1 if app.broken.is_set() else 0
