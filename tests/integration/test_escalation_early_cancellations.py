"""A cancellation that is heard before its request, on real PostgreSQL: the request ends by it, and nothing piles up."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from escalation_rows import KEPT, Store, acceptance, ask, cancellation, move, move_up, opening, request_id, store

from schemas.reaction import DONE, STALE
from services.escalation.adapters.early_cancellations import EarlyCancellations
from services.escalation.adapters.request_store import Openings
from services.escalation.domain.life import LONGEST_LIFE
from services.escalation.domain.reviews import WITHDRAWN
from services.escalation.domain.storm import Passage
from services.escalation.domain.timers import CANCELLED

__all__ = ["request_id", "store"]


async def kept(store: Store) -> list[UUID]:
    rows = await store.database.pool.fetch("SELECT request_id FROM escalation.cancellations ORDER BY heard_at")
    return [row["request_id"] for row in rows]


async def test_a_request_that_comes_after_its_cancellation_is_due_at_once_and_ends_once(
    store: Store, request_id: UUID
) -> None:
    await store.write(cancellation(request_id), cancellation(request_id))
    await store.one(cancellation(request_id))
    await store.one(opening(request_id))
    (due,) = await store.take()

    assert (due.state, due.number, due.context) == (CANCELLED, 1, b"profiled")
    assert await store.one(acceptance(request_id)) == STALE
    assert await store.one(move(request_id, 1, "late")) == STALE
    await store.settle([due])
    await store.write(opening(request_id), cancellation(request_id))
    assert await store.take() == []
    assert (await store.row(request_id))["state"] == "closed"


async def test_what_comes_in_one_batch_with_its_cancellation_is_cancelled(store: Store, request_id: UUID) -> None:
    await store.write(cancellation(request_id), opening(request_id))

    assert [due.state for due in await store.take()] == [CANCELLED]
    assert await kept(store) == []


@pytest.mark.parametrize("passage", [Passage.GO, Passage.WAIT])
async def test_a_move_that_is_heard_before_its_request_is_not_made_once_that_was_cancelled(
    store: Store, request_id: UUID, passage: Passage
) -> None:
    await store.one(cancellation(request_id))

    assert [await store.one(move_up(request_id, 1, "first", passage)) for _ in range(2)] == [STALE] * 2
    (due,) = await store.take()
    assert (due.state, due.number, due.context) == (CANCELLED, 2, b"escalated by first")


async def test_no_person_is_asked_about_what_was_cancelled_before(store: Store, request_id: UUID) -> None:
    await store.one(cancellation(request_id))

    assert await store.one(ask(request_id, 1)) == STALE
    assert [due.state for due in await store.take()] == [WITHDRAWN]


async def test_what_ends_otherwise_before_it_is_opened_ends_so(store: Store, request_id: UUID) -> None:
    """Such as one that was refused at the door: its end was said, and there is one."""
    await store.one(cancellation(request_id))

    assert await store.one(acceptance(request_id)) == DONE
    assert await store.one(move_up(uuid4(), 1, "capped", Passage.REFUSE)) == "refused"
    assert await store.take() == []


async def written_aside(store: Store, request_id: UUID) -> Any:
    """A transaction of another replica that has opened the request, and is not committed yet."""
    connection = await store.database.pool.acquire()
    transaction = connection.transaction()
    await transaction.start()
    await Openings(KEPT).write(connection, [opening(request_id)])  # pyright: ignore[reportArgumentType]
    return connection, transaction


async def test_what_another_replica_opens_in_the_same_moment_is_cancelled_soon_after(
    store: Store, request_id: UUID
) -> None:
    connection, transaction = await written_aside(store, request_id)
    await store.one(cancellation(request_id))
    await transaction.commit()
    await store.database.pool.release(connection)
    assert await store.take() == []

    await store.database.patiently(EarlyCancellations().apply)
    assert [due.state for due in await store.take()] == [CANCELLED]


async def test_a_cancellation_of_long_ago_leaves_nothing(store: Store, request_id: UUID) -> None:
    """From a rewound offset: its request may have ended, and be forgotten."""
    await store.write(cancellation(request_id, LONGEST_LIFE + timedelta(minutes=1)), cancellation(uuid4(), KEPT))

    assert await kept(store) == []


async def test_cancellations_that_nothing_follows_go_in_time_and_are_never_many(store: Store) -> None:
    first, second, third, fourth = ids = [uuid4() for _ in range(4)]
    for each in ids:
        await store.one(cancellation(each))
    assert await kept(store) == ids

    few = EarlyCancellations(most_kept=2)
    await store.database.patiently(few.forget)
    assert await kept(store) == [second, third, fourth]
    await store.database.pool.execute(
        "UPDATE escalation.cancellations SET heard_at = heard_at - $1::interval WHERE request_id <> $2",
        LONGEST_LIFE,
        fourth,
    )
    await store.database.patiently(EarlyCancellations().forget)
    assert await kept(store) == [fourth]
    assert first not in await kept(store)
