"""The files of batches in PostgreSQL: whose they are, and which objects hold their parts. No content is kept here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from infra.store.database import Database
from schemas.content import Body
from services.gateway.adapters.database_in_time import AskedInTime
from services.gateway.domain.batch import LIVE
from services.gateway.domain.files import Page, StoredFile, batches_away, checked_after, no_such_file

if TYPE_CHECKING:
    import asyncpg

LIVE_ONES = ", ".join(f"'{each}'" for each in LIVE)
COLUMNS = "id, tenant, purpose, filename, size, created_at, expires_at"
KEEP = f"""
INSERT INTO gateway.files (id, tenant, purpose, filename, size, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) RETURNING {COLUMNS}
"""  # noqa: S608 names of columns, written above
KEEP_PARTS = """
INSERT INTO gateway.file_parts (file_id, number, body, size)
SELECT $1, number, body, size FROM unnest($2::integer[], $3::text[], $4::bigint[]) AS new (number, body, size)
"""
FIND = f"SELECT {COLUMNS} FROM gateway.files WHERE tenant = $1 AND id = $2 AND expires_at > now()"  # noqa: S608
PARTS = "SELECT body, size FROM gateway.file_parts WHERE file_id = $1 ORDER BY number"
LIST = f"""
SELECT {COLUMNS} FROM gateway.files f
 WHERE tenant = $1 AND expires_at > now() AND ($2::text IS NULL OR purpose = $2)
   AND ($3::uuid IS NULL OR (f.created_at, f.id) %(beyond)s
       (SELECT a.created_at, a.id FROM gateway.files a WHERE a.id = $3 AND a.tenant = $1))
 ORDER BY f.created_at %(order)s, f.id %(order)s LIMIT $4
"""  # noqa: S608
STANDS = "SELECT true FROM gateway.files WHERE tenant = $1 AND id = $2"
USED_BY = f"SELECT id FROM gateway.batches WHERE input_file_id = $1 AND status IN ({LIVE_ONES}) LIMIT 1"  # noqa: S608
# Held while it is seen whether a batch reads it: one that begins meanwhile waits, and then finds it expired.
HOLD = "SELECT 1 FROM gateway.files WHERE id = $1 FOR UPDATE"
CLAIM = "UPDATE gateway.files SET expires_at = created_at WHERE id = $1"
IS_EMPTY = "SELECT size = 0 FROM gateway.files WHERE id = $1"
DROP = "DELETE FROM gateway.files WHERE id = $1"
DROP_PARTS = "DELETE FROM gateway.file_parts WHERE file_id = $1"
# One that a batch still reads is kept until that has ended.
EXPIRED = f"""
SELECT {COLUMNS} FROM gateway.files f WHERE expires_at < now() AND NOT EXISTS (
    SELECT 1 FROM gateway.batches b WHERE b.input_file_id = f.id AND b.status IN ({LIVE_ONES}))
   AND ($2::timestamptz IS NULL OR (expires_at, id) > ($2, $3::uuid))
 ORDER BY expires_at, id LIMIT $1
"""  # noqa: S608
LOCK_PARTS = f"{PARTS} FOR UPDATE"
REPLACE = """
UPDATE gateway.file_parts p SET body = new.body, size = new.size
  FROM unnest($2::integer[], $3::text[], $4::bigint[]) AS new (number, body, size)
 WHERE p.file_id = $1 AND p.number = new.number
"""
GROW = "UPDATE gateway.files SET size = size + $2 WHERE id = $1"
# What is not, or no more, a part of the file is erased by whoever looks next, also where its replacer dies.
LET_GO = "INSERT INTO gateway.replaced_parts (file_id, body) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING"
EXPIRE_AT_ONCE = 100


class PartChanged(Exception):
    """Another has put something else in the place of a part."""


class Part(NamedTuple):
    """Some of a file's bytes, by reference."""

    body: Body
    size: int


class NewFile(NamedTuple):
    """A file whose parts are kept already."""

    id: UUID
    tenant: str
    purpose: str
    filename: str
    size: int
    kept_s: float


