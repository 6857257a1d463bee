"""Requests that are alike, counted together: searches that read the counts first, and sums that stay right."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ledger_at_work import Api, api, escalated_once
from ledger_database import new_ledger, release_before
from unit.ledger.ledger_story import DAWN, Story

from infra.local.postgres import EmbeddedPostgres
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.engine import engine_of
from infra.store.migrate import migrate
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.ledger_reader import LedgerReader
from services.ledger.domain.reading import Cursor, Wanted
from services.ledger.domain.story import RequestState

__all__ = ["api"]

COUNTED = "SELECT hour, kind, requests, cost_micro_usd FROM ledger.alike ORDER BY 1, 2"
TO_COUNT = """
SELECT date_trunc('hour', admitted_at, 'UTC'), ledger.kind(lane, task, tenant, state, reason, models, tiers, escalated),
    count(*), sum(cost_micro_usd)::bigint
FROM ledger.finding GROUP BY 1, 2 ORDER BY 1, 2
"""
ROW = """
INSERT INTO ledger.found (request_id, admitted_at, lane, task, tenant, state, reason, models, tiers, escalated,
    cost_micro_usd, bounded, tokens, attempts)
VALUES ($1, $2, $3, 'faq', $4, $5, NULL, $6, $7, $8, 1, false, 1, 1)
"""
REQUEST = "INSERT INTO ledger.requests (request_id, admitted_at, tenant, lane, task) VALUES ($1, $2, $4, $3, 'faq')"


@dataclass(frozen=True)
class Row:
    """A request as a search sees it."""

    request_id: UUID
    admitted_at: datetime
    lane: str
    tenant: str
    state: str
    models: tuple[str, ...]
    escalated: tuple[str, ...]

    def has(self, wanted: Wanted) -> bool:
        """What a search should find, said without the database."""
        words = (
            (wanted.lane, {self.lane}),
            (wanted.tenant, {self.tenant}),
            (wanted.state, {self.state}),
            (wanted.model, {*self.models}),
            (wanted.tier, {*range(len(self.models))}),
            (wanted.reason, {*self.escalated}),
        )
        since, until = wanted.since or self.admitted_at, wanted.until or self.admitted_at + timedelta(1)
        return all(word is None or word in has for word, has in words) and since <= self.admitted_at < until


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Requests of three hours, several of one moment."""
    row = st.builds(
        Row,
        st.uuids(),
        st.integers(0, 179).map(lambda minute: DAWN + timedelta(minutes=minute)),
        st.sampled_from(("simple", "critical")),
        st.sampled_from(("shop", "desk")),
        st.sampled_from(("completed", "failed")),
        st.sampled_from((("small",), ("small", "large"))),
        st.sampled_from(((), ("timeout",))),
    )
    return draw(st.lists(row, max_size=25, unique_by=lambda each: each.request_id))


def maybe(*words: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, *words))


MOMENTS = st.none() | st.integers(0, 180).map(lambda minute: DAWN + timedelta(minutes=minute))
WANTED = st.builds(
    Wanted,
    limit=st.integers(1, 4),
    state=maybe(RequestState.COMPLETED, RequestState.OPEN),
    lane=maybe("simple", "nowhere"),
    task=st.just("faq"),
    tenant=maybe("shop"),
    model=maybe("large", "none"),
    tier=maybe(1),
    reason=maybe("timeout"),
    since=MOMENTS,
    until=MOMENTS,
)


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> Iterator[tuple[asyncio.Runner, str]]:
    with asyncio.Runner() as runner:
        yield runner, runner.run(new_ledger(postgres))


@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(held=rows(), wanted=WANTED)
def test_page_by_page_a_search_finds_what_has_its_words(
    database: tuple[asyncio.Runner, str], held: list[Row], wanted: Wanted
) -> None:
    runner, dsn = database
    expected = sorted((row for row in held if row.has(wanted)), key=lambda row: (row.admitted_at, row.request_id))
    assert runner.run(_paged(dsn, held, wanted)) == [row.request_id for row in reversed(expected)]


async def _paged(dsn: str, held: Sequence[Row], wanted: Wanted) -> list[UUID]:
    connection = await asyncpg.connect(dsn)
    engine = engine_of(dsn)
    try:
        await connection.execute("DELETE FROM ledger.found")
        await connection.execute("DELETE FROM ledger.requests")
        assert await connection.fetchval("SELECT count(*) FROM ledger.alike") == 0
        told = [(*_words(row), list(range(len(row.models))), list(row.escalated)) for row in held]
        await connection.executemany(ROW, told)
        await connection.executemany(REQUEST, [(row.request_id, row.admitted_at, row.lane, row.tenant) for row in held])
        return await _all_pages(LedgerReader(engine), wanted)
    finally:
        await engine.dispose()
        await connection.close()


def _words(row: Row) -> tuple[Any, ...]:
    return row.request_id, row.admitted_at, row.lane, row.tenant, row.state, list(row.models)


async def _all_pages(reader: LedgerReader, wanted: Wanted) -> list[UUID]:
    found: list[UUID] = []
    while True:
        page = await reader.newest(wanted)
        found += [line.request_id for line in page.requests]
        if page.next is None:
            return found
        wanted = replace(wanted, after=Cursor.of(page.next))


async def test_several_ledgers_that_hear_the_same_twice_count_it_once(api: Api) -> None:
    logs = [escalated_once(Story(f"request {n}", admitted_at=DAWN + timedelta(minutes=7 * n))) for n in range(30)]
    half = [log.heard[: len(log.heard) // 2] for log in logs]
    await asyncio.gather(*(api.hear(heard) for heard in (*half, *(log.heard for log in logs), *half)))
    await asyncio.gather(*(_digested(api.database) for _ in range(3)))
    counted = await api.database.pool.fetch(COUNTED)
    assert counted == await api.database.pool.fetch(TO_COUNT)
    assert sum(row["requests"] for row in counted) == 30


async def _digested(database: Database) -> None:
    while await database.pool.fetchval("SELECT count(*) FROM ledger.touched"):
        await database.patiently(lambda connection: Digest().some(connection, 7))


@pytest.fixture
async def before(store_config: StoreConfig) -> AsyncIterator[asyncpg.Connection]:
    async with release_before(store_config.dsn, "alike") as connection:
        yield connection


async def test_what_was_there_is_counted_and_an_older_ledger_may_go_on_meanwhile(
    before: asyncpg.Connection, store_config: StoreConfig
) -> None:
    row = (DAWN, "simple", "shop", "completed", ["small"], [0], [])
    first, second, third = uuid4(), uuid4(), uuid4()
    await before.execute(ROW, first, *row)
    async with before.transaction():
        await before.execute("SELECT pg_advisory_xact_lock(hashtext('ledger.digest'))")
        await before.execute(ROW, second, *row)
        migrating = asyncio.create_task(migrate(store_config.dsn, "ledger"))
        while not await before.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not migrating.done()
    await migrating
    await before.execute(ROW, third, *row)
    await before.execute("UPDATE ledger.found SET state = 'failed', cost_micro_usd = 5 WHERE request_id = $1", first)
    told = await before.fetch("SELECT state, requests, cost_micro_usd FROM ledger.alike ORDER BY 1")
    assert [tuple(each) for each in told] == [("completed", 2, 2), ("failed", 1, 5)]
