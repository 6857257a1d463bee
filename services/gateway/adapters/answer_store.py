"""Verified answers in PostgreSQL, for all replicas: kept for a time, within a size, and dropped when one was wrong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from infra.store.database import Database
from schemas.recall import Recalled
from services.gateway.adapters.database_in_time import AskedInTime, in_time
from services.gateway.adapters.dropped_answers import drop
from services.gateway.domain.cache import DROPPED_KEPT_HOURS, GIVEN_KEPT_HOURS, Bad, Given, Kept, cache_away

if TYPE_CHECKING:
    import asyncpg

FIND = "SELECT recalled FROM gateway.answers WHERE key = $1 AND tenant = $2 AND expires_at > now()"
# No feedback is noted meanwhile, so that what is noted by then is seen, and what is noted later sees what is kept.
ALONE = "LOCK TABLE gateway.dropped IN SHARE MODE"
# An end may be told twice: an answer that was dropped since does not come back by that.
KEEP = """
INSERT INTO gateway.answers AS a (key, tenant, request_id, recalled, expires_at)
SELECT key, tenant, request_id, recalled, now() + make_interval(secs => for_s)
  FROM unnest($1::bytea[], $2::text[], $3::uuid[], $4::bytea[], $5::integer[])
       AS new (key, tenant, request_id, recalled, for_s)
 WHERE NOT EXISTS (SELECT FROM gateway.dropped d WHERE d.request_id = new.request_id AND d.tenant IN ('', new.tenant))
 ORDER BY key
ON CONFLICT (key) DO UPDATE
   SET request_id = EXCLUDED.request_id, recalled = EXCLUDED.recalled, kept_at = now(), expires_at = EXCLUDED.expires_at
 WHERE a.request_id <> EXCLUDED.request_id
"""
GIVE = """
INSERT INTO gateway.given (request_id, tenant, first) SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[])
ON CONFLICT (request_id) DO NOTHING
"""
DROP_GIVEN = """
UPDATE gateway.answers a SET expires_at = now()
  FROM gateway.given g JOIN gateway.dropped d USING (request_id)
 WHERE g.request_id = ANY($1::uuid[]) AND a.request_id = g.first AND d.tenant IN ('', a.tenant) AND a.expires_at > now()
"""
EXPIRE = """
DELETE FROM gateway.answers WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM gateway.answers WHERE expires_at <= now() LIMIT $1))
"""
TRIM = """
DELETE FROM gateway.answers WHERE key IN (
    SELECT key FROM (
        SELECT key, sum(octet_length(recalled)) OVER (ORDER BY kept_at DESC, key) AS bytes FROM gateway.answers
    ) AS ranked WHERE bytes > $1)
"""
FORGET = """
DELETE FROM gateway.given WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM gateway.given WHERE given_at < now() - make_interval(hours => $1) LIMIT $2))
"""
FORGET_DROPPED = """
DELETE FROM gateway.dropped WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM gateway.dropped WHERE dropped_at < now() - make_interval(hours => $1) LIMIT $2))
"""
EXPIRE_AT_ONCE = 5_000
LOOK_WITHIN_S = 0.5
"""A cache that is slower than this is none."""


class AnswerStore(AskedInTime):
    """The newest answers, of ``max_bytes`` together at most. Raises ``Refused`` when the database is away."""

    def __init__(self, database: Database, max_bytes: int) -> None:
        super().__init__(database, cache_away)
        self._max_bytes = max_bytes

    async def find(self, key: bytes, tenant: str) -> Recalled | None:
        """The answer that is kept for this tenant, if it is not too old."""
        text = await in_time(self._database, lambda c: c.fetchval(FIND, key, tenant), cache_away, LOOK_WITHIN_S)
        return None if text is None else Recalled.read(text)

    async def write(self, kept: Sequence[Kept], given: Sequence[Given]) -> int:
        """Keep answers, the last of each key, and note which requests were given which.

        Returns how many of the kept ones were dropped at once: what was given had been called wrong by then.
        """
        newest = list({each.key: each for each in kept}.values())

        async def work(connection: "asyncpg.Connection") -> int:
            async with connection.transaction():
                await connection.execute(ALONE)
                if newest:
                    await connection.execute(KEEP, *zip(*map(_row, newest), strict=True))
                return await _give(connection, given) if given else 0

        return await self._soon(work)

    async def drop(self, bad: Bad) -> int:
        """Serve this request's answer no more, though it is kept later; how many were served until now."""
        return await self._soon(lambda connection: drop(connection, [bad]))

    @property
    def share_bytes(self) -> int:
        """How much a replica writes before it makes room again."""
        return max(1, self._max_bytes // 16)

    async def trim(self, connection: "asyncpg.Connection") -> None:
        """Delete the oldest beyond the size."""
        await connection.execute(TRIM, self._max_bytes)

    async def expire(self, connection: "asyncpg.Connection") -> int:
        """Delete what is too old, a bounded number at once; how many of the kind of which most went."""
        gone = await connection.execute(EXPIRE, EXPIRE_AT_ONCE)
        forgotten = await connection.execute(FORGET, GIVEN_KEPT_HOURS, EXPIRE_AT_ONCE)
        dropped = await connection.execute(FORGET_DROPPED, DROPPED_KEPT_HOURS, EXPIRE_AT_ONCE)
        return max(int(each.split()[-1]) for each in (gone, forgotten, dropped))


async def _give(connection: "asyncpg.Connection", given: Sequence[Given]) -> int:
    """Note what was given to whom; how many of these answers are dropped."""
    rows = ((each.request_id, each.tenant, each.first) for each in given)
    await connection.execute(GIVE, *zip(*rows, strict=True))
    done = await connection.execute(DROP_GIVEN, [each.request_id for each in given])
    return int(done.split()[-1])


def _row(kept: Kept) -> tuple[bytes, str, UUID, bytes, int]:
    return kept.key, kept.tenant, kept.recalled.request_id, kept.recalled.to_json(), kept.for_s
