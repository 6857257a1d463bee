"""Looking for words in all that the services keep: topics, objects and tables."""

from pathlib import Path

import asyncpg

from pipeline.stack import Pipeline

SCHEMAS = ["profiler", "model_worker", "escalation", "gateway", "ledger"]


def topics_that_hold(pipeline: Pipeline, marker: str) -> set[str]:
    """The topics with a record that holds it."""
    pipeline.log.catch_up()
    return {record.topic for record in pipeline.log.everything() if marker.encode() in (record.value or b"")}


def objects_that_hold(folder: Path, marker: str) -> list[Path]:
    """The objects that hold it, data keys among them."""
    return [path for path in folder.rglob("*") if path.is_file() and marker.encode() in path.read_bytes()]


async def tables_that_hold(database: str, marker: str) -> set[str]:
    """The tables with a row that holds it, as text or as bytes."""
    connection = await asyncpg.connect(database)
    try:
        named = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY($1)"
        tables = [row[0] for row in await connection.fetch(named, SCHEMAS)]
        return {table for table in tables if await _holds(connection, table, marker)}
    finally:
        await connection.close()


async def _holds(connection: "asyncpg.Connection", table: str, marker: str) -> bool:
    found = f"SELECT EXISTS (SELECT FROM {table} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0)"  # noqa: S608
    return await connection.fetchval(found, marker, marker.encode().hex())
