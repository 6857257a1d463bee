"""What the revision that counts answers finds there is counted, and a release before it goes on beside it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from ledger_database import release_before
from unit.ledger.ledger_story import DAWN

from infra.store.config import StoreConfig
from infra.store.migrate import migrate

FOUND = """
INSERT INTO ledger.found (request_id, admitted_at, lane, task, tenant, state, status, tier, models, tiers, escalated,
    latency_ms, cost_micro_usd, bounded, tokens, attempts)
VALUES ($1, $2, 'simple', 'faq', 'shop', $3, $4, $5, '{}', '{}', '{}', $6, 1, false, 7, $7)
"""
CHECK = """
INSERT INTO ledger.checks (request_id, number, told_by, position, name, verdict)
VALUES ($1, 1, 'accepted', 0, 'policy', $2)
"""
SUMS = "SELECT state, verified, unverified, recalled, bounded, attempts, tokens FROM ledger.alike ORDER BY state"
ANSWERED = "SELECT tier, bucket, requests FROM ledger.answered ORDER BY tier, bucket"


async def _found(connection: asyncpg.Connection, *words: Any, policy: str = "pass") -> UUID:
    request_id = uuid4()
    await connection.execute(CHECK, request_id, policy)
    await connection.execute(FOUND, request_id, DAWN + timedelta(minutes=5), *words)
    return request_id


async def test_what_was_there_is_counted_and_so_is_what_an_older_ledger_writes(store_config: StoreConfig) -> None:
    async with release_before(store_config.dsn, "answered") as before:
        first = await _found(before, "completed", "verified", 1, 400, 2, policy="cannot_tell")
        await _found(before, "completed", "unverified", 0, 400, 1, policy="cannot_tell")
        await _found(before, "open", None, None, None, 0)
        await migrate(store_config.dsn, "ledger")
        recalled = await _found(before, "completed", "verified", None, 3, 0)
        bucket = 122
        told = [tuple(each) for each in await before.fetch(SUMS)]
        assert told == [("completed", 2, 1, 1, 0, 3, 21), ("open", 0, 0, 0, 0, 0, 7)]
        assert [tuple(each) for each in await before.fetch(ANSWERED)] == [(0, bucket, 1), (1, bucket, 1), (None, 22, 1)]
        assert await _undecided(before) == [first]

        await before.execute("UPDATE ledger.checks SET verdict = 'pass'")
        await before.execute("UPDATE ledger.found SET tier = 0, bounded = true WHERE request_id = $1", first)
        await before.execute("DELETE FROM ledger.found WHERE request_id = $1", recalled)
        told = [tuple(each) for each in await before.fetch(SUMS)]
        assert told == [("completed", 1, 1, 0, 1, 3, 14), ("open", 0, 0, 0, 0, 0, 7)]
        assert [tuple(each) for each in await before.fetch(ANSWERED)] == [(0, bucket, 2)]
        assert await _undecided(before) == []


async def _undecided(connection: asyncpg.Connection) -> list[UUID]:
    return [each["request_id"] for each in await connection.fetch("SELECT request_id FROM ledger.undecided")]
