"""Bring a service's own schema up to date, safely when several processes start at once.

Each service has a database schema of its own name, and its Alembic revisions in ``adapters/migrations``.
"""

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.pool import NullPool

from infra.store.engine import engine_of

SCRIPTS = Path(__file__).parent / "alembic"
SCHEMA_EXISTS = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
LOCK_ID = 0x6D6F64656C  # "model": any constant of our own will do


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
    engine = engine_of(dsn, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_ID})"))
    if not connection.scalar(SCHEMA_EXISTS, {"name": service}):  # a role of its own may not make one, nor needs to
        connection.execute(text(f'CREATE SCHEMA "{service}"'))
    config = alembic_config(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