class FileStore(AskedInTime):
    """Each call raises ``Refused`` when the database does not answer in time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, batches_away)

    async def keep(self, file: NewFile, parts: Sequence[Part]) -> StoredFile:
        """From now on there is this file."""

        async def write(connection: "asyncpg.Connection") -> StoredFile:
            async with connection.transaction():
                await connection.execute(KEEP_PARTS, file.id, list(range(len(parts))), _bodies(parts), _sizes(parts))
                return await insert_file(connection, file)

        return await self._soon(write)

    async def find(self, tenant: str, file_id: UUID) -> StoredFile:
        """A file of this tenant's. Raises ``Refused`` where there is none."""
        row = await self._soon(lambda c: c.fetchrow(FIND, tenant, file_id))
        if row is None:
            raise no_such_file()
        return StoredFile(*row)

    async def page(self, tenant: str, purpose: str | None, page: Page) -> tuple[list[StoredFile], bool]:
        """The files of a tenant in their order, and whether there are more."""
        order = {"beyond": ">", "order": "ASC"} if page.is_oldest_first else {"beyond": "<", "order": "DESC"}
        rows = await self._soon(lambda c: c.fetch(LIST % order, tenant, purpose, page.after, page.limit + 1))
        if page.after is not None and not rows:
            checked_after(await self._soon(lambda c: c.fetchval(STANDS, tenant, page.after)))
        return [StoredFile(*row) for row in rows[: page.limit]], len(rows) > page.limit

    async def parts(self, file_id: UUID) -> list[Part]:
        """Where its content lies, in order."""
        return [_part(row) for row in await self._soon(lambda c: c.fetch(PARTS, file_id))]

    async def replace(self, file_id: UUID, before: Sequence[Part], by: Mapping[int, Part]) -> None:
        """Other parts in the place of those of these numbers, all or none; what goes has to be erased.

        ``before``: the parts that it was found out from. Raises :class:`PartChanged` where one of them is another now.
        """

        async def replace(connection: "asyncpg.Connection") -> bool:
            async with connection.transaction():
                now = [_part(row) for row in await connection.fetch(LOCK_PARTS, file_id)]
                if is_changed := now[: len(before)] != list(before):
                    await _let_go(connection, file_id, by.values())
                elif by:
                    await _put_in_place(connection, file_id, before, by)
                return is_changed

        if await self._soon(replace):
            raise PartChanged(f"parts of file {file_id} were replaced meanwhile")

    async def let_go(self, file_id: UUID, parts: Collection[Part]) -> None:
        """These were kept for it, and are to be no part of it: they have to be erased."""
        await self._soon(lambda c: _let_go(c, file_id, parts))

    async def claim(self, file_id: UUID) -> UUID | None:
        """Let it expire now, so that no batch begins with it; or the batch that is not over, and reads it."""

        async def claim(connection: "asyncpg.Connection") -> UUID | None:
            async with connection.transaction():
                await connection.execute(HOLD, file_id)
                if (batch_id := await connection.fetchval(USED_BY, file_id)) is None:
                    await connection.execute(CLAIM, file_id)
                return batch_id

        return await self._soon(claim)

    async def is_empty(self, file_id: UUID) -> bool:
        """Whether it is there, and holds nothing."""
        return bool(await self._soon(lambda c: c.fetchval(IS_EMPTY, file_id)))

    async def drop(self, file_id: UUID) -> None:
        """It is there no more."""

        async def delete(connection: "asyncpg.Connection") -> None:
            async with connection.transaction():
                await connection.execute(DROP, file_id)
                await connection.execute(DROP_PARTS, file_id)

        await self._soon(delete)

    async def expired(self, after: StoredFile | None) -> list[StoredFile]:
        """Files whose time is over, a bounded number, in the order of that; past this one where one is given."""
        told = (after.expires_at, after.id) if after else (None, None)
        return [StoredFile(*row) for row in await self._soon(lambda c: c.fetch(EXPIRED, EXPIRE_AT_ONCE, *told))]


async def insert_file(connection: "asyncpg.Connection", file: NewFile) -> StoredFile:
    """Write a file's row; its parts are there."""
    row = await connection.fetchrow(KEEP, *file)
    assert row is not None  # noqa: S101 it was inserted
    return StoredFile(*row)


async def _put_in_place(
    connection: "asyncpg.Connection", file_id: UUID, before: Sequence[Part], by: Mapping[int, Part]
) -> None:
    gone = [before[number] for number in by]
    await connection.execute(REPLACE, file_id, list(by), _bodies(by.values()), _sizes(by.values()))
    await connection.execute(GROW, file_id, sum(_sizes(by.values())) - sum(_sizes(gone)))
    await _let_go(connection, file_id, gone)


async def _let_go(connection: "asyncpg.Connection", file_id: UUID, parts: Iterable[Part]) -> None:
    await connection.execute(LET_GO, file_id, _bodies(parts))


def _part(row: Sequence[Any]) -> Part:
    return Part(Body.read(row[0]), row[1])


def _bodies(parts: Iterable[Part]) -> list[str]:
    return [part.body.to_json().decode() for part in parts]


def _sizes(parts: Iterable[Part]) -> list[int]:
    return [part.size for part in parts]
