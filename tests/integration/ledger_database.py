"""A database of a test module's own, with the ledger's schema: as it is, or as a release before left it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
from alembic import command
from alembic.script import ScriptDirectory
from pipeline.stack import new_database
from sqlalchemy import Connection, text

from infra.local.postgres import EmbeddedPostgres
from infra.store.engine import engine_of
from infra.store.migrate import alembic_config, migrate


async def new_ledger(postgres: EmbeddedPostgres) -> str:
    """Its DSN."""
    dsn = await new_database(postgres.address, f"ledger{uuid4().hex[:12]}")
    await migrate(dsn, "ledger")
    return dsn


@asynccontextmanager
async def release_before(dsn: str, revision: str) -> AsyncIterator[asyncpg.Connection]:
    """A ledger as it was before a revision, which is told by the end of its file's name, and a connection to it."""
    engine = engine_of(dsn)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade_before, revision)
    await engine.dispose()
    before = await asyncpg.connect(dsn)
    yield before
    await before.close()


def _upgrade_before(connection: Connection, revision: str) -> None:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS ledger"))
    config = alembic_config("ledger")
    config.attributes["connection"] = connection
    found = ScriptDirectory.from_config(config).walk_revisions()
    before = next(str(each.down_revision) for each in found if each.path.endswith(f"_{revision}.py"))
    command.upgrade(config, before)
