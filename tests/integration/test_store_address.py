"""Whatever asyncpg reads in an address holds for migrations and for queries alike: TLS, above all."""

import pytest
from asyncpg import PostgresError
from sqlalchemy import text

from infra.store.config import StoreConfig
from infra.store.engine import engine_of
from infra.store.migrate import migrate


async def test_tls_that_is_preferred_is_done_without_where_the_server_has_none(store_config: StoreConfig) -> None:
    dsn = f"{store_config.dsn}?sslmode=prefer"
    await migrate(dsn, "ledger")
    engine = engine_of(dsn)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM ledger.requests")) == 0
    await engine.dispose()


async def test_tls_that_is_required_is_never_done_without(store_config: StoreConfig) -> None:
    with pytest.raises((ConnectionError, PostgresError), match="SSL"):
        await migrate(f"{store_config.dsn}?sslmode=require", "ledger")
