"""What each Idempotency-Key stands for, in PostgreSQL. No content is kept: answers are read from Kafka's log."""

from typing import TYPE_CHECKING
from uuid import UUID

from infra.store.database import Database
from services.gateway.adapters.database_in_time import in_time
from services.gateway.domain.repeats import KEPT_HOURS, Claim, memory_away, used_for_another

if TYPE_CHECKING:
    import asyncpg

# The update changes nothing: it is there so that RETURNING shows the row that stands.
CLAIM = """
INSERT INTO gateway.claims AS c (tenant, key_hash, body_hash, request_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, key_hash) DO UPDATE SET request_id = c.request_id
RETURNING request_id, body_hash, asked_at, said_at IS NOT NULL AS is_said, xmax = 0 AS is_new
"""
SAID = "UPDATE gateway.claims SET said_at = now() WHERE tenant = $1 AND key_hash = $2 AND request_id = $3"
FIND = """
SELECT request_id, asked_at, said_at IS NOT NULL AS is_said FROM gateway.claims WHERE request_id = $1 AND tenant = $2
"""
FORGET = """
DELETE FROM gateway.claims WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM gateway.claims WHERE asked_at < now() - make_interval(hours => $1) LIMIT $2))
"""
FORGET_AT_ONCE = 5_000


class ClaimStore:
    """The first to claim a key has it. Raises ``Refused`` when the database does not answer in time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, tenant: str, key_hash: bytes, body_hash: bytes, request_id: UUID) -> Claim:
        """The claim that stands. Raises ``Refused`` when it is one of another body."""

        async def work(connection: "asyncpg.Connection") -> Claim:
            row = await connection.fetchrow(CLAIM, tenant, key_hash, body_hash, request_id)
            assert row is not None  # noqa: S101 each of the two ways returns the row
            if row["body_hash"] != body_hash:
                raise used_for_another()
            return Claim(row["request_id"], row["asked_at"], row["is_new"], row["is_said"])

        return await in_time(self._database, work, memory_away)

    async def said(self, tenant: str, key_hash: bytes, request_id: UUID) -> None:
        """Kafka has the request of this claim."""
        await in_time(self._database, lambda c: c.execute(SAID, tenant, key_hash, request_id), memory_away)

    async def find(self, tenant: str, request_id: UUID) -> Claim | None:
        """The claim of a request of this tenant's."""
        row = await in_time(self._database, lambda c: c.fetchrow(FIND, request_id, tenant), memory_away)
        return Claim(row["request_id"], row["asked_at"], False, row["is_said"]) if row else None

    async def forget(self, connection: "asyncpg.Connection") -> int:
        """Delete claims that are older than promised, a bounded number at once; how many went."""
        return int((await connection.execute(FORGET, KEPT_HOURS, FORGET_AT_ONCE)).split()[-1])
