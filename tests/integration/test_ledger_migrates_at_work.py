"""Migration 0018 comes while a ledger works: it waits for readers and for the digest, and deadlocks with neither."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from ledger_database import release_before

from infra.store.config import StoreConfig
from infra.store.migrate import migrate

PATIENCE_S = 60
# What a reader holds between naming the view and naming its tables, held for as long as a test likes.
READER = "ALTER VIEW ledger.attempt_view RESET (security_barrier)"
DIGEST = "SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))"
WAITS = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE NOT granted AND datname = current_database()
"""
TABLES = "SELECT (SELECT count(*) FROM ledger.attempts) + (SELECT count(*) FROM ledger.failures)"
VERSION = "SELECT version_num >= 'ledger_0018' FROM ledger.alembic_version"


@asynccontextmanager
async def migrating(store: StoreConfig, at_work: asyncpg.Connection) -> AsyncIterator[None]:
    """A migration that has come as far as it can; within the block it waits. It is over when the block is."""
    running = asyncio.create_task(migrate(store.dsn, "ledger"))
    async with asyncio.timeout(PATIENCE_S):
        while not await at_work.fetchval(WAITS):
            assert not running.done(), "it waits for nobody"
            await asyncio.sleep(0.02)
        yield
        await running


@pytest.mark.parametrize("held", [READER, DIGEST])
async def test_it_waits_and_holds_no_table_meanwhile(store_config: StoreConfig, held: str) -> None:
    async with release_before(store_config.dsn, "settlements") as at_work:
        work = at_work.transaction()
        await work.start()
        await at_work.execute(held)
        async with migrating(store_config, at_work):
            assert await at_work.fetchval(TABLES) == 0
            await work.commit()
        assert await at_work.fetchval(VERSION)
