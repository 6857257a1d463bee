"""API keys and their pace in PostgreSQL."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.store.database import Database
from services.gateway.adapters.database_in_time import AskedInTime
from services.gateway.domain.keys import SECRET_BYTES, Key, Wish, hashed, rotated_already, secret_of
from services.gateway.domain.problems import keys_away

if TYPE_CHECKING:
    import asyncpg

COLUMNS = """id, name, tenant, scopes, lanes, data_classes, requests_per_minute, tokens_per_minute, created_at,
expires_at, revoked_at, paced_as"""
FIND = f"SELECT {COLUMNS} FROM gateway.keys WHERE hash = $1"  # noqa: S608 names of columns, written above
NAMED = f"SELECT {COLUMNS} FROM gateway.keys WHERE id = $1"  # noqa: S608
LIST = f"""
SELECT {COLUMNS} FROM gateway.keys WHERE $1::text IS NULL OR tenant = $1 ORDER BY created_at DESC, id LIMIT 1000
"""  # noqa: S608
CREATE = f"""
INSERT INTO gateway.keys (id, hash, name, tenant, scopes, lanes, data_classes, requests_per_minute, tokens_per_minute,
                          expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {COLUMNS}
"""  # noqa: S608
REVOKE = f"""
UPDATE gateway.keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1 RETURNING {COLUMNS}
"""  # noqa: S608
IS_GOOD = "id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"
# Only a key that is good can be followed by another, and by one: it ends no later, and has no pace of its own.
ROTATE = f"""
WITH old AS (
    SELECT * FROM gateway.keys WHERE {IS_GOOD} AND replaced_by IS NULL FOR UPDATE
), ending AS (
    UPDATE gateway.keys k SET expires_at = least(k.expires_at, now() + $4), replaced_by = $2
      FROM old WHERE k.id = old.id RETURNING k.expires_at
)
INSERT INTO gateway.keys (id, hash, name, tenant, scopes, lanes, data_classes, requests_per_minute, tokens_per_minute,
                          expires_at, paced_as)
SELECT $2, $3, name, tenant, scopes, lanes, data_classes, requests_per_minute, tokens_per_minute, expires_at,
       coalesce(paced_as, id) FROM old
RETURNING {COLUMNS}, (SELECT expires_at FROM ending) AS old_ends_at
"""  # noqa: S608
FOLLOWER = f"SELECT replaced_by FROM gateway.keys WHERE {IS_GOOD}"  # noqa: S608
# Each amount moves a due time on by its share of a minute; it is let in while no due time is over a minute ahead.
PACE = """
INSERT INTO gateway.paces AS p (key_id, requests_due, tokens_due) VALUES ($1, now() + $2, now() + $3)
ON CONFLICT (key_id) DO UPDATE
   SET requests_due = greatest(p.requests_due, now()) + $2, tokens_due = greatest(p.tokens_due, now()) + $3
 WHERE greatest(p.requests_due, now()) + $2 <= now() + interval '1 minute'
   AND greatest(p.tokens_due, now()) + $3 <= now() + interval '1 minute'
RETURNING 1
"""
WAIT = """
SELECT greatest(requests_due + $2, tokens_due + $3) - interval '1 minute' - now() FROM gateway.paces WHERE key_id = $1
"""
CORRECT = "UPDATE gateway.paces SET tokens_due = tokens_due + $2 WHERE key_id = $1"


class KeyStore(AskedInTime):
    """Each call raises ``Refused`` when the database does not answer in time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, keys_away)

    async def find(self, secret: str) -> Key | None:
        """The key with this secret."""
        return _key(await self._soon(lambda c: c.fetchrow(FIND, hashed(secret))))

    async def named(self, key_id: str) -> Key | None:
        """The key of this id."""
        return _key(await self._soon(lambda c: c.fetchrow(NAMED, key_id)))

    async def all_of(self, tenant: str | None) -> list[Key]:
        """The keys of a tenant, or of all; the newest first."""
        rows = await self._soon(lambda c: c.fetch(LIST, tenant))
        return [Key.of(dict(row)) for row in rows]

    async def create(self, wish: Wish) -> tuple[Key, str]:
        """A new key, and its secret, which is kept nowhere."""
        key_id, secret = _drawn()
        told = wish.model_dump(exclude={"expires_at"}).values()
        row = await self._soon(lambda c: c.fetchrow(CREATE, key_id, hashed(secret), *told, wish.expires_at))
        return Key.of(dict(row)), secret

    async def revoke(self, key_id: str) -> Key | None:
        """The key, from now on good for nothing; ``None`` when there is no such key."""
        return _key(await self._soon(lambda c: c.fetchrow(REVOKE, key_id)))

    async def rotate(self, key_id: str, overlap: timedelta) -> tuple[Key, str, datetime] | None:
        """A key like it, with its secret, and when the old one ends; ``None`` when there is no good key of this id.

        Raises ``Refused`` where one follows it already: more of them would be left behind unseen.
        """
        new_id, secret = _drawn()
        row = await self._soon(lambda c: c.fetchrow(ROTATE, key_id, new_id, hashed(secret), overlap))
        if row is not None:
            return Key.of(dict(row)), secret, row["old_ends_at"]
        if follower := await self._soon(lambda c: c.fetchval(FOLLOWER, key_id)):
            raise rotated_already(key_id, follower)
        return None

    async def pace(self, key_id: str, request: timedelta, tokens: timedelta) -> timedelta | None:
        """Let a request in, or say how long the key must wait that is paced as this one."""

        async def take(connection: "asyncpg.Connection") -> timedelta | None:
            if await connection.fetchval(PACE, key_id, request, tokens):
                return None
            return await connection.fetchval(WAIT, key_id, request, tokens)

        return await self._soon(take)

    async def correct(self, key_id: str, tokens: timedelta) -> None:
        """Take back, or add, what was reckoned wrongly."""
        await self._soon(lambda c: c.execute(CORRECT, key_id, tokens))


def _drawn() -> tuple[str, str]:
    key_id = secrets.token_hex(6)
    return key_id, secret_of(key_id, secrets.token_bytes(SECRET_BYTES))


def _key(row: Mapping[str, Any] | None) -> Key | None:
    return None if row is None else Key.of(dict(row))
