"""What a service does by the clock, beside what it hears: it may not die unseen."""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

from infra.telemetry.told_error import told

log = logging.getLogger(__name__)


def begin(loop: Coroutine[Any, Any, None], broken: asyncio.Event, service: str) -> asyncio.Task[None]:
    """Run a loop that ends by cancellation; ended by an error it breaks its service, which is then started again."""
    task = asyncio.create_task(loop)
    task.add_done_callback(partial(_ended, broken, service))
    return task


def _ended(broken: asyncio.Event, service: str, task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a loop of %s broke: %s", service, told(error))
        broken.set()
