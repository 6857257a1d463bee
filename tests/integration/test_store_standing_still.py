"""A database that takes what it is told, and answers no more: nobody waits for it longer than asked, nor at a stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from infra.metrics.health import Health
from infra.store.config import StoreConfig
from infra.store.database import Database

Work = Callable[[Any], Awaitable[Any]]


class Between:
    """Hands on what clients and the server tell each other, until :meth:`stand`."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._goes = asyncio.Event()
        self._goes.set()
        self.stands = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._on, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    def stand(self) -> None:
        """Hand on nothing more."""
        self._goes.clear()
        self.stands.set()

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        its_reader, its_writer = await asyncio.open_connection(*self._to)
        for source, sink in ((reader, its_writer), (its_reader, writer)):
            self._tasks.add(asyncio.create_task(self._pump(source, sink)))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while some := await source.read(65_536):
                await self._goes.wait()
                sink.write(some)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@pytest.fixture
async def between(store_config: StoreConfig) -> AsyncIterator[tuple[Between, Database]]:
    address = urlsplit(store_config.dsn)
    proxy = Between(address.hostname or "127.0.0.1", address.port or 5432)
    port = await proxy.start()
    dsn = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{port}")).geturl()
    database = Database(StoreConfig(database_url=dsn, database_pool_size=2), "test")
    await database.open()
    yield proxy, database
    await proxy.stop()
    await database.close()


async def ends(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """It, ended: long before the thirty seconds that a statement may take."""
    task = asyncio.create_task(work)
    done, _ = await asyncio.wait([task], timeout=10)
    assert done, "it waits for a server that stands still"
    return task


def asking(proxy: Between) -> list[Work]:
    """Questions to a server that stands still from then on: alone, and in a transaction that has begun."""

    async def alone(connection: asyncpg.Connection) -> None:
        proxy.stand()
        await connection.fetchval("SELECT 1")

    async def in_a_transaction(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute("SELECT 2")
            await alone(connection)

    return [alone, in_a_transaction]


@pytest.mark.parametrize("which", [0, 1], ids=["alone", "in a transaction"])
async def test_nobody_waits_longer_than_asked(between: tuple[Between, Database], which: int) -> None:
    proxy, database = between
    asked = await ends(database.within(0.2, asking(proxy)[which]))
    assert isinstance(asked.exception(), TimeoutError)


@pytest.mark.parametrize("which", [0, 1], ids=["alone", "in a transaction"])
async def test_a_patient_question_that_is_cancelled_ends(between: tuple[Between, Database], which: int) -> None:
    proxy, database = between

    async def ask_and_leave() -> None:
        asked = asyncio.create_task(database.patiently(asking(proxy)[which]))
        await proxy.stands.wait()
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled()

    assert (await ends(ask_and_leave())).exception() is None


async def test_no_connection_can_be_had_of_a_server_that_stands_still(between: tuple[Between, Database]) -> None:
    proxy, database = between
    async with database.pool.acquire():
        proxy.stand()
        asked = await ends(database.within(0.2, lambda connection: connection.fetchval("SELECT 1")))
        assert isinstance(asked.exception(), TimeoutError)


async def test_a_probe_keeps_no_connection_to_a_server_that_stands_still(between: tuple[Between, Database]) -> None:
    proxy, database = between
    health = Health("test")
    database.report(health)
    health.started()
    assert await health.unready() == []
    proxy.stand()
    (why,) = (await ends(health.unready())).result()
    assert why.startswith("the database does not answer")
    await ends(all_given_back(database))


async def all_given_back(database: Database) -> None:
    while database.pool.get_size() > database.pool.get_idle_size():  # noqa: ASYNC110 a pool tells nobody
        await asyncio.sleep(0)


async def test_what_came_of_it_in_time_is_told(between: tuple[Between, Database]) -> None:
    _, database = between
    assert await database.within(10, lambda connection: connection.fetchval("SELECT 1")) == 1
    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.within(10, lambda connection: connection.fetchval("SELECT 1 / 0"))
