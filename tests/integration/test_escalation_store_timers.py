"""Deadlines, on real PostgreSQL: due when it is time, once a lease, and settled when they are said."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from escalation_rows import (
    LONG_AGO,
    SOON,
    TRACEPARENT,
    Store,
    acceptance,
    cancellation,
    dispatch,
    move,
    opening,
    request_id,
    store,
)

from schemas.reaction import DONE, STALE
from services.escalation.domain.catching_up import Early
from services.escalation.domain.timers import CANCELLED, EXPIRED

__all__ = ["request_id", "store"]


async def test_nothing_is_due_before_its_time(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))

    assert await store.take() == []


async def test_an_attempts_timer_fires_once_a_lease_and_then_the_requests_own_is_waited_for(
    store: Store, request_id: UUID
) -> None:
    await store.write(opening(request_id, attempt=LONG_AGO), dispatch(request_id, 1))
    (due,) = await store.take()

    assert (due.state, due.number, due.context, due.dispatched) == ("open", 1, b"profiled", b"dispatched")
    assert (due.traceparent, due.trace_id) == (TRACEPARENT, TRACEPARENT.split("-")[1])
    assert await store.take() == []
    await store.settle([due])
    await store.the_lease_ends()
    assert await store.take() == []
    row = await store.row(request_id)
    assert (row["state"], row["next_at"]) == ("open", row["deadline_at"])


async def test_an_attempt_that_has_time_still_is_due_again_when_that_is_over(store: Store) -> None:
    waits, moved, ending = uuid4(), uuid4(), uuid4()
    soon = timedelta(minutes=1)
    for each in (waits, moved, ending):
        await store.one(opening(each, attempt=LONG_AGO, request=soon if each == ending else SOON))
    due = await store.take()
    await store.one(move(moved, 1, "first", attempt=timedelta(minutes=5)))
    before = (await store.row(moved))["next_at"]
    await store.wait([Early(one, one.now + timedelta(minutes=2)) for one in due])

    assert (await store.row(waits))["next_at"] == due[0].now + timedelta(minutes=2)
    assert (await store.row(moved))["next_at"] == before
    row = await store.row(ending)
    assert row["next_at"] == row["deadline_at"], "its own end does not wait"


async def test_what_a_crash_left_unsaid_is_said_by_another(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id, attempt=LONG_AGO))
    first = await store.take()
    await store.the_lease_ends()

    assert [due.request_id for due in await store.take()] == [due.request_id for due in first] == [request_id]


async def test_a_timer_of_an_attempt_that_has_been_moved_meanwhile_settles_nothing(
    store: Store, request_id: UUID
) -> None:
    await store.one(opening(request_id, attempt=LONG_AGO))
    due = await store.take()
    await store.one(move(request_id, 1, "first", attempt=timedelta(minutes=5)))
    before = (await store.row(request_id))["next_at"]
    await store.settle(due)

    assert (await store.row(request_id))["next_at"] == before


async def test_replicas_never_take_the_same_row(store: Store) -> None:
    requests = [uuid4() for _ in range(60)]
    await store.write(*(opening(request, attempt=LONG_AGO) for request in requests))
    taken = await asyncio.gather(*(store.take(30) for _ in range(4)))

    ids = [due.request_id for batch in taken for due in batch]
    assert len(ids) == len(set(ids))
    ids += [due.request_id for due in await store.take(100)]
    assert sorted(ids) == sorted(requests)


async def test_past_its_deadline_a_request_has_expired_and_a_late_acceptance_is_stale(
    store: Store, request_id: UUID
) -> None:
    await store.write(opening(request_id, LONG_AGO, LONG_AGO), dispatch(request_id, 1))
    (due,) = await store.take()

    assert due.state == EXPIRED
    assert await store.one(acceptance(request_id)) == STALE
    assert await store.one(move(request_id, 1, "late")) == STALE
    await store.the_lease_ends()
    assert [again.state for again in await store.take()] == [EXPIRED]
    await store.settle([due])
    assert await store.one(acceptance(request_id)) == STALE
    row = await store.row(request_id)
    assert (row["state"], row["next_at"], row["context"]) == ("closed", None, None)


async def test_an_acceptance_just_before_the_timer_wins(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id, LONG_AGO, LONG_AGO))

    assert await store.one(acceptance(request_id)) == DONE
    assert await store.take() == []


async def test_a_request_that_its_client_left_is_due_at_once_and_ends_once(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))
    await store.one(cancellation(request_id))
    (due,) = await store.take()

    assert due.state == CANCELLED
    assert await store.one(acceptance(request_id)) == STALE
    await store.settle([due])
    await store.one(cancellation(request_id))
    assert await store.take() == []


async def test_what_ended_is_not_cancelled(store: Store, request_id: UUID) -> None:
    await store.write(opening(request_id), acceptance(request_id), cancellation(request_id))

    assert await store.take() == []
    assert (await store.row(request_id))["state"] == "closed"


async def test_the_dispatch_of_the_current_attempt_is_what_a_timer_knows(store: Store, request_id: UUID) -> None:
    await store.write(opening(request_id), dispatch(request_id, 1, b"one"), dispatch(request_id, 1, b"again"))
    await store.one(move(request_id, 1, "first", attempt=LONG_AGO))
    (before,) = await store.take()
    await store.the_lease_ends()
    await store.one(dispatch(request_id, 2, b"two"))
    (after,) = await store.take()

    assert (before.number, before.dispatched, before.context) == (2, None, b"escalated by first")
    assert (after.number, after.dispatched) == (2, b"two")


async def test_what_ended_long_ago_is_forgotten_and_what_is_open_never(store: Store) -> None:
    ended, still_open = uuid4(), uuid4()
    await store.write(opening(ended), dispatch(ended, 1), acceptance(ended), opening(still_open))
    assert await store.forget(1) == 0
    await store.database.pool.execute("UPDATE escalation.requests SET deadline_at = now() - interval '3 days'")
    await store.database.pool.execute("UPDATE escalation.dispatches SET dispatched_at = now() - interval '3 days'")

    assert await store.forget(8) == 0
    assert await store.forget(2) == 2
    assert await store.row(ended) is None
    assert await store.row(still_open) is not None


async def test_what_a_person_could_answer_late_is_remembered_as_long_after_that(store: Store) -> None:
    ended = uuid4()
    await store.write(opening(ended), acceptance(ended))
    await store.database.pool.execute(
        "UPDATE escalation.requests SET deadline_at = now() - interval '3 days', review_ends_at = now()"
    )
    assert await store.forget(2) == 0, "its move, told again, would ask a person anew"
    assert await store.forget(0) == 1
