"""The ledger and the stores as a book, and the queries that say whether all is quiet and nothing is left."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from uuid import UUID

import asyncpg

from journeys.faults.books import Ledger, LedgerAttempt, LedgerRequest, StoredAttempt
from schemas.ids import attempt_id_of
from schemas.portfolio import MOST_DISPATCHES

REQUESTS = """
SELECT v.request_id, v.state, v.reason, v.lane, v.attempts::int,
       (r.completed_at IS NOT NULL)::int + (r.failed_at IS NOT NULL)::int AS ends,
       extract(epoch FROM r.deadline_at)::float8 AS deadline_at,
       extract(epoch FROM coalesce(r.completed_at, r.failed_at))::float8 AS ended_at
FROM ledger.request_view v JOIN ledger.requests r USING (request_id)
WHERE request_id = ANY ($1::uuid[])
"""
SINCE = "SELECT request_id FROM ledger.requests WHERE profiled_at >= to_timestamp($1)"
NEWEST = "SELECT extract(epoch FROM max(profiled_at))::float8 FROM ledger.requests"
ATTEMPTS = """
SELECT request_id, number, outcome, reason, cost_micro_usd AS micro_usd, cost_kind = 'bounded' AS bounded
FROM ledger.attempt_view WHERE request_id = ANY ($1::uuid[])
"""
STORED = """
SELECT attempt_id, lease_repeats::int, outcome_type AS outcome, outcome AS told,
       extract(epoch FROM finished_at)::float8 AS finished_at, said_at IS NOT NULL AS is_said
FROM model_worker.attempts WHERE attempt_id = ANY ($1::uuid[])
"""

UNQUIET = MappingProxyType(
    {
        "requests that are open": "SELECT count(*) FROM escalation.requests "
        "WHERE state <> 'closed' AND NOT (state = 'deferred' AND next_at > now())",
        "timers that are set": "SELECT count(*) FROM escalation.requests "
        "WHERE next_at IS NOT NULL AND NOT (state = 'deferred' AND next_at > now())",
        "attempts without an outcome": "SELECT count(*) FROM model_worker.attempts "
        "WHERE finished_at IS NULL AND deadline_at > now()",
        "outcomes that were not said": "SELECT count(*) FROM model_worker.attempts "
        "WHERE finished_at IS NOT NULL AND said_at IS NULL",
        "costs of late calls that were not said": "SELECT count(*) FROM model_worker.settlements",
        "leases in force": "SELECT count(*) FROM model_worker.attempts WHERE lease_until > now() AND said_at IS NULL",
        "transactions that wait for their client": "SELECT count(*) FROM pg_stat_activity "
        "WHERE state LIKE 'idle in transaction%' AND state_change < now() - interval '2 seconds'",
    }
)
"""Counts that are zero when all is quiet, by what is counted. What a person may still answer is open, and quiet."""

CONNECTIONS = """
SELECT application_name, count(*) FROM pg_stat_activity
WHERE application_name LIKE 'model-portfolio %' GROUP BY application_name
"""


class LedgerReader:
    """Reads the database of the services, by one connection for each look: the server may have been stopped."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def book(self, request_ids: Sequence[UUID], since: float) -> Ledger:
        """What the stores hold of these requests, and of any that were profiled since (seconds since the epoch)."""
        return asyncio.run(self._book(request_ids, since))

    def newest(self) -> float:
        """When the newest request was profiled (seconds since the epoch), as it is told; 0 where there is none."""
        return asyncio.run(self._found(NEWEST))

    def now(self) -> float:
        """What time the database tells (seconds since the epoch)."""
        return asyncio.run(self._found("SELECT extract(epoch FROM clock_timestamp())::float8"))

    def unquiet(self) -> dict[str, int]:
        """What is not quiet yet, and how many of it."""
        return asyncio.run(self._unquiet())

    def connections(self) -> dict[str, int]:
        """How many connections each service holds."""
        return asyncio.run(self._connections())

    def execute(self, statement: str) -> None:
        """Do this to the database, as its superuser."""
        asyncio.run(self._execute(statement))

    async def _book(self, request_ids: Sequence[UUID], since: float) -> Ledger:
        async with self._connected() as connection:
            every = {*request_ids, *(row["request_id"] for row in await connection.fetch(SINCE, since))}
            requests = await connection.fetch(REQUESTS, every)
            attempts = await connection.fetch(ATTEMPTS, every)
            numbers = range(1, MOST_DISPATCHES + 1)
            stored = await connection.fetch(STORED, [attempt_id_of(each, n) for each in every for n in numbers])
        return Ledger(
            tuple(LedgerRequest(**row) for row in requests),
            tuple(LedgerAttempt(**row) for row in attempts),
            tuple(_stored(row) for row in stored),
        )

    async def _found(self, query: str) -> float:
        async with self._connected() as connection:
            return await connection.fetchval(query) or 0.0

    async def _unquiet(self) -> dict[str, int]:
        async with self._connected() as connection:
            counts = {what: await connection.fetchval(query) for what, query in UNQUIET.items()}
        return {what: count for what, count in counts.items() if count}

    async def _connections(self) -> dict[str, int]:
        async with self._connected() as connection:
            return dict(await connection.fetch(CONNECTIONS))

    async def _execute(self, statement: str) -> None:
        async with self._connected() as connection:
            await connection.execute(statement)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self._dsn)
        try:
            yield connection
        finally:
            await connection.close()


def _stored(row: asyncpg.Record) -> StoredAttempt:
    told = json.loads(row["told"]) if row["told"] else {}
    return StoredAttempt(
        row["attempt_id"], row["lease_repeats"], row["outcome"], told.get("reason"), row["finished_at"], row["is_said"]
    )
