"""The door in: admissions in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from schemas.reaction import DONE, Write
from services.profiler.adapters.budget_store import Asked, hold_all
from services.profiler.domain.admit import DUPLICATE, REUSED, Admission
from services.profiler.domain.budget import Hold
from services.profiler.domain.by_outcome import under

if TYPE_CHECKING:
    import asyncpg

# The update changes nothing: it is there so that RETURNING shows the row that stands.
ADMIT = """
INSERT INTO profiler.admissions AS a (request_id, tenant, body_hash, origin, revision)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::text[])
ON CONFLICT (request_id) DO UPDATE SET request_id = a.request_id
RETURNING request_id, body_hash, origin, revision, outcome, xmax = 0 AS is_new
"""
# Only with the record that let the first one in, and none of one that was refused: sent again, it is not asked for once
# more.
ADMIT_MIRRORS = """
INSERT INTO profiler.admissions AS a (request_id, tenant, body_hash, origin, revision)
SELECT m.request_id, m.tenant, m.body_hash, m.origin, m.revision
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::uuid[])
       AS m (request_id, tenant, body_hash, origin, revision, mirrors)
  JOIN profiler.admissions first ON (first.request_id, first.origin) = (m.mirrors, m.origin)
 WHERE coalesce(first.outcome, 'done') = 'done'
ON CONFLICT (request_id) DO UPDATE SET request_id = a.request_id
RETURNING request_id, body_hash, origin, revision, outcome, xmax = 0 AS is_new
"""
FORGET = """
DELETE FROM profiler.admissions WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM profiler.admissions
    WHERE admitted_at < now() - make_interval(days => $1) AND held_micro_usd IS NULL LIMIT $2))
"""
FORGET_AT_ONCE = 5_000


class AdmissionStore:
    """Implements :class:`infra.store.table.Table`: ``done`` the first time and from the same offset again.

    What was let in under another revision than it is asked under now comes with that one's name: see ``under``.
    """

    async def write(self, connection: "asyncpg.Connection", writes: Sequence[Write]) -> Mapping[object, str]:
        rows: dict[object, Admission] = {write.key: write.row for write in writes}
        if all(row.hold is None and row.mirrors is None for row in rows.values()):
            return await self._admit(connection, rows)
        async with connection.transaction():
            return await self._admit(connection, rows)

    async def _admit(self, connection: "asyncpg.Connection", rows: Mapping[object, Admission]) -> Mapping[object, str]:
        first = [_columns(row) for row in rows.values() if row.mirrors is None]
        then = [(*_columns(row), row.mirrors) for row in rows.values() if row.mirrors is not None]
        stand = await connection.fetch(ADMIT, *zip(*first, strict=True)) if first else []
        stand += await connection.fetch(ADMIT_MIRRORS, *zip(*then, strict=True)) if then else []
        outcomes: dict[object, str] = dict.fromkeys((row[0] for row in then), DUPLICATE)
        outcomes |= {row["request_id"]: _outcome(rows[row["request_id"]], row) for row in stand}
        new = [rows[row["request_id"]] for row in stand if row["is_new"]]
        asked = [(row.request_id, row.tenant, _hold_of(row, rows), row.mirrors) for row in new]
        if held := [Asked(request_id, tenant, hold, first) for request_id, tenant, hold, first in asked if hold]:
            outcomes |= await hold_all(connection, held)
        return outcomes

    async def forget(self, connection: "asyncpg.Connection", days: int) -> int:
        """Delete admissions older than this that hold nothing, a bounded number at once; how many went."""
        return int((await connection.execute(FORGET, days, FORGET_AT_ONCE)).split()[-1])


def _hold_of(row: Admission, rows: Mapping[object, Admission]) -> Hold | None:
    """What is held for it. A mirror whose first holds something is held with it, also at nothing: both are refused."""
    first = rows.get(row.mirrors)
    if row.hold is None and first is not None and first.hold is not None:
        return replace(first.hold, micro_usd=0, limits=())
    return row.hold


def _columns(row: Admission) -> tuple[UUID, str, bytes, str, str]:
    return row.request_id, row.tenant, row.body_hash, row.origin, row.revision


def _outcome(asked: Admission, stands: Mapping[str, Any]) -> str:
    if stands["origin"] == asked.origin:
        return under(stands["outcome"] or DONE, stands["revision"], asked.revision)
    return DUPLICATE if stands["body_hash"] == asked.body_hash else REUSED
