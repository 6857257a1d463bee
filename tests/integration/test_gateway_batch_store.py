"""Batches in real PostgreSQL: one driver at a time, one request a try, and every line's end noted once."""

import asyncio
from uuid import UUID, uuid4

import pytest
from gateway_database import database

from infra.store.database import Database
from schemas.content import Body
from services.gateway.adapters.batch_leases import Leased, LeaseLost
from services.gateway.adapters.batch_lines import Flush
from services.gateway.adapters.batch_store import BatchStore
from services.gateway.adapters.file_store import FileStore, NewFile, Part
from services.gateway.domain.batch import Batch, BatchStatus, NewBatch, Tally
from services.gateway.domain.files import Page
from services.gateway.domain.problems import Refused
from services.gateway.domain.turns import Standing

__all__ = ["database"]

ASKED = NewBatch(input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h")
OUTPUT, ERRORS = uuid4(), uuid4()
FILES = [NewFile(file_id, "one", "batch_output", "a.jsonl", 0, 3_600.0) for file_id in (OUTPUT, ERRORS)]


def part(size: int) -> Part:
    return Part(Body(ref="2026-03-01/" + "0" * 32, sha256="", bytes=size), size)


@pytest.fixture
def store(database: Database) -> BatchStore:
    return BatchStore(database)


async def begun(store: BatchStore, key: str | None = None, tenant: str = "one") -> Batch:
    """A batch of a file of its own."""
    return await store.create(tenant, None, ASKED, await sent(store, tenant=tenant), key)


async def sent(store: BatchStore, size: int = 7, tenant: str = "one") -> UUID:
    file = NewFile(uuid4(), tenant, "batch", "in.jsonl", size, 3_600.0)
    return (await FileStore(store._database).keep(file, [part(size)] if size else [])).id


async def leased(store: BatchStore) -> Leased:
    await begun(store)
    [found] = await store.leases.lease(8)
    return found


async def run_out(database: Database) -> None:
    await database.pool.execute("UPDATE gateway.batches SET leased_until = now()")


async def test_one_drives_it_and_another_once_the_lease_is_over(store: BatchStore, database: Database) -> None:
    first = await leased(store)
    assert await store.leases.lease(8) == []
    await run_out(database)
    [second] = await store.leases.lease(8)
    assert (second.batch.id, second.fence) == (first.batch.id, first.fence + 1)
    for late in (store.leases.renew(first), store.begin(first, 3), store.finalize(first)):
        with pytest.raises(LeaseLost):
            await late
    await store.leases.release(first)
    assert await store.leases.lease(8) == [], "who lost it does not give it away"
    await store.leases.release(second)
    assert len(await store.leases.lease(8)) == 1


async def test_many_who_look_at_once_take_each_batch_once(store: BatchStore) -> None:
    for _ in range(6):
        await begun(store)
    taken = await asyncio.gather(*(store.leases.lease(4) for _ in range(5)))
    ids = [each.batch.id for some in taken for each in some]
    assert len(ids) == len(set(ids)) == 6


async def test_it_is_told_whose_batches_wait_and_when_each_tenant_had_its_turn(
    store: BatchStore, database: Database
) -> None:
    for tenant in ("one", "one", "one", "two"):
        await begun(store, tenant=tenant)
    assert await store.leases.standing() == {"one": Standing(0, 3, None), "two": Standing(0, 1, None)}
    [mine] = await store.leases.lease(1, "two")
    assert mine.batch.tenant == "two"
    assert await store.leases.lease(8, "two") == []
    assert (await store.leases.standing())["two"][:2] == (1, 0)
    await store.leases.release(mine)
    given_back = (await store.leases.standing())["two"]
    assert given_back[:2] == (0, 1)
    [mine] = await store.leases.lease(1, "two")
    await store.end(mine, BatchStatus.COMPLETED, FILES)
    await begun(store, tenant="two")
    assert (await store.leases.standing())["two"].last_at is not None, "also of what is over"


async def test_what_is_past_its_window_needs_no_turn(store: BatchStore, database: Database) -> None:
    for tenant in ("one", "two"):
        await begun(store, tenant=tenant)
    assert await store.leases.lease(8, is_over=True) == []
    await database.pool.execute("UPDATE gateway.batches SET expires_at = now() WHERE tenant = 'one'")
    assert set(await store.leases.standing()) == {"two"}
    assert await store.leases.lease(8, "one") == []
    assert len(await store.leases.lease(8, is_over=True)) == 1


async def test_a_line_becomes_the_request_that_is_written_first(store: BatchStore, database: Database) -> None:
    first = await leased(store)
    one, two = uuid4(), uuid4()
    assert (await store.lines.ask(first, 1, 0, one)).request_id == one
    await run_out(database)
    [second] = await store.leases.lease(8)
    assert (await store.lines.ask(second, 1, 0, two)).request_id == one
    with pytest.raises(LeaseLost):
        await store.lines.ask(first, 2, 0, uuid4())
    anew = await store.lines.ask(second, 1, 1, two)
    assert (anew.request_id, anew.tries) == (two, 1)
    assert (await store.lines.ask(second, 1, 0, one)).request_id == two, "a try that is over does not come back"
    known = await store.lines.known(second)
    assert (known.ended, {number: line.request_id for number, line in known.asked.items()}) == (frozenset(), {1: two})


async def test_ends_are_noted_once_and_by_who_drives_it(store: BatchStore, database: Database) -> None:
    first = await leased(store)
    await store.begin(first, 3)
    await store.lines.ask(first, 1, 0, uuid4())
    flush = Flush([1, 3], Tally(1, 1, 10, 4, 5, 2), [(OUTPUT, part(7)), (ERRORS, part(5))])
    await store.lines.flush(first, flush)
    await store.lines.flush(first, flush)  # as after an acknowledgement that was lost
    assert (await store.lines.known(first)).ended == {1, 3}
    await run_out(database)
    [second] = await store.leases.lease(8)
    assert second.batch.tally == flush.tally
    with pytest.raises(LeaseLost):
        await store.lines.flush(first, Flush([2], Tally(1), [(OUTPUT, part(9))]))
    await store.lines.flush(second, Flush([2], Tally(1), [(OUTPUT, part(9)), (OUTPUT, part(2))]))
    with pytest.raises(LeaseLost):
        await store.end(first, BatchStatus.COMPLETED, FILES)
    await store.end(second, BatchStatus.COMPLETED, FILES)
    over = await store.find("one", first.batch.id)
    assert (over.status, over.output_file_id, over.error_file_id) == (BatchStatus.COMPLETED, OUTPUT, ERRORS)
    assert (over.total, over.tally.completed, over.tally.failed) == (3, 2, 1)
    files = FileStore(database)
    assert [(await files.find("one", each)).size for each in (OUTPUT, ERRORS)] == [18, 5]
    assert [len(await files.parts(each)) for each in (OUTPUT, ERRORS)] == [3, 1]
    count = "SELECT count(*) FROM gateway.batch_lines"
    assert await database.pool.fetchval(count) == 3, "so that one can be erased"
    await database.pool.execute("UPDATE gateway.batches SET created_at = now() - interval '31 days'")
    async with database.pool.acquire() as connection:
        assert await store.forget(connection, 30) == 1  # type: ignore[arg-type]
    assert await database.pool.fetchval(count) == 0
    assert await store.leases.lease(8) == []


async def test_a_cancellation_is_kept_whatever_the_driver_does_next(store: BatchStore) -> None:
    mine = await leased(store)
    assert await store.cancel("two", mine.batch.id) is None
    cancelled = await store.cancel("one", mine.batch.id)
    assert cancelled is not None
    assert cancelled.status is BatchStatus.CANCELLING
    await store.begin(mine, 2)
    await store.finalize(mine)
    assert (await store.leases.renew(mine)).status is BatchStatus.CANCELLING
    await store.end(mine, BatchStatus.COMPLETED, FILES)
    over = await store.find("one", mine.batch.id)
    assert (over.status, over.total, over.output_file_id) == (BatchStatus.CANCELLED, 2, None)
    assert over.times.cancelled_at
    assert over.times.completed_at is None


async def test_a_tenant_finds_its_own_alone(store: BatchStore) -> None:
    mine = (await leased(store)).batch
    for tenant, batch_id in (("two", mine.id), ("one", UUID(int=1))):
        with pytest.raises(Refused) as refused:
            await store.find(tenant, batch_id)
        assert refused.value.problem.status == 404
    assert await store.page("two", Page(20, None)) == ([], False)


async def test_a_batch_begins_once_under_a_key_however_often_it_is_sent(store: BatchStore) -> None:
    file_id = await sent(store)
    both = await asyncio.gather(*(store.create("one", None, ASKED, file_id, "k") for _ in range(2)))
    assert both[0].id == both[1].id
    assert len(await store.leases.lease(8)) == 1
    with pytest.raises(Refused) as refused:
        await begun(store, "k")
    assert refused.value.problem.status == 422
    assert (await store.create("one", None, ASKED, file_id, None)).id != both[0].id


async def test_no_batch_begins_with_a_file_that_is_being_deleted(store: BatchStore, database: Database) -> None:
    files, file_id = FileStore(database), await sent(store)
    assert await files.claim(file_id) is None
    with pytest.raises(Refused) as refused:
        await store.create("one", None, ASKED, file_id, None)
    assert refused.value.problem.code == "file_not_found"
    assert [each.id for each in await files.expired(None)] == [file_id], "who dies while deleting leaves it to others"


async def test_files_whose_time_is_over_are_told_on_past_one(store: BatchStore, database: Database) -> None:
    files, ids = FileStore(database), sorted([await sent(store), await sent(store), await sent(store)])
    assert await files.expired(None) == []
    await database.pool.execute("UPDATE gateway.files SET expires_at = '2026-01-01', created_at = '2025-12-01'")
    told = await files.expired(None)
    assert [each.id for each in told] == ids, "those of one time in a firm order"
    assert await files.expired(told[0]) == told[1:]
    assert await files.expired(told[-1]) == []


async def test_a_file_is_deleted_or_begun_with_and_never_both(store: BatchStore, database: Database) -> None:
    files = FileStore(database)
    for _ in range(20):
        file_id = await sent(store)
        begins = store.create("one", None, ASKED, file_id, None)
        batch, used_by = await asyncio.gather(begins, files.claim(file_id), return_exceptions=True)
        if isinstance(batch, Refused):
            assert used_by is None
        else:
            assert isinstance(batch, Batch)
            assert used_by == batch.id


async def test_a_file_whose_parts_are_gone_is_not_an_empty_one(store: BatchStore, database: Database) -> None:
    files = FileStore(database)
    empty, lost = await sent(store, 0), await sent(store)
    assert await files.is_empty(empty)
    assert not await files.is_empty(lost)
    assert not await files.is_empty(uuid4())


async def test_a_page_after_what_is_gone_is_no_end_of_the_list(store: BatchStore, database: Database) -> None:
    files, file_ids = FileStore(database), [await sent(store) for _ in range(3)]
    oldest = Page(2, None, is_oldest_first=True)
    assert [each.id for each in (await files.page("one", None, oldest))[0]] == file_ids[:2]
    assert (await files.page("one", None, oldest._replace(after=file_ids[2])))[0] == []
    await files.drop(file_ids[1])
    for listing in (files.page("one", None, oldest._replace(after=file_ids[1])), store.page("one", Page(2, uuid4()))):
        with pytest.raises(Refused) as refused:
            await listing
        assert (refused.value.problem.status, refused.value.problem.param) == (400, "after")
