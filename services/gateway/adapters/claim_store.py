"""What each Idempotency-Key stands for, in PostgreSQL. No content is kept: answers are read from Kafka's log."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from infra.store.database import Database
from services.gateway.adapters.database_in_batches import InBatches
from services.gateway.domain.repeats import Claim, memory_away, used_for_another

if TYPE_CHECKING:
    import asyncpg

# The update changes nothing: it is there so that RETURNING shows the row that stands. Rows are locked in one order.
CLAIM = """
INSERT INTO gateway.claims AS c (tenant, key_hash, body_hash, request_id, asked_at, kept_until)
SELECT tenant, key_hash, body_hash, request_id,
       now() - make_interval(secs => asked_s_ago), now() + make_interval(secs => kept_s)
FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::uuid[], $5::float8[], $6::float8[])
     AS new (tenant, key_hash, body_hash, request_id, asked_s_ago, kept_s)
ON CONFLICT (tenant, key_hash) DO UPDATE SET request_id = c.request_id
RETURNING tenant, key_hash, request_id, body_hash, asked_at, said_at IS NOT NULL AS is_said, xmax = 0 AS is_new
"""
SAID = """
WITH told AS (
    SELECT c.tenant, c.key_hash FROM gateway.claims c
      JOIN unnest($1::text[], $2::bytea[], $3::uuid[]) AS s (tenant, key_hash, request_id)
     USING (tenant, key_hash, request_id)
     ORDER BY c.tenant, c.key_hash FOR UPDATE OF c)
UPDATE gateway.claims c SET said_at = now() FROM told WHERE (c.tenant, c.key_hash) = (told.tenant, told.key_hash)
"""
FIND = """
SELECT tenant, request_id, asked_at, said_at IS NOT NULL AS is_said FROM gateway.claims WHERE request_id = ANY($1)
"""
FORGET = """
DELETE FROM gateway.claims WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM gateway.claims WHERE kept_until < now() LIMIT $1))
"""
FORGET_AT_ONCE = 5_000


class Span(NamedTuple):
    """How long ago a request was asked, and how much longer it is remembered."""

    asked_s_ago: float
    kept_s: float


class Wanted(NamedTuple):
    """A key that is claimed for a request. ``asked_s_ago``: when it was asked; ``kept_s``: how long it is kept."""

    tenant: str
    key_hash: bytes
    body_hash: bytes
    request_id: UUID
    asked_s_ago: float
    kept_s: float


class ClaimStore:
    """The first to claim a key has it. Raises ``Refused`` when the database does not answer in time.

    Many ask at once: each kind of question is asked for all of them together, and takes one connection.
    """

    def __init__(self, database: Database) -> None:
        self._claims = InBatches(database, _claim, memory_away)
        self._said = InBatches(database, _say, memory_away)
        self._found = InBatches(database, _find, memory_away)

    async def claim(self, tenant: str, key_hash: bytes, body_hash: bytes, request_id: UUID, span: Span) -> Claim:
        """The claim that stands. Raises ``Refused`` when it is one of another body."""
        stands, claim = await self._claims.ask(Wanted(tenant, key_hash, body_hash, request_id, *span))
        if stands != body_hash:
            raise used_for_another()
        return claim

    async def said(self, tenant: str, key_hash: bytes, request_id: UUID) -> None:
        """Kafka has the request of this claim."""
        await self._said.ask((tenant, key_hash, request_id))

    async def find(self, tenant: str, request_id: UUID) -> Claim | None:
        """The claim of a request of this tenant's."""
        return await self._found.ask((tenant, request_id))

    async def forget(self, connection: "asyncpg.Connection") -> int:
        """Delete claims that are older than promised, a bounded number at once; how many went."""
        return int((await connection.execute(FORGET, FORGET_AT_ONCE)).split()[-1])


async def _claim(connection: "asyncpg.Connection", wanted: Sequence[Wanted]) -> list[tuple[bytes, Claim]]:
    """The claim that stands for each, and the hash of its body. Of those who want one key the first has it."""
    first = {(each.tenant, each.key_hash): each for each in reversed(wanted)}
    rows = await connection.fetch(CLAIM, *zip(*(first[key] for key in sorted(first)), strict=True))
    standing = {(row["tenant"], row["key_hash"]): row for row in rows}
    return [_standing(standing[each.tenant, each.key_hash], first, each) for each in wanted]


def _standing(row: "asyncpg.Record", first: Mapping[tuple[str, bytes], Wanted], each: Wanted) -> tuple[bytes, Claim]:
    is_new = row["is_new"] and first[each.tenant, each.key_hash] is each
    return row["body_hash"], Claim(row["request_id"], row["asked_at"], is_new, row["is_said"])


async def _say(connection: "asyncpg.Connection", said: Sequence[tuple[str, bytes, UUID]]) -> list[None]:
    await connection.execute(SAID, *zip(*said, strict=True))
    return [None] * len(said)


async def _find(connection: "asyncpg.Connection", asked: Sequence[tuple[str, UUID]]) -> list[Claim | None]:
    rows = await connection.fetch(FIND, [request_id for _, request_id in asked])
    claims = {
        (row["tenant"], row["request_id"]): Claim(row["request_id"], row["asked_at"], False, row["is_said"])
        for row in rows
    }
    return [claims.get(each) for each in asked]
