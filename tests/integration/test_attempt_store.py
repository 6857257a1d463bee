"""The attempt store on real PostgreSQL: one owner a call, fences, leases that run out, outcomes that are not lost."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from attempt_shelf import Shelf, answer_to, shelf
from dispatches import TRACEPARENT, dispatched

from infra.store.config import StoreConfig
from infra.store.migrate import migrate
from schemas.attempt import AttemptDispatched, Cost
from schemas.vocabulary import Reason
from services.model_worker.adapters.attempt_store import AttemptStore
from services.model_worker.domain.calls import CallFailed
from services.model_worker.domain.claims import Claim
from services.model_worker.domain.outcomes import failed

__all__ = ["shelf"]


async def test_migrations_run_again_and_from_several_processes_at_once(store_config: StoreConfig) -> None:
    await asyncio.gather(*(migrate(store_config.dsn, "model_worker") for _ in range(3)))
    connection = await asyncpg.connect(store_config.dsn)
    versions = await connection.fetch("SELECT version_num FROM model_worker.alembic_version")
    await connection.close()
    assert [row["version_num"] for row in versions] == ["model_worker_0004"]


async def test_an_attempt_goes_in_once_however_often_it_is_dispatched(shelf: Shelf) -> None:
    event, other = dispatched(), dispatched()
    await asyncio.gather(*(shelf.put(event, other) for _ in range(8)))
    assert set(await shelf.rows()) == {event.attempt.attempt_id, other.attempt.attempt_id}


async def test_a_second_dispatch_changes_nothing_of_a_claimed_or_finished_attempt(shelf: Shelf) -> None:
    event = dispatched()
    worker = shelf.worker()
    await shelf.put(event)
    (claim,) = await worker.claim(5)
    await shelf.put(event)
    assert await shelf.worker().claim(5) == []
    await worker.finish([answer_to(claim)])
    before = await shelf.rows()
    await shelf.put(event)
    assert await shelf.rows() == before
    assert await shelf.worker().claim(5) == []


async def test_a_claim_is_all_that_a_call_needs(shelf: Shelf) -> None:
    event = dispatched(deadline_at=datetime.now(UTC) + timedelta(seconds=20))
    await shelf.put(event)
    (claim,) = await shelf.worker().claim(5)
    assert AttemptDispatched.read(claim.event) == event
    assert (claim.attempt_id, claim.fence, claim.taken_over) == (event.attempt.attempt_id, 1, False)
    assert claim.traceparent == TRACEPARENT
    assert 0 < claim.remaining_s <= 20


async def test_free_hands_claim_what_they_write_and_nobody_else_can(shelf: Shelf) -> None:
    events = [dispatched(), dispatched()]
    worker = shelf.worker(free=2)
    await shelf.put(*events, by=worker)
    claims, is_more = worker.fresh()
    assert {claim.attempt_id for claim in claims} == {event.attempt.attempt_id for event in events}
    assert {(claim.fence, claim.taken_over, claim.traceparent) for claim in claims} == {(1, False, TRACEPARENT)}
    assert all(AttemptDispatched.read(claim.event) in events and claim.remaining_s > 0 for claim in claims)
    assert not is_more
    assert worker.fresh() == ([], False)
    assert await shelf.worker().claim(5) == []
    assert await worker.finish([answer_to(claim) for claim in claims]) == {claim.attempt_id for claim in claims}


async def test_what_was_claimed_as_it_was_written_is_told_again_until_it_is_finished(shelf: Shelf) -> None:
    """The answer of the database to the first time may have been lost on the way; another's redelivery gets nothing."""
    event, worker, other = dispatched(), shelf.worker(free=1), shelf.worker(free=1)
    await shelf.put(event, by=worker)
    (first,), _ = worker.fresh()
    await shelf.put(event, by=other)
    await shelf.put(event, by=worker)
    assert other.fresh() == ([], False)
    (again,), _ = worker.fresh()
    assert (again.attempt_id, again.fence) == (first.attempt_id, 1)
    await worker.finish([answer_to(first)])
    await shelf.put(event, by=worker)
    assert worker.fresh() == ([], False)


