"""Bring a service's own schema up to date, safely when several processes start at once.

Each service has a database schema of its own name, and its Alembic revisions in ``adapters/migrations``.
"""

import logging
from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from infra.store.engine import engine_of

log = logging.getLogger(__name__)
SCRIPTS = Path(__file__).parent / "alembic"
SCHEMA_EXISTS = text("SELECT 1 FROM pg_namespace WHERE nspname = :name")
SHUT_DOWN = ("08", "57P")  # classes of PostgreSQL's errors: the connection is gone, or the server ends it
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
    """Create the service's schema and run every revision that it lacks, under an advisory lock.

    A schema of a later version is left as it is: revisions leave the version before them what it works with. Raises
    ``ConnectionError`` where the database goes meanwhile: nothing is done then.
    """
    engine = engine_of(dsn, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, service)
    except DBAPIError as error:
        if error.connection_invalidated or str(getattr(error.orig, "sqlstate", "")).startswith(SHUT_DOWN):
            raise ConnectionError(f"the database went while schema {service} was brought up to date") from error
        raise
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK_ID})"))
    if not connection.scalar(SCHEMA_EXISTS, {"name": service}):  # a role of its own may not make one, nor needs to
        connection.execute(text(f'CREATE SCHEMA "{service}"'))
    config = alembic_config(service)
    config.attributes["connection"] = connection
    there = MigrationContext.configure(connection, opts={"version_table_schema": service}).get_current_revision()
    newest = ScriptDirectory.from_config(config).get_current_head()
    if is_later(there, newest, service):
        log.warning(
            "schema %s is at %s, of a later version; this one has %s, and works with it", service, there, newest
        )
        return
    command.upgrade(config, "head")


def is_later(there: str | None, newest: str | None, service: str) -> bool:
    """Whether a revision, such as ``ledger_0018``, is the service's and comes after the newest that is known."""
    return there is not None and newest is not None and there.startswith(f"{service}_") and there > newest
