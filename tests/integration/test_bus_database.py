"""The pool, on real PostgreSQL: connections that are cut at any moment cost a wait, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from infra.store.config import StoreConfig
from infra.store.database import Database

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"


@pytest.fixture
async def database(store_config: StoreConfig) -> AsyncIterator[Database]:
    opened = Database(store_config, "test")
    await opened.open()
    yield opened
    await opened.close()


async def test_connections_that_are_cut_in_the_middle_are_not_used_again(
    database: Database, store_config: StoreConfig
) -> None:
    """Each statement is a new one, so that many are cut while they are prepared; some end between any two cuts."""
    done: list[int] = []

    async def work(start: int) -> None:
        for number in range(start, start + 150):
            statement = f"SELECT {number}::integer"
            done.append(await database.patiently(lambda connection, text=statement: connection.fetchval(text)))

    async def cuts() -> None:
        connection = await asyncpg.connect(store_config.dsn)
        while (before := len(done)) < 600:
            await connection.fetch(CUT, connection.get_server_pid())
            while len(done) < min(before + 5, 600):
                await connection.execute("SELECT pg_sleep(0.002)")
        await connection.close()

    cutting = asyncio.create_task(cuts())
    async with asyncio.timeout(60):
        await asyncio.gather(*(work(start) for start in (0, 1_000, 2_000, 3_000)))
        await cutting
    assert sorted(done) == [start + number for start in (0, 1_000, 2_000, 3_000) for number in range(150)]


async def test_an_error_of_the_data_is_raised_at_once_and_its_connection_kept(database: Database) -> None:
    async def divides(connection: asyncpg.Connection) -> int:
        pids.append(await connection.fetchval("SELECT pg_backend_pid()"))
        return await connection.fetchval("SELECT 1 / 0")

    pids: list[int] = []
    for _ in range(2):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await database.patiently(divides)
    assert pids[0] == pids[1]


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    async def fails(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute("CREATE TABLE half (id integer)")
            raise LookupError("in the middle")

    with pytest.raises(LookupError):
        await database.patiently(fails)
    assert await database.pool.fetchval("SELECT to_regclass('half')") is None


async def test_before_it_is_open_it_says_so(store_config: StoreConfig) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        _ = Database(store_config, "test").pool


async def test_a_small_table_that_nobody_analysed_is_read_by_its_index_on_every_connection(database: Database) -> None:
    """Tables are empty at first, and hold ten thousand rows a few seconds later, with the plans of the first."""
    table = "CREATE TABLE small (id uuid PRIMARY KEY, content text)"
    rows = "INSERT INTO small SELECT md5(i::text)::uuid, repeat('x', 100) FROM generate_series(1, 200) AS i"
    ask = "EXPLAIN SELECT content FROM small WHERE id = md5('7')::uuid"
    for statement in (table, rows, "ANALYZE small"):
        await database.pool.execute(statement)
    try:
        await database.patiently(lambda connection: connection.execute(CUT, connection.get_server_pid()))
        plan = await database.patiently(lambda connection: connection.fetch(ask))
        assert "Index Scan" in plan[0][0]
    finally:
        await database.pool.execute("DROP TABLE small")


async def test_the_one_connection_goes_back_whatever_becomes_of_its_work(store_config: StoreConfig) -> None:
    database = Database(store_config.model_copy(update={"database_pool_size": 1}), "test")
    await database.open()
    try:
        assert await database.patiently(lambda connection: connection.fetchval("SELECT 1")) == 1
        with pytest.raises(asyncpg.DivisionByZeroError):
            await database.patiently(lambda connection: connection.fetchval("SELECT 1 / 0"))
        with pytest.raises(TimeoutError):
            await database.within(0.05, lambda connection: connection.fetchval("SELECT pg_sleep(60)"))
        async with asyncio.timeout(30):
            assert await database.patiently(lambda connection: connection.fetchval("SELECT 2")) == 2
        assert database.pool.get_idle_size() == 1
    finally:
        await database.close()
