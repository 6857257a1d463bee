"""Arrays as statements are given them: read as asyncpg itself reads them, and nothing else is taken for one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from asyncpg.protocol import protocol

from infra.store.arrays import ARRAYS
from infra.store.config import StoreConfig
from infra.store.database import Database

ID, AT = UUID(int=7), datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator[Database]:
    database = Database(store_config, "arrays")
    await database.open()
    yield database
    await database.close()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("uuid", [ID, None]),
        ("timestamptz", (AT, None)),
        ("text", ["a text", "", None]),
        ("bytea", [b"bytes", None]),
        ("bigint", [1, None, -1]),
        ("boolean", []),
        ("text", [["of", "two"], ["times", "two"]]),
        ("jsonb", ['{"a": 1}']),
    ],
)
async def test_an_array_comes_back_as_it_was_given(database: Database, kind: str, given: Any) -> None:
    assert protocol.IterableABC is ARRAYS  # type: ignore[attr-defined]
    assert await database.pool.fetchval(f"SELECT $1::{kind}[]", given) == list(given)


async def test_what_is_no_list_is_refused_by_its_name(database: Database) -> None:
    with pytest.raises(Exception, match="set"):
        await database.pool.fetchval("SELECT $1::uuid[]", {ID})
