"""Who drives a batch: one replica at a time, under a lease with a fence, until that runs out or is given back."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.store.database import Database
from services.gateway.adapters.batch_statements import LEASE, MINE, RELEASE, RENEW, STANDING
from services.gateway.adapters.database_in_time import AskedInTime
from services.gateway.domain.batch import LIVE, Batch, BatchStatus, LineError, Tally, Times
from services.gateway.domain.files import batches_away
from services.gateway.domain.turns import Standing

if TYPE_CHECKING:
    import asyncpg

LEASE_S = 10.0
LIVE_ONES = [str(each) for each in LIVE]


class LeaseLost(Exception):
    """Another replica drives the batch now."""


class Leased(NamedTuple):
    """A batch that is driven here. ``fence``: what is written under a lower one counts no more."""

    batch: Batch
    fence: int


class Renewed(NamedTuple):
    """How a batch stands that is driven here. ``is_over``: its window is past."""

    status: BatchStatus
    is_over: bool


class BatchLeases(AskedInTime):
    """Raises ``Refused`` when the database does not answer in time; only :meth:`renew` waits for it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, batches_away)

    async def standing(self) -> dict[str, Standing]:
        """The tenants that have batches to drive, and how many of these are driven."""
        rows = await self._soon(lambda c: c.fetch(STANDING, LIVE_ONES))
        return {row["tenant"]: Standing(row["driven"], row["waiting"], row["last_at"]) for row in rows}

    async def lease(self, most: int, tenant: str | None = None, *, is_over: bool = False) -> list[Leased]:
        """Batches that nobody drives, now driven here, the oldest first: of this tenant or any, within their window
        or past it.
        """
        rows = await self._soon(lambda c: c.fetch(LEASE, LEASE_S, LIVE_ONES, most, tenant, is_over))
        return [Leased(batch_of(row), row["fence"]) for row in rows]

    async def renew(self, leased: Leased) -> Renewed:
        """Go on driving it. Raises :class:`LeaseLost`."""
        row = await self._database.patiently(lambda c: c.fetchrow(RENEW, leased.batch.id, leased.fence, LEASE_S))
        if row is None:
            raise LeaseLost
        return Renewed(BatchStatus(row["status"]), row["is_over"])

    async def release(self, leased: Leased) -> None:
        """Another may drive it at once."""
        await self._soon(lambda c: c.execute(RELEASE, leased.batch.id, leased.fence))


async def held(connection: "asyncpg.Connection", leased: Leased) -> str:
    """How the batch stands, which nobody else changes until this is written. Raises :class:`LeaseLost`."""
    status = await connection.fetchval(MINE, leased.batch.id, leased.fence)
    if status is None:
        raise LeaseLost
    return str(status)


def batch_of(row: Mapping[str, Any]) -> Batch:
    """A batch as its row tells it."""
    return Batch(
        id=row["id"],
        tenant=row["tenant"],
        key_id=row["key_id"],
        status=BatchStatus(row["status"]),
        endpoint=row["endpoint"],
        input_file_id=row["input_file_id"],
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        output_kept_s=row["output_kept_s"],
        total=row["total"],
        tally=Tally(*(row[name] for name in Tally._fields)),
        times=Times(*(row[name] for name in Times._fields)),
        errors=[LineError(*each) for each in json.loads(row["errors"])],
        output_file_id=row["output_file_id"],
        error_file_id=row["error_file_id"],
    )
