"""A database with the gateway's schema, of a test's own."""

from collections.abc import AsyncIterator

import pytest

from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator[Database]:
    """Open, and closed with the test."""
    await migrate(store_config.dsn, "gateway")
    found = Database(store_config, "test")
    await found.open()
    yield found
    await found.close()
