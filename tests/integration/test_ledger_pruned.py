"""Letting go of old requests: all that is of them goes, sums and scores stay, and nothing comes back by halves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ledger_at_work import Api, api, escalated_once
from unit.ledger.ledger_story import Heard, Log, Story

from services.ledger.adapters.derived import DERIVED
from services.ledger.adapters.digest import Digest
from services.ledger.adapters.pruning import OF_PATHS, OF_REQUESTS, Pruned, Pruning
from services.ledger.adapters.tables import LEDGER
from services.ledger.loops import run_pruning

__all__ = ["api"]
KEEP_DAYS = 8
NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=KEEP_DAYS, hours=2), NOW - timedelta(days=KEEP_DAYS - 1)
SUMS = ("ledger.hours", "ledger.alike", "ledger.answered", "ledger.undecided", "ledger.scores")
OF_THE_DIGEST = {"ledger.touched", "ledger.strays"}


async def pruned(api: Api, at_once: int = 1_000) -> Pruned:
    return await api.database.patiently(lambda connection: Pruning(KEEP_DAYS).some(connection, at_once))


async def worked_out(api: Api) -> None:
    await api.database.patiently(lambda connection: Digest().some(connection, 1_000))


async def rows(api: Api, table: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in await api.database.pool.fetch(f"SELECT * FROM {table}")), key=str)  # noqa: S608


async def sums(api: Api) -> dict[str, list[tuple[Any, ...]]]:
    return {table: await rows(api, table) for table in SUMS}


async def requests_of(api: Api, table: str) -> set[Any]:
    return {row["request_id"] for row in await api.database.pool.fetch(f"SELECT request_id FROM {table}")}  # noqa: S608


def told(name: str, admitted_at: datetime) -> list[Heard]:
    return escalated_once(Story(name, admitted_at=admitted_at)).heard


def test_each_table_of_requests_is_let_go_of_or_is_kept_on_purpose() -> None:
    tables = [*LEDGER.tables.values(), *DERIVED.tables.values()]
    of_requests = {table.fullname for table in tables if "request_id" in table.columns}
    assert of_requests - set(OF_REQUESTS) - set(OF_PATHS) - OF_THE_DIGEST == {"ledger.undecided"}


async def test_all_of_an_old_request_goes_and_all_of_a_newer_one_stays(api: Api) -> None:
    old, new = Story("old", admitted_at=OLD), Story("new", admitted_at=NEW)
    await api.hear([*told("old", OLD), *told("new", NEW)])
    filled = [table for table in OF_REQUESTS if old.request_id in await requests_of(api, table)]
    assert {"ledger.requests", "ledger.attempts", "ledger.checks", "ledger.feedback", "ledger.found"} <= set(filled)
    assert (await pruned(api)).requests == 1
    for table in filled:
        assert await requests_of(api, table) == {new.request_id}, table
    await api.get(f"/requests/{old.request_id}", 404)
    kept = await api.get("/kept")
    assert [datetime.fromisoformat(kept[name]) for name in ("oldest", "gone_through")] == [NEW, OLD]
    assert (await pruned(api)).requests == 0


async def test_an_empty_ledger_keeps_nothing_and_let_go_of_nothing(api: Api) -> None:
    assert await api.get("/kept") == {"oldest": None, "gone_through": None}


async def test_sums_and_scores_stay_as_they_were(api: Api) -> None:
    await api.hear([*told("old", OLD), *told("new", NEW)])
    before = await sums(api)
    spans = {"since": OLD.isoformat(), "until": NOW.isoformat()}
    asked = [await api.get(path, **spans) for path in ("/overview", "/tenants")]
    assert before["ledger.hours"] and asked[0]["total"]["requests"] == 2
    await pruned(api)
    assert await sums(api) == before
    assert [await api.get(path, **spans) for path in ("/overview", "/tenants")] == asked


async def test_what_was_not_worked_out_is_counted_before_it_goes(api: Api) -> None:
    await api.write(told("old", OLD))
    assert await rows(api, "ledger.hours") == []
    await pruned(api)
    overview = await api.get("/overview", since=OLD.isoformat(), until=NOW.isoformat())
    assert (overview["total"]["requests"], overview["total"]["completed"]) == (1, 1)
    assert await rows(api, "ledger.touched") == []


async def test_a_search_by_words_finds_what_is_kept_page_by_page(api: Api) -> None:
    names = [f"request {nth}" for nth in range(4)]
    times = (OLD, NEW, NEW + timedelta(hours=2), OLD - timedelta(hours=3))
    await api.hear([heard for name, at in zip(names, times, strict=True) for heard in told(name, at)])
    await pruned(api)
    first = await api.get("/requests", lane="simple", limit=1)
    second = await api.get("/requests", lane="simple", limit=1, cursor=first["next"])
    found = [line["request_id"] for page in (first, second) for line in page["requests"]]
    assert found == [str(Story(name).request_id) for name in (names[2], names[1])]
    assert second["next"] is None


async def test_what_is_read_again_is_counted_once_and_goes_again(api: Api) -> None:
    await api.hear(told("old", OLD))
    before = await sums(api)
    await pruned(api)
    await api.hear(told("old", OLD))
    assert {table: each for table, each in (await sums(api)).items() if table != "ledger.scores"} == {
        table: each for table, each in before.items() if table != "ledger.scores"
    }
    assert (await pruned(api)).requests == 1
    assert await rows(api, "ledger.requests") == []


async def test_what_comes_late_of_a_request_that_went_goes_as_well(api: Api) -> None:
    old = Story("old", admitted_at=OLD)
    await api.hear(told("old", OLD))
    judged = await rows(api, "ledger.judgements")
    await pruned(api)
    log = Log()
    log.say(old.feedback())
    await api.hear(log.heard)
    assert await rows(api, "ledger.judgements") == judged
    await pruned(api)
    assert await requests_of(api, "ledger.feedback") == {old.request_id}
    await api.database.pool.execute("UPDATE ledger.strays SET seen_at = $1", OLD)
    await pruned(api)
    assert await requests_of(api, "ledger.feedback") == set()
    assert await rows(api, "ledger.strays") == []


async def test_what_came_before_its_request_is_no_stray_once_that_is_there(api: Api) -> None:
    new = Story("new", admitted_at=NEW)
    heard = told("new", NEW)
    await api.hear([one for one in heard if one.received.topic != "request.profiled"])
    await api.hear(heard)
    await api.database.pool.execute("UPDATE ledger.strays SET seen_at = $1", OLD)
    assert await requests_of(api, "ledger.strays") == {new.request_id}
    await pruned(api)
    assert await requests_of(api, "ledger.strays") == set()
    assert await requests_of(api, "ledger.attempts") == {new.request_id}


async def test_two_ledgers_let_go_batch_by_batch_while_a_third_works_out(api: Api) -> None:
    logs = [told(f"request {nth}", OLD - timedelta(minutes=nth)) for nth in range(30)]
    await api.write([heard for log in logs for heard in log])

    async def until_none_is_left() -> int:
        requests = 0
        while (turn := await pruned(api, at_once=4)).more:
            requests += turn.requests
        return requests + turn.requests

    first, second, _ = await asyncio.gather(until_none_is_left(), until_none_is_left(), worked_out(api))
    assert first + second == 30
    overview = await api.get("/overview", since=(OLD - timedelta(days=1)).isoformat(), until=NOW.isoformat())
    assert overview["total"]["requests"] == 30
    assert await rows(api, "ledger.found") == await rows(api, "ledger.touched") == []


async def test_the_newest_that_a_score_reads_stay_however_old_they_are(api: Api) -> None:
    await api.hear(told("old", OLD))
    copies = """
    INSERT INTO ledger.judgements SELECT gen_random_uuid(), model, provider, task, judged_at - make_interval(secs => n),
        accepted, success, cost_micro_usd, latency_ms, tenant
    FROM ledger.judgements, generate_series(1, 1200) n
    """
    await api.database.pool.execute("UPDATE ledger.judgements SET judged_at = $1", OLD)
    await api.database.pool.execute(copies)
    paths = await api.database.pool.fetchval("SELECT count(*) FROM ledger.scores")
    while (await pruned(api, at_once=100)).more:
        pass
    left = await api.database.pool.fetch("SELECT count(*) FROM ledger.judgements GROUP BY task, model, provider")
    assert [row["count"] for row in left] == [1_000] * paths


async def test_the_loop_goes_on_until_nothing_is_too_old_and_tells_how_much_it_was(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "services.ledger.loops")
    await api.hear(told("old", OLD))
    turns: asyncio.Queue[Pruned] = asyncio.Queue()
    loop = asyncio.create_task(run_pruning(api.database, Pruning(KEEP_DAYS), turns.put_nowait, rest_s=0.01))
    assert [(await turns.get()).requests for _ in range(2)] == [1, 0]
    loop.cancel()
    assert [record.message.split(" before ")[0] for record in caplog.records] == [
        "let go of 1 requests that were admitted"
    ]
