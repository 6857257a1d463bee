"""A version that is started again, or gone back to, beside a schema that a later one has migrated."""

import logging

import asyncpg
import pytest
from alembic.util import CommandError

from infra.store.config import StoreConfig
from infra.store.migrate import migrate

FOUND = "SELECT version_num FROM ledger.alembic_version"


async def left_by(dsn: str, revision: str) -> None:
    await migrate(dsn, "ledger")
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE ledger.alembic_version SET version_num = $1", revision)
    await connection.close()


async def test_a_later_schema_is_left_as_it_is(store_config: StoreConfig, caplog: pytest.LogCaptureFixture) -> None:
    await left_by(store_config.dsn, "ledger_9999")
    with caplog.at_level(logging.WARNING, "infra.store.migrate"):
        await migrate(store_config.dsn, "ledger")
    assert "ledger_9999" in caplog.text
    connection = await asyncpg.connect(store_config.dsn)
    assert await connection.fetchval(FOUND) == "ledger_9999"
    await connection.close()


@pytest.mark.parametrize("revision", ["gateway_9999", "ledger_0000", "somebody's"])
async def test_a_schema_of_nobodys_version_is_refused(store_config: StoreConfig, revision: str) -> None:
    await left_by(store_config.dsn, revision)
    with pytest.raises(CommandError, match=revision):
        await migrate(store_config.dsn, "ledger")
