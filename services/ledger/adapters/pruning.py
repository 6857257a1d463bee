"""Letting go of requests that are older than what is kept. Whole requests go; the sums of their hours stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from services.ledger.adapters.derived import FOUND, GRADED, JUDGEMENTS
from services.ledger.adapters.digest import NOT_WHILE_DIGESTING, work_out
from services.ledger.adapters.tables import LEDGER

if TYPE_CHECKING:
    from asyncpg import Connection

OF_REQUESTS = tuple(table.fullname for table in (*LEDGER.sorted_tables, FOUND) if "request_id" in table.columns)
"""What goes with its request. What else is worked out stays: sums by hour, and what scores are made of."""
OF_PATHS = (JUDGEMENTS.fullname, GRADED.fullname)
READ_BY_SCORES = 1_000
"""Of a model path in a task class, the newest so many are read by its score, however old they are."""

BEFORE = "SELECT date_trunc('hour', now() - make_interval(days => $1), 'UTC') AS before"
# All of one moment together, so that a moment tells what went.
OLDEST = """
SELECT request_id, admitted_at FROM ledger.requests WHERE admitted_at < $1
ORDER BY admitted_at FETCH FIRST $2 ROWS WITH TIES
"""
NOT_WORKED_OUT = "DELETE FROM ledger.touched WHERE request_id = ANY($1::uuid[]) RETURNING request_id"
SILENTLY = "SELECT set_config('ledger.pruning', 'on', true)"
REMEMBER = """
INSERT INTO ledger.pruned AS kept (through) VALUES ($1)
ON CONFLICT (one) DO UPDATE SET through = EXCLUDED.through WHERE kept.through < EXCLUDED.through
"""
STRAYS = """
DELETE FROM ledger.strays WHERE request_id = ANY(ARRAY(
    SELECT request_id FROM ledger.strays WHERE seen_at < $1 ORDER BY seen_at LIMIT $2
)) RETURNING request_id
"""
# What has its request by now is no stray: it goes with it.
WITHOUT_REQUEST = """
SELECT told.request_id FROM unnest($1::uuid[]) AS told (request_id)
LEFT JOIN ledger.requests r USING (request_id) WHERE r.admitted_at IS NULL
"""
# Where a path has fewer than scores read, there is no oldest of these, and nothing is older.
UNREAD = """
DELETE FROM {table} WHERE ctid = ANY(ARRAY(
    SELECT old.place FROM ledger.scores s
    CROSS JOIN LATERAL (
        SELECT n.judged_at FROM {table} n
        WHERE (n.task, n.model, n.provider) = (s.task, s.model, s.provider)
        ORDER BY n.judged_at DESC, n.request_id DESC OFFSET $3 LIMIT 1
    ) read
    CROSS JOIN LATERAL (
        SELECT j.ctid AS place FROM {table} j
        WHERE (j.task, j.model, j.provider) = (s.task, s.model, s.provider)
            AND j.judged_at < least($1, read.judged_at)
        LIMIT $2
    ) old
    LIMIT $2
))
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one turn let go of: requests admitted before a time, and whether there may be more."""

    before: datetime
    requests: int
    more: bool


class Pruning:
    """Keeps ``keep_days`` whole days and the hour that has begun, by the database's clock. Any ledger may do it."""

    def __init__(self, keep_days: int) -> None:
        self._keep_days = keep_days

    async def some(self, connection: "Connection", at_once: int) -> Pruned:
        """Let go of so many requests (and those of the last one's moment), the oldest first, in one transaction."""
        async with connection.transaction():
            await connection.execute(NOT_WHILE_DIGESTING)
            before = await self._before(connection)
            rows = await connection.fetch(OLDEST, before, at_once)
            oldest = [row["request_id"] for row in rows]
            await _work_out_what_was_not(connection, oldest)
            strays = [row["request_id"] for row in await connection.fetch(STRAYS, before, at_once)]
            await _let_go(connection, [*oldest, *await _without_request(connection, strays)])
            if rows:
                await connection.execute(REMEMBER, rows[-1]["admitted_at"])
            # While whole requests are left to go, these wait: the digest waits for each turn.
            paths = OF_PATHS if len(oldest) < at_once else ()
            unread = [await _let_go_of_unread(connection, table, before, at_once) for table in paths]
        return Pruned(before, len(oldest), max(len(oldest), len(strays), *unread) >= at_once)

    async def _before(self, connection: "Connection") -> datetime:
        (row,) = await connection.fetch(BEFORE, self._keep_days)
        return row["before"]


async def _work_out_what_was_not(connection: "Connection", requests: Sequence[UUID]) -> None:
    """So that the sums have all that goes."""
    rows = await connection.fetch(NOT_WORKED_OUT, requests)
    if touched := sorted({row["request_id"] for row in rows}):
        await work_out(connection, touched)


async def _without_request(connection: "Connection", strays: Sequence[UUID]) -> list[UUID]:
    return [row["request_id"] for row in await connection.fetch(WITHOUT_REQUEST, strays)]


async def _let_go(connection: "Connection", requests: Sequence[UUID]) -> None:
    if not requests:
        return
    await connection.execute(SILENTLY)
    for table in OF_REQUESTS:
        await connection.execute(f"DELETE FROM {table} WHERE request_id = ANY($1::uuid[])", requests)  # noqa: S608 ours


async def _let_go_of_unread(connection: "Connection", table: str, before: datetime, at_once: int) -> int:
    done = await connection.execute(UNREAD.format(table=table), before, at_once, READ_BY_SCORES - 1)
    return int(done.rsplit(" ", 1)[-1])
