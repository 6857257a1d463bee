"""Any order, duplication and batch split of the same events gives the same ledger, on a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ledger_database import new_ledger
from unit.ledger.late_story import settled
from unit.ledger.ledger_story import PATHS, Heard, Log, Story, revised, tripped

from infra.bus.rows import Poison, Rows
from infra.local.postgres import EmbeddedPostgres
from infra.store.database import Database
from schemas.topics import BY_EVENT
from schemas.vocabulary import Action, CostKind, Reason, Status, Verdict
from services.ledger.adapters.commuting_table import CommutingTable
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.tables import LEDGER
from services.ledger.handlers import Handlers

T = TypeVar("T")
TABLES = {table.name: CommutingTable(table) for table in LEDGER.tables.values()}
VIEWS = ("attempt_view", "request_view")
KEPT_READY = ("found", "hours", "alike", "answered", "undecided", "judgements", "graded")
HANDLERS = Handlers()
WORDS = "lane, task, tenant, state, reason, models, tiers, escalated"
SUMS = "cost_micro_usd, verified, unverified, recalled, bounded, attempts, tokens"
COUNTED = f"SELECT hour, {WORDS}, requests, {SUMS} FROM ledger.alike ORDER BY kind, hour"  # noqa: S608
TO_COUNT = f"""
SELECT date_trunc('hour', admitted_at, 'UTC') AS hour, {WORDS}, count(*) AS requests,
    sum(cost_micro_usd)::bigint AS cost_micro_usd, count(*) FILTER (WHERE status = 'verified') AS verified,
    count(*) FILTER (WHERE status = 'unverified') AS unverified,
    count(*) FILTER (WHERE state = 'completed' AND attempts = 0) AS recalled,
    count(*) FILTER (WHERE bounded) AS bounded,
    sum(attempts)::bigint AS attempts, sum(tokens)::bigint AS tokens
FROM ledger.finding GROUP BY 1, {WORDS} ORDER BY ledger.kind({WORDS}), 1
"""  # noqa: S608 the words are ours
ANSWERED = "SELECT hour, tenant, lane, tier, bucket, requests FROM ledger.answered ORDER BY 1, 2, 3, 4, 5"
TO_ANSWER = """
SELECT date_trunc('hour', admitted_at, 'UTC') AS hour, tenant, lane, tier, m.key::smallint AS bucket,
    count(*) AS requests
