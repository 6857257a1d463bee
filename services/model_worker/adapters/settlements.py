"""What calls that were given up came to, in PostgreSQL from when it is known until it is said. Mostly there is none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from infra.store.database import Database
from schemas.settlement import AttemptSettled
from schemas.topics import BY_EVENT
from services.model_worker.domain.claims import Stored
from services.model_worker.domain.late import Settled

if TYPE_CHECKING:
    import asyncpg

# Only of an attempt whose failure this worker has stored: where another took it over, that one's outcome counts, and
# has this call in its bound. Storing the same again is no change: the answer to the first time may have been lost.
KEEP = """
INSERT INTO model_worker.settlements AS kept (attempt_id, settlement, traceparent, lease_until)
SELECT told.attempt_id, told.settlement, told.traceparent, clock_timestamp() + make_interval(secs => $5)
FROM unnest($2::uuid[], $3::bytea[], $4::text[]) AS told (attempt_id, settlement, traceparent)
JOIN model_worker.attempts AS a USING (attempt_id)
WHERE a.owner = $1 AND a.finished_at IS NOT NULL
ON CONFLICT (attempt_id) DO UPDATE SET lease_until = excluded.lease_until
RETURNING attempt_id
"""
SAID = "DELETE FROM model_worker.settlements WHERE attempt_id = ANY ($1::uuid[])"
UNSAID = """
WITH picked AS (
    SELECT attempt_id FROM model_worker.settlements WHERE lease_until < now() LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE model_worker.settlements AS kept SET lease_until = now() + make_interval(secs => $2)
FROM picked WHERE kept.attempt_id = picked.attempt_id
RETURNING kept.attempt_id, kept.settlement, kept.traceparent
"""
FORGET = "DELETE FROM model_worker.settlements WHERE kept_at < now() - make_interval(secs => $1)"


class Settlements:
    """All statements on settlements, for one process, the ``worker`` that owns leases. Each waits while the database
    is away."""

    def __init__(self, database: Database, worker: UUID, lease_s: float) -> None:
        self._database = database
        self._worker = worker
        self._lease_s = lease_s

    async def keep(self, settled: Sequence[Settled]) -> list[Settled]:
        """Store these, the last of each attempt; those that were this worker's to store."""
        last = {one.attempt_id: one for one in settled}
        columns = ([getattr(one, name) for one in last.values()] for name in ("attempt_id", "data", "traceparent"))
        return [last[row["attempt_id"]] for row in await self._fetch(KEEP, self._worker, *columns, self._lease_s)]

    async def said(self, attempt_ids: Sequence[UUID]) -> None:
        """Let go of what was said."""
        await self._database.patiently(lambda connection: connection.execute(SAID, list(attempt_ids)))

    async def unsaid(self, most: int) -> list[Stored]:
        """Lease what whoever stored it did not say, of any provider."""
        rows = await self._fetch(UNSAID, most, self._lease_s)
        name = BY_EVENT[AttemptSettled].name
        return [Stored(row["attempt_id"], name, row["settlement"], row["traceparent"]) for row in rows]

    async def forget(self, retention_s: float) -> None:
        """Delete what nobody has taken for so long: its topic is missing, and its bound stays."""
        await self._database.patiently(lambda connection: connection.execute(FORGET, retention_s))

    async def _fetch(self, statement: str, *arguments: Any) -> "list[asyncpg.Record]":
        return await self._database.patiently(lambda connection: connection.fetch(statement, *arguments))
