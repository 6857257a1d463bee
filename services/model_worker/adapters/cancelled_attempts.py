"""Attempts of cancelled requests, in the attempt store: those that nobody has begun never will be."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

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
    """Drops what waits. A row is the ids of all attempts that a request can have. Implements ``Table``.

    ``forsake`` is told of them, too: what runs here is not read on past its time.
    """

    def __init__(self, provider: str, forsake: Callable[[Collection[UUID]], None]) -> None:
        self._provider = provider
        self._forsake = forsake

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        """An attempt that is under a lease, or done, is left as it is."""
        attempts = [attempt_id for write in writes for attempt_id in write.row]
        self._forsake(attempts)
        await connection.execute(DROP, attempts, self._provider)
        return {}