FROM ledger.found f, ledger.measures(f) m WHERE m.measure = 'ms' GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
UNDECIDED = "SELECT request_id FROM ledger.undecided ORDER BY 1"
TO_DECIDE = """
SELECT DISTINCT request_id FROM ledger.request_view JOIN ledger.checks c USING (request_id)
WHERE state = 'completed' AND status <> 'unverified' AND admitted_at IS NOT NULL
    AND (c.told_by, c.name) = ('accepted', 'policy') AND c.verdict <> 'pass' ORDER BY 1
"""
SPENT = "SELECT tenant, sum(cost_micro_usd)::bigint AS spent FROM ledger.alike GROUP BY 1 ORDER BY 1"
TO_SPEND = """
SELECT r.tenant, COALESCE(sum(a.cost_micro_usd), 0)::bigint AS spent
FROM ledger.requests r LEFT JOIN ledger.attempt_view a USING (request_id)
WHERE r.admitted_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""
OF_ATTEMPTS = """
SELECT each::text FROM (
    SELECT request_id, tier, model, provider, outcome, completed_at, input_tokens, output_tokens, cost_micro_usd,
        cost_kind, latency_ms
    FROM ledger.{}
) each ORDER BY 1
"""
SINCE, TO_VIEW = OF_ATTEMPTS.format("attempts_since('-infinity')"), OF_ATTEMPTS.format("attempt_view")
KEPT_AND_WORKED_OUT = (
    (COUNTED, TO_COUNT),
    (ANSWERED, TO_ANSWER),
    (UNDECIDED, TO_DECIDE),
    (SPENT, TO_SPEND),
    (SINCE, TO_VIEW),
)


@dataclass
class OneConnection:
    """What `Rows` asks of a database: all examples share a connection, each in a transaction that is undone."""

    connection: "asyncpg.Connection[Any]"

    async def patiently(self, work: Callable[["asyncpg.Connection[Any]"], Awaitable[T]]) -> T:
        return await work(self.connection)


@dataclass
class Ledger:
    """The ledger's tables in a database of their own."""

    runner: asyncio.Runner
    connection: "asyncpg.Connection[Any]"

    def after(self, batches: Sequence[Sequence[Heard]]) -> dict[str, list[tuple[Any, ...]]]:
        """What all tables and views hold after these batches alone."""
        return self.runner.run(self._after(batches))

    async def _after(self, batches: Sequence[Sequence[Heard]]) -> dict[str, list[tuple[Any, ...]]]:
        rows = Rows(cast("Database", OneConnection(self.connection)), TABLES)
        undone = self.connection.transaction()
        await undone.start()
        try:
            for batch in batches:
                outcomes = await rows.write([_handled(heard) for heard in batch])
                assert not any(isinstance(outcome, Poison) for outcome in outcomes), outcomes
                await Digest().some(self.connection, 1_000)
            await self.connection.execute("DELETE FROM ledger.hours WHERE value = 0")
            assert await self._rows("found") == await self._rows("finding")
            assert await self._rows("judgements") == await self._rows("judging")
            assert await self._rows("graded") == await self._rows("grading")
            for kept, worked_out in KEPT_AND_WORKED_OUT:
                assert await self.connection.fetch(kept) == await self.connection.fetch(worked_out)
            return {name: await self._rows(name) for name in (*TABLES, *VIEWS, *KEPT_READY)}
        finally:
            await undone.rollback()

    async def _rows(self, name: str) -> list[tuple[Any, ...]]:
        # S608: the name is one of ours.
        found = await self.connection.fetch(f"SELECT to_jsonb(t)::text FROM ledger.{name} t ORDER BY 1")  # noqa: S608
        return [tuple(row) for row in found]


def _handled(heard: Heard) -> Any:
    name = BY_EVENT[type(heard.event)].name.replace(".", "_")
    return getattr(HANDLERS, f"on_{name}")(heard.event, heard.received).writes


@pytest.fixture(scope="module")
def ledger(postgres: EmbeddedPostgres) -> Iterator[Ledger]:
    with asyncio.Runner() as runner:
        connection = runner.run(_connected(postgres))
        yield Ledger(runner, connection)
        runner.run(connection.close())


async def _connected(postgres: EmbeddedPostgres) -> "asyncpg.Connection[Any]":
    return await asyncpg.connect(await new_ledger(postgres))


@st.composite
def logs(draw: st.DrawFn) -> Log:
    """What a log may hold of two requests: retries, late answers, second dispatches, events said again."""
    log = Log()
    for name in ("one", "two")[: draw(st.integers(1, 2))]:
        story = Story(name)
        events = [story.profiled(), *_attempts(draw, story), *_ends(draw, story)]
        for event in events:
            log.say(event, step_ms=draw(st.integers(0, 2)))
    log.say(tripped())
    log.say(revised())
    log.say(revised(current=True))
    log.say(revised(current=True, author="grace"), step_ms=0)
    return log


