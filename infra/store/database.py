"""The connection pool, opened and closed by a service's ``app.py``."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from infra.metrics.health import CHECK_S, Health
from infra.metrics.measure import gauge
from infra.retrying import Retrying
from infra.store.arrays import take_lists_for_arrays
from infra.store.config import StoreConfig
from infra.store.faults import is_database_error
from infra.store.migrate import migrate
from infra.wrong_settings import WrongSetting

ADDRESS = "postgresql://user:password@host:port/database"
T = TypeVar("T")
FIRST_WAIT_S = 0.05
STATEMENT_TIMEOUT_S = 30.0
PLANNING = "SET random_page_cost = 1.1; SET jit = off"
"""A row is looked up in memory or on a disk that does not turn, also while its table is small; no statement is long."""


class Database:
    """A pool of asyncpg connections that survives restarts of the server."""

    def __init__(self, config: StoreConfig, name: str) -> None:
        self._config = config
        self._name = name
        self._pool: asyncpg.Pool | None = None
        self._retrying = Retrying(name, "database away", is_database_error, FIRST_WAIT_S)

    async def open(self) -> None:
        """Connect. Waits for a server that is not up yet. Raises ``WrongSetting`` for what is no address."""
        try:
            await self._retrying.until_done(self._connect)
        except ValueError as error:  # asyncpg reads the address itself, and what it says may hold a password
            told = f"DATABASE_URL is no address that can be read ({type(error).__name__}): {ADDRESS}"
            raise WrongSetting(told) from None

    async def _connect(self) -> None:
        take_lists_for_arrays()
        self._pool = await asyncpg.create_pool(
            self._config.dsn,
            min_size=1,
            max_size=self._config.database_pool_size,
            command_timeout=STATEMENT_TIMEOUT_S,
            reset=_leave_as_it_is,
            init=_plan_for_look_ups,
            server_settings={"application_name": f"model-portfolio {self._name}"},
        )

    async def close(self) -> None:
        """Close all connections; those that do not end in time are cut."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    def report(self, health: Health) -> None:
        """Tell whether the database answers, and how many of the pool's connections are in use."""
        health.check("the database", self._answers)
        health.hindered_by(lambda: self._retrying.away)
        health.measure(gauge("portfolio_database_connections_used", "Of the pool's connections.", self._used))

    async def _answers(self) -> None:
        await self.within(CHECK_S, lambda connection: connection.fetchval("SELECT 1"))

    def _used(self) -> float:
        return 0.0 if self._pool is None else float(self._pool.get_size() - self._pool.get_idle_size())

    @property
    def pool(self) -> "asyncpg.Pool":
        """The open pool. Raises ``RuntimeError`` before :meth:`open`."""
        if self._pool is None:
            raise RuntimeError("the database is not open: await Database.open() first")
        return self._pool

    async def migrate(self, service: str) -> None:
        """Bring a service's schema up to date, again while the database is away. Raises what a wait does not mend."""
        await self._retrying.until_done(lambda: migrate(self._config.dsn, service))

    async def patiently(self, work: Callable[["asyncpg.Connection"], Awaitable[T]]) -> T:
        """Run ``work`` on a connection, again and again while the database is away. Data errors are raised."""
        return await self._retrying.until_done(lambda: self._once(work))

    async def within(self, limit_s: float, work: Callable[["asyncpg.Connection"], Awaitable[T]]) -> T:
        """Run ``work`` on a connection, once. Raises ``TimeoutError`` when that takes longer, and what it raises."""
        async with asyncio.timeout(limit_s):
            return await self._once(work)

    async def _once(self, work: Callable[["asyncpg.Connection"], Awaitable[T]]) -> T:
        connection = await self.pool.acquire()
        try:
            return await _cut_when_left(connection, work(connection))  # pyright: ignore[reportArgumentType] a proxy
        except Exception as error:
            if is_database_error(error):
                connection.terminate()  # it may be in any state, and nobody resets it
            raise
        finally:
            await _given_back(connection)


async def _cut_when_left(connection: "asyncpg.Connection", work: Awaitable[T]) -> T:
    """The same. A cancellation cuts the connection, and comes to ``work`` only then.

    Else a transaction would tell a server that may stand still to roll back, and wait for it, and so would the pool.
    """
    working = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        connection.terminate()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        raise


async def _given_back(connection: Any) -> None:
    """As the pool does it, without a task around it: as nobody resets a connection, that is done at once."""
    if (held := connection._con) is not None:
        held._on_release()
        await connection._holder.release(None)


async def _plan_for_look_ups(connection: "asyncpg.Connection") -> None:
    # Told once it is connected: poolers refuse settings that they do not know in the start-up message.
    await connection.execute(PLANNING)


async def _leave_as_it_is(connection: object) -> None:
    """Our statements leave no session state behind, and asyncpg's own reset is a round trip more each time."""
