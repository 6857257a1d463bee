"""One question to PostgreSQL that a client waits for: answered soon, or refused."""

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
        return await database.within(within_s, work)
    except Exception as error:
        if is_database_error(error):
            raise away() from None
        raise


class AskedInTime:
    """What a store that clients wait for begins with. ``away`` makes what its calls raise when nothing answers."""

    def __init__(self, database: Database, away: Callable[[], Refused]) -> None:
        self._database = database
        self._away = away

    async def _soon(self, work: Callable[[Any], Awaitable[T]]) -> T:
        return await in_time(self._database, work, self._away)