async def test_more_than_the_free_hands_is_left_to_be_claimed_by_priority(shelf: Shelf) -> None:
    worker = shelf.worker(free=1)
    await shelf.put(dispatched(), dispatched(), by=worker)
    assert worker.fresh() == ([], True)
    assert len(await worker.claim(5)) == 2


async def test_claims_go_by_lane_priority_and_then_by_deadline(shelf: Shelf) -> None:
    now = datetime.now(UTC)
    late = dispatched(deadline_at=now + timedelta(seconds=90))
    soon = dispatched(deadline_at=now + timedelta(seconds=30))
    urgent = dispatched(lane="urgent", deadline_at=now + timedelta(seconds=120))
    await shelf.put(late, soon, urgent)
    worker = shelf.worker()
    order = [claim.attempt_id for _ in range(3) for claim in await worker.claim(1)]
    assert order == [event.attempt.attempt_id for event in (urgent, soon, late)]


async def test_a_worker_claims_for_its_own_provider_alone(shelf: Shelf) -> None:
    await shelf.put(dispatched(provider="acme"))
    assert await shelf.worker("other").claim(5) == []
    assert len(await shelf.worker("acme").claim(5)) == 1


async def test_no_two_workers_get_the_same_attempt(shelf: Shelf) -> None:
    events = [dispatched() for _ in range(120)]
    await shelf.put(*events)
    workers = [shelf.worker() for _ in range(8)]

    async def take_all(worker: AttemptStore) -> list[UUID]:
        taken: list[UUID] = []
        while claims := await worker.claim(7):
            taken += [claim.attempt_id for claim in claims]
        return taken

    taken = [attempt_id for found in await asyncio.gather(*map(take_all, workers)) for attempt_id in found]
    assert len(taken) == len(set(taken))
    rest = [claim.attempt_id for claim in await shelf.worker().claim(200)]  # rows that all skipped at the same moment
    assert {*taken, *rest} == {event.attempt.attempt_id for event in events}


