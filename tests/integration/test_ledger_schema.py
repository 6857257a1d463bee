"""The revisions make the tables that the code describes, and can be run by several processes at once."""

import asyncio
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from infra.store.config import StoreConfig
from infra.store.engine import engine_of
from infra.store.migrate import migrate
from services.ledger.adapters.derived import DERIVED
from services.ledger.adapters.tables import LEDGER, SCHEMA
from services.ledger.adapters.views import VIEWS


def _differences(connection: Connection) -> list[Any]:
    options = {"include_schemas": True, "include_name": _ours, "compare_type": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), [LEDGER, DERIVED])


def _ours(name: str | None, kind: str, parents: Any) -> bool:
    return name == SCHEMA if kind == "schema" else name != "alembic_version"


async def test_the_revisions_make_what_the_code_describes(store_config: StoreConfig) -> None:
    await asyncio.gather(*(migrate(store_config.dsn, "ledger") for _ in range(3)))
    engine = engine_of(store_config.dsn)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        for view in VIEWS.tables.values():
            found = await connection.run_sync(lambda sync, view=view: inspect(sync).get_columns(view.name, SCHEMA))
            there = {column["name"]: column["type"] for column in found}
            assert set(there) == set(view.columns.keys())
            for column in view.columns:
                assert there[column.name].python_type is column.type.python_type, column
    await engine.dispose()
