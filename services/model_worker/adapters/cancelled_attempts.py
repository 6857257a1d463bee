"""Attempts of cancelled requests, in the attempt store: those that nobody has begun never will be."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from schemas.reaction import Write

if TYPE_CHECKING:
    import asyncpg

# Finished and said, without an outcome: never claimed, never swept, not put in again by a redelivery, and forgotten as
# all others are.
DROP = """
UPDATE model_worker.attempts SET finished_at = now(), said_at = now()
WHERE attempt_id = ANY ($1::uuid[]) AND provider = $2 AND lease_until IS NULL AND finished_at IS NULL
"""


class CancelledAttempts:
    """Drops what waits. A row is the ids of all attempts that a request can have. Implements ``Table``."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """An attempt that is under a lease, or done, is left as it is."""
        attempts = [attempt_id for write in writes for attempt_id in write.row]
        await connection.execute(DROP, attempts, self._provider)
        return {}
