"""SQLAlchemy's engine on the same connections as everything else: asyncpg reads the whole address, TLS included."""

from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


def engine_of(dsn: str, **options: Any) -> AsyncEngine:
    """An engine for this address. SQLAlchemy's own form of it does not know ``sslmode`` and its like."""
    return create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), **options)
