"""One question to PostgreSQL that a client waits for: answered soon, or refused."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from infra.store.database import Database
from infra.store.faults import is_database_error
from services.gateway.domain.problems import Refused

T = TypeVar("T")
PATIENCE_S = 3.0


async def in_time(
    database: Database, work: Callable[[Any], Awaitable[T]], away: Callable[[], Refused], within_s: float = PATIENCE_S
) -> T:
    """What ``work`` finds on a connection. Raises what ``away`` makes when the database does not answer in time."""
    try:
        async with asyncio.timeout(within_s) as limit, database.pool.acquire() as connection:
            try:
                return await work(connection)
            except asyncio.CancelledError:
                if limit.expired():
                    connection.terminate()  # to give it back would wait for a database that does not answer
                raise
    except Exception as error:
        if is_database_error(error):
            raise away() from None
        raise
