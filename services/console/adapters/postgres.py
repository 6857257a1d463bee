"""What an operator's doctor asks the database."""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from services.console.domain.failures import CannotReach

MIGRATED = "SELECT schemaname FROM pg_tables WHERE tablename = 'alembic_version'"
NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"


@dataclass(frozen=True, slots=True)
class Looked:
    """Schemas that were migrated, and how far our clock is before the database's."""

    migrated: frozenset[str]
    skew_s: float


async def look(dsn: str, timeout_s: float) -> Looked:
    """Raises :class:`CannotReach`, which says nothing of the address: it may hold a password."""
    try:
        async with asyncio.timeout(timeout_s):
            connection = await asyncpg.connect(dsn)
            try:
                rows = await connection.fetch(MIGRATED)
                before, its, after = time.time(), await connection.fetchval(NOW), time.time()
            finally:
                await connection.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise CannotReach(f"the database at DATABASE_URL does not answer ({type(error).__name__})") from error
    return Looked(frozenset(row["schemaname"] for row in rows), (before + after) / 2 - its)
