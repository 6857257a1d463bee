"""Bring a service's own schema up to date, safely when several processes start at once.

Each service has a database schema of its own name, and its Alembic revisions in ``adapters/migrations``.
"""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

SCRIPTS = Path(__file__).parent / "alembic"
LOCK_ID = 0x6D6F64656C  # "model": any constant of our own will do


def async_url(dsn: str) -> str:
    """The address in SQLAlchemy's form, with asyncpg as the driver."""
    return "postgresql+asyncpg://" + dsn.split("://", 1)[1]


def alembic_config(service: str) -> Config:
    """Alembic's settings for one service."""
    package = import_module(f"services.{service}.adapters.migrations")
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("version_locations", str(Path(str(package.__file__)).parent))
    config.set_main_option("path_separator", "newline")
    config.attributes["schema"] = service
    return config


async def migrate(dsn: str, service: str) -> None:
    """Create the service's schema and run every revision that it lacks, under an advisory lock."""
    engine = create_async_engine(async_url(dsn), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_ID})"))
    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service}"'))
    config = alembic_config(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