def _attempts(draw: st.DrawFn, story: Story) -> list[Any]:
    events: list[Any] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        path = draw(st.sampled_from(PATHS))
        events += [story.dispatched(number, other) for other in PATHS if other is path or draw(st.booleans())]
        called = {
            "answered": [story.completed(number, path, cost=50 * number)],
            "failed": [story.failed(number, Reason.RATE_LIMITED, path)],
            "late": [
                story.failed(number, Reason.DEADLINE, path, kind=CostKind.BOUNDED),
                story.failed(number, Reason.TIMEOUT, path, cost=30),
                story.failed(number, Reason.STARVED, path, cost=40, kind=CostKind.BOUNDED),
                story.completed(number, path),
                story.completed(number, path, cost=60),
            ],
            "settled": [
                story.failed(number, Reason.DEADLINE, path, kind=CostKind.BOUNDED),
                story.failed(number, Reason.TIMEOUT, path, cost=90, kind=CostKind.BOUNDED),
                settled(story, number, path),
                settled(story, number, path),
            ],
            "undispatched": [story.failed(number, Reason.NO_ELIGIBLE_MODEL)],
        }
        events += called[draw(st.sampled_from(list(called)))]
        unsure = story.accepted(number, policy=Verdict.CANNOT_TELL)
        verdicts = [story.accepted(number), unsure, story.rejected(number), story.doubted(number)]
        events += draw(st.lists(st.sampled_from(verdicts), max_size=2))
        turn = draw(st.sampled_from([*Action]))
        events += [story.asked(number + 1) if turn is Action.HUMAN else story.escalated(number + 1, turn)]
    return events


def _ends(draw: st.DrawFn, story: Story) -> list[Any]:
    ends = [story.ended_well(), story.ended_badly(), story.cancelled(), story.deferred(), story.feedback()]
    again = [story.ended_well(latency_ms=500), story.ended_well(status=Status.UNVERIFIED)]
    again += [story.feedback(score=0.5), story.feedback(2)]
    return draw(st.lists(st.sampled_from([*ends, *again]), max_size=5, unique_by=id))


@st.composite
def deliveries(draw: st.DrawFn, heard: Sequence[Heard]) -> list[list[Heard]]:
    """All of it, some of it twice, in any order, cut into batches anywhere."""
    twice = draw(st.lists(st.sampled_from(heard), max_size=6))
    order = draw(st.permutations([*heard, *twice]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=5)))
    return [list(order[a:b]) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


# Shrinking would cost minutes; a failing example is printed as it was drawn.
@settings(
    max_examples=60,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_any_order_duplication_and_split_gives_the_same_tables(ledger: Ledger, data: st.DataObject) -> None:
    heard = data.draw(logs()).heard
    one_by_one = ledger.after([[event] for event in heard])
    assert ledger.after(data.draw(deliveries(heard))) == one_by_one


def test_the_same_events_again_do_not_touch_a_row(ledger: Ledger) -> None:
    story, log = Story(), Log()
    for event in (story.profiled(), story.dispatched(), story.completed(), story.accepted(), story.ended_well()):
        log.say(event)

    async def places(times: int) -> list[Any]:
        rows = Rows(cast("Database", OneConnection(ledger.connection)), TABLES)
        for _ in range(times):
            await rows.write([_handled(heard) for heard in log.heard])
        found = [await ledger.connection.fetch(f"SELECT ctid, xmin::text FROM ledger.{name}") for name in TABLES]  # noqa: S608
        return [tuple(row) for rows in found for row in rows]

    async def both() -> tuple[list[Any], list[Any]]:
        first = await places(1)
        again = await places(2)
        await ledger.connection.execute(f"TRUNCATE {', '.join(f'ledger.{name}' for name in TABLES)}")
        return first, again

    first, again = ledger.runner.run(both())
    assert first
    assert again == first


def test_of_two_dispatches_the_earlier_stays_and_the_one_that_answered_is_named(ledger: Ledger) -> None:
    story, log = Story(), Log()
    small, large = PATHS
    early, late = log.say(story.dispatched(1, small)), log.say(story.dispatched(1, large))
    answer = log.say(story.completed(1, large))
    held = ledger.after([[late], [answer], [early]])
    ((attempt,),) = held["attempts"]
    assert '"model": "small"' in attempt
    ((viewed,),) = held["attempt_view"]
    assert '"model": "large"' in viewed
