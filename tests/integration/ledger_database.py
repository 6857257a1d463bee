"""A database of a test module's own, with the ledger's schema."""

from uuid import uuid4

from pipeline.stack import new_database

from infra.local.postgres import EmbeddedPostgres
from infra.store.migrate import migrate


async def new_ledger(postgres: EmbeddedPostgres) -> str:
    """Its DSN."""
    dsn = await new_database(postgres.address, f"ledger{uuid4().hex[:12]}")
    await migrate(dsn, "ledger")
    return dsn