async def test_a_lease_that_ran_out_is_taken_over_and_the_first_workers_result_is_fenced_off(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    first, second = shelf.worker(), shelf.worker()
    (lost,) = await first.claim(1)
    assert await second.claim(1) == []
    await shelf.run_out(lost.attempt_id)
    (taken,) = await second.claim(1)
    assert (taken.fence, taken.taken_over) == (2, True)
    assert await first.finish([answer_to(lost, "late")]) == set()
    assert await second.finish([answer_to(taken, "Yes.")]) == {taken.attempt_id}
    row = (await shelf.rows())[taken.attempt_id]
    assert row["outcome"] == answer_to(taken, "Yes.").data
    assert row["lease_repeats"] == 1


async def test_before_its_call_a_lease_that_may_have_run_out_is_asked_for_and_begins_anew(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    first, second = shelf.worker(), shelf.worker()
    (claim,) = await first.claim(1)
    await shelf.run_out(claim.attempt_id)
    assert await first.holds(stood_still(claim), claim.fence)
    assert await second.claim(1) == []


async def test_a_worker_that_stood_still_past_its_lease_may_not_call_what_another_took_over(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    first, second = shelf.worker(), shelf.worker()
    (lost,) = await first.claim(1)
    await shelf.run_out(lost.attempt_id)
    (taken,) = await second.claim(1)
    assert not await first.holds(stood_still(lost), lost.fence)
    await second.finish([answer_to(taken)])
    assert not await second.holds(stood_still(taken), taken.fence)


async def test_a_lease_that_ran_out_unnoticed_still_takes_its_own_result(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    worker = shelf.worker()
    (claim,) = await worker.claim(1)
    await shelf.run_out(claim.attempt_id)
    assert await worker.finish([answer_to(claim)]) == {claim.attempt_id}
    assert await shelf.worker().claim(1) == []


async def test_the_fence_alone_is_not_enough_it_must_be_the_owners(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    (claim,) = await shelf.worker().claim(1)
    assert await shelf.worker().finish([answer_to(claim)]) == set()


async def test_an_outcome_under_an_older_fence_of_ones_own_is_refused(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    worker = shelf.worker()
    (older,) = await worker.claim(1)
    await shelf.run_out(older.attempt_id)
    (newer,) = await worker.claim(1)
    assert await worker.finish([answer_to(older)]) == set()
    assert await worker.finish([answer_to(newer)]) == {newer.attempt_id}


async def test_renewed_leases_are_kept_and_only_those_that_are_still_held(shelf: Shelf) -> None:
    await shelf.put(dispatched(), dispatched())
    first, second = shelf.worker(), shelf.worker()
    kept, lost = await first.claim(2)
    await shelf.run_out(lost.attempt_id)
    (taken,) = await second.claim(1)
    until = (await shelf.rows())[taken.attempt_id]["lease_until"]
    await shelf.age(59)
    await first.renew({kept.attempt_id: kept.fence, lost.attempt_id: lost.fence})
    rows = await shelf.rows()
    assert rows[kept.attempt_id]["lease_until"] > until - timedelta(seconds=10)
    assert rows[taken.attempt_id]["lease_until"] == until - timedelta(seconds=59)


async def test_storing_the_same_outcomes_again_is_no_change(shelf: Shelf) -> None:
    await shelf.put(dispatched(), dispatched())
    worker = shelf.worker()
    finished = [answer_to(claim) for claim in await worker.claim(2)]
    ids = {one.attempt_id for one in finished}
    assert await worker.finish(finished) == ids
    before = await shelf.rows()
    assert await worker.finish(finished) == ids
    after = await shelf.rows()
    assert [row["finished_at"] for row in after.values()] == [row["finished_at"] for row in before.values()]


async def test_what_a_crash_left_unsaid_is_found_by_one_worker_of_any_provider(shelf: Shelf) -> None:
    await shelf.put(*(dispatched() for _ in range(30)))
    worker = shelf.worker()
    finished = [answer_to(claim) for claim in await worker.claim(30)]
    await worker.finish(finished)
    sweepers = [shelf.worker(provider) for provider in ("acme", "other", "third")]
    assert await sweepers[0].unsaid(100) == []  # whoever stored them still holds them, to say them
    await shelf.run_out(*(one.attempt_id for one in finished))
    swept = await asyncio.gather(*(sweeper.unsaid(100) for sweeper in sweepers))
    found = [stored for part in swept for stored in part]
    assert {stored.attempt_id: stored.event for stored in found} == {one.attempt_id: one.data for one in finished}
    assert len(found) == 30
    assert {(stored.event_type, stored.traceparent) for stored in found} == {("attempt.completed", TRACEPARENT)}
    await sweepers[1].said([stored.attempt_id for stored in found])
    await shelf.age(3_600)
    assert await sweepers[0].unsaid(100) == []


async def test_failures_are_stored_and_swept_as_what_they_are(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    worker = shelf.worker()
    (claim,) = await worker.claim(1)
    event = failed(AttemptDispatched.read(claim.event), CallFailed(Reason.TIMEOUT, "late"), Cost())
    await worker.finish([replace(answer_to(claim), event=event, data=event.to_json())])
    await shelf.run_out(claim.attempt_id)
    (stored,) = await shelf.worker().unsaid(1)
    assert stored.event_type == "attempt.failed"


async def test_a_claim_given_back_unbegun_is_as_if_it_had_not_been(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    worker = shelf.worker()
    (claim,) = await worker.claim(1)
    await worker.release({claim.attempt_id: claim.fence}, begun=False)
    await worker.renew({claim.attempt_id: claim.fence})  # one that was on its way
    (again,) = await shelf.worker().claim(1)
    assert (again.fence, again.taken_over) == (2, False)
    assert await worker.finish([answer_to(claim)]) == set()


async def test_a_call_cut_off_is_taken_over_at_once_as_one_of_unknown_outcome(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    worker = shelf.worker()
    (claim,) = await worker.claim(1)
    await worker.release({claim.attempt_id: claim.fence}, begun=True)
    (again,) = await shelf.worker().claim(1)
    assert again.taken_over


@pytest.mark.parametrize("ending", ["waiting", "said", "unsaid", "running"])
async def test_attempts_are_forgotten_when_nothing_can_come_of_them_any_more(shelf: Shelf, ending: str) -> None:
    await shelf.put(dispatched())
    worker = shelf.worker()
    if ending != "waiting":
        (claim,) = await worker.claim(1)
    if ending in ("said", "unsaid"):
        await worker.finish([answer_to(claim)])
    if ending == "said":
        await worker.said([claim.attempt_id])
    assert await worker.forget(3_600) == 0  # its deadline is still to come
    await shelf.age(7_200)
    if ending == "running":
        await worker.renew({claim.attempt_id: claim.fence})
    assert await worker.forget(3_600) == (1 if ending in ("waiting", "said") else 0)


async def test_forgetting_takes_a_bounded_number_at_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.model_worker.adapters.attempt_store.FORGET_AT_ONCE", 4)
    await shelf.put(*(dispatched() for _ in range(6)))
    await shelf.age(7_200)
    assert [await shelf.worker().forget(3_600) for _ in range(3)] == [4, 2, 0]


async def test_only_the_last_worker_to_leave_knows_itself_the_last(shelf: Shelf) -> None:
    workers = [shelf.worker() for _ in range(5)]
    other = shelf.worker("other")
    for worker in (*workers, other):
        await worker.renew({})
    lasts = await asyncio.gather(*(worker.leave() for worker in workers))
    assert sorted(lasts) == [False] * 4 + [True]
    assert await other.leave() is True


async def test_a_worker_without_a_sign_of_life_is_taken_off_and_its_provider_named_once(shelf: Shelf) -> None:
    dead, alive, orphan = shelf.worker(), shelf.worker(), shelf.worker("other")
    for worker in (dead, alive, orphan):
        await worker.renew({})
    assert await alive.bury() == []
    await shelf.database.pool.execute("UPDATE model_worker.workers SET alive_until = now() - interval '1 ms'")
    await alive.renew({})
    assert await alive.bury() == ["other"]
    assert await alive.bury() == []
    await dead.renew({})  # it was only slow, and is back
    await shelf.database.pool.execute("DELETE FROM model_worker.workers WHERE provider = 'other'")
    assert await alive.leave() is False


async def test_claiming_and_renewing_touch_no_index(shelf: Shelf) -> None:
    await shelf.put(*(dispatched() for _ in range(50)))
    worker = shelf.worker()
    claims = await worker.claim(50)
    for _ in range(4):
        await worker.renew({claim.attempt_id: claim.fence for claim in claims})
    await shelf.database.close()
    await shelf.database.open()  # a backend reports its counts at the latest when it ends
    query = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'attempts'"
    row = await until(shelf, query, lambda row: row["n_tup_upd"] >= 250)
    assert row["n_tup_hot_upd"] >= 0.8 * row["n_tup_upd"]


def stood_still(claim: Claim) -> Claim:
    """As it is for a process that did nothing for a minute after it had claimed."""
    return replace(claim, taken_at=claim.taken_at - 60)


async def until(shelf: Shelf, query: str, holds: Callable[[asyncpg.Record], bool]) -> asyncpg.Record:
    """The row of a query as soon as the condition holds."""
    async with asyncio.timeout(20):
        while True:
            row = await shelf.database.pool.fetchrow(query)
            if row is not None and holds(row):
                return row
            await asyncio.sleep(0.05)
