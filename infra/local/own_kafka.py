"""The Kafka that a command started itself: it is waited for longer than another's, and told of in other words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from infra.local.processes import PartError
from services.console.domain.failures import CannotReach

PATIENCE_S = 90.0
"""Kafka, PostgreSQL, a model and all services start on the same processors at the same time."""
REMEDY = "other work keeps this machine busy: end some of it, or wait for it, and run the command again"


class TooBusy(PartError):
    """What was started here runs, and is too slow."""


@asynccontextmanager
async def told_as_ours() -> AsyncIterator[None]:
    """Raises :class:`TooBusy` instead of ``CannotReach``, whose remedy is to start what has been started."""
    try:
        yield
    except CannotReach as failure:
        raise TooBusy(f"Kafka, started here, did not answer within {PATIENCE_S:g} s: {REMEDY}") from failure
