"""Cancelled requests, beside the attempt store: those of their attempts that nobody has begun never will be.

Kafka orders nothing between topics, so that an attempt may come after its request was cancelled. Such requests are kept
until no more attempts can come: whoever writes an attempt down looks there.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from infra.store.database import Database
from infra.store.forgetting import FORGET_AT_ONCE, MOST_KEPT, forgetting
from schemas.portfolio import LONGEST_DEADLINE_S
from schemas.reaction import Write
from services.model_worker.domain.claims import CancelledRequest

if TYPE_CHECKING:
    import asyncpg

LONGEST_LIFE = timedelta(seconds=LONGEST_DEADLINE_S)
"""No attempt has time left so long after its request was cancelled: that was written down before."""
# Finished and said, without an outcome: never claimed, never swept, not put in again by a redelivery, and forgotten as
# all others are.
DROP = """
UPDATE model_worker.attempts SET finished_at = now(), said_at = now()
WHERE attempt_id = ANY ($1::uuid[]) AND provider = $2 AND lease_until IS NULL AND finished_at IS NULL
"""
KEEP = """
INSERT INTO model_worker.cancellations (request_id)
SELECT request_id FROM unnest($1::uuid[], $2::timestamptz[]) AS heard (request_id, at) WHERE at > now() - $3::interval
ON CONFLICT (request_id) DO NOTHING
"""
# What was written down in the same moment as its request's cancellation saw nothing of it, nor that of this.
DROP_OVERLOOKED = """
UPDATE model_worker.attempts AS a SET finished_at = now(), said_at = now()
FROM model_worker.cancellations AS c
WHERE c.heard_at > now() - interval '1 minute' AND a.request_id = c.request_id
    AND a.provider = $1 AND a.lease_until IS NULL AND a.finished_at IS NULL
"""
FORGET = forgetting("model_worker.cancellations")


class CancelledAttempts:
    """Drops what waits, and what is still to come. Implements ``Table``.

    ``forsake`` is told of all attempts that a request can have: what runs here is not read on past its time.
    """

    def __init__(
        self,
        database: Database,
        provider: str,
        forsake: Callable[[Collection[UUID]], None],
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._database = database
        self._provider = provider
        self._forsake = forsake
        self._most_kept = most_kept

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """An attempt that is under a lease, or done, is left as it is."""
        rows: list[CancelledRequest] = [write.row for write in writes]
        attempts = [attempt_id for row in rows for attempt_id in row.attempts]
        self._forsake(attempts)
        await connection.execute(KEEP, [row.request_id for row in rows], [row.at for row in rows], LONGEST_LIFE)
        await connection.execute(DROP, attempts, self._provider)
        return {}

    async def drop_overlooked(self) -> None:
        """Drop what was written down in the moment of its request's cancellation, and still waits."""
        await self._database.patiently(lambda connection: connection.execute(DROP_OVERLOOKED, self._provider))

    async def forget(self, life: timedelta = LONGEST_LIFE) -> None:
        """Let go of requests whose attempts come no more, and of the oldest of too many, a bounded number at once."""
        await self._database.patiently(
            lambda connection: connection.execute(FORGET, life, self._most_kept, FORGET_AT_ONCE)
        )
