"""Which request is first to ask something, in PostgreSQL, for all replicas. A row that is out of date binds nobody."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from infra.store.database import Database
from services.gateway.adapters.answer_store import EXPIRE_AT_ONCE
from services.gateway.adapters.database_in_batches import InBatches
from services.gateway.adapters.database_in_time import AskedInTime
from services.gateway.domain.cache import First, cache_away

if TYPE_CHECKING:
    import asyncpg

# What still holds is written again as it is, so that RETURNING shows it. Rows are locked in one order.
BEGIN = """
INSERT INTO gateway.flights AS f (key, request_id, begun_at, until)
SELECT key, request_id, now(), now() + make_interval(secs => for_s)
  FROM unnest($1::bytea[], $2::uuid[], $3::float8[]) AS new (key, request_id, for_s)
 ORDER BY key
ON CONFLICT (key) DO UPDATE
   SET request_id = CASE WHEN f.until > now() THEN f.request_id ELSE EXCLUDED.request_id END,
       begun_at = CASE WHEN f.until > now() THEN f.begun_at ELSE EXCLUDED.begun_at END,
       until = CASE WHEN f.until > now() THEN f.until ELSE EXCLUDED.until END,
       is_said = f.is_said AND f.until > now()
RETURNING key, request_id, begun_at, extract(epoch FROM until - now())::float8 AS left_s
"""
SAID = """
WITH told AS (
    SELECT f.key FROM gateway.flights f JOIN unnest($1::bytea[], $2::uuid[]) AS s (key, request_id)
     USING (key, request_id)
     ORDER BY f.key FOR UPDATE OF f)
UPDATE gateway.flights f SET is_said = true FROM told WHERE f.key = told.key
"""
IS_SAID = "SELECT is_said FROM gateway.flights WHERE key = $1 AND request_id = $2"
OVER = "DELETE FROM gateway.flights WHERE key = $1 AND request_id = $2"
EXPIRE = """
DELETE FROM gateway.flights WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM gateway.flights WHERE until <= now() LIMIT $1))
"""


class Beginning(NamedTuple):
    """A request that would be the first to ask, for so long."""

    key: bytes
    request_id: UUID
    for_s: float


class Told(NamedTuple):
    """A request that Kafka has, and its key."""

    key: bytes
    request_id: UUID


class FlightStore(AskedInTime):
    """Raises ``Refused`` when the database does not answer in time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, cache_away)
        self._begun = InBatches(database, _begin, cache_away)
        self._said = InBatches(database, _say, cache_away)

    async def first(self, key: bytes, request_id: UUID, for_s: float) -> First:
        """Who is the first to ask: this request, unless another did and has time left."""
        return await self._begun.ask(Beginning(key, request_id, for_s))

    async def said(self, key: bytes, request_id: UUID) -> None:
        """Kafka has this request; whether it is the first, or has no time left, is all the same."""
        await self._said.ask(Told(key, request_id))

    async def is_said(self, key: bytes, first: UUID) -> bool:
        """Whether Kafka has the first, as far as was noted; ``False`` too where it is waited for no more."""
        return bool(await self._soon(lambda c: c.fetchval(IS_SAID, key, first)))

    async def over(self, key: bytes, first: UUID) -> None:
        """Nobody waits for this one any more: the next who asks is the first."""
        await self._soon(lambda c: c.execute(OVER, key, first))

    async def expire(self, connection: "asyncpg.Connection") -> int:
        """Delete what is out of date, a bounded number at once; how many went."""
        return int((await connection.execute(EXPIRE, EXPIRE_AT_ONCE)).split()[-1])


async def _begin(connection: "asyncpg.Connection", asked: Sequence[Beginning]) -> list[First]:
    wanted = {each.key: each for each in reversed(asked)}
    rows = await connection.fetch(BEGIN, *zip(*wanted.values(), strict=True))
    stands = {row["key"]: First(row["request_id"], row["begun_at"], row["left_s"]) for row in rows}
    return [stands[each.key] for each in asked]


async def _say(connection: "asyncpg.Connection", told: Sequence[Told]) -> list[None]:
    await connection.execute(SAID, *zip(*told, strict=True))
    return [None] * len(told)
