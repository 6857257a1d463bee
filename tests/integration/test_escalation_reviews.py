"""A person's answer ends a request once, on real PostgreSQL: late and second ones change nothing."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from escalation_rows import (
    LONG_AGO,
    SOON,
    Store,
    acceptance,
    ask,
    ask_beyond,
    cancellation,
    failure,
    move,
    opening,
    persons_answer,
    store,
)

from schemas.reaction import DONE, STALE
from services.escalation.domain.life import ASKED

__all__ = ["store"]


@pytest.fixture
async def request_id(store: Store) -> UUID:
    """A request about which a person is asked after attempt 1."""
    asked = uuid4()
    await store.one(opening(asked))
    assert await store.one(ask(asked, 1)) == ASKED
    return asked


async def test_the_first_answer_is_due_at_once_and_a_second_changes_nothing(store: Store, request_id: UUID) -> None:
    assert await store.take() == [], "nothing is due before anybody answers"

    await store.write(persons_answer(request_id, b"first"), persons_answer(request_id, b"second"))

    (due,) = await store.take()
    assert (due.state, due.number, due.context, due.answer) == ("answered", 2, b"asked", b"first")
    await store.settle([due])
    await store.one(persons_answer(request_id, b"late"))
    row = await store.row(request_id)
    assert (row["state"], row["next_at"], row["answer"], row["context"]) == ("closed", None, None, None)


async def test_what_is_answered_and_not_said_is_taken_again(store: Store, request_id: UUID) -> None:
    await store.one(persons_answer(request_id, b"yes"))
    (first,) = await store.take()
    assert await store.take() == [], "it is leased"
    await store.the_lease_ends()
    (again,) = await store.take()
    assert (again.state, again.answer) == (first.state, first.answer)


async def test_nobody_answers_and_what_comes_later_changes_nothing(store: Store) -> None:
    asked = uuid4()
    await store.one(opening(asked))
    await store.one(ask(asked, 1, due=LONG_AGO))
    (due,) = await store.take()
    await store.one(persons_answer(asked, b"late"))

    assert (due.state, due.answer) == ("unreviewed", None)
    assert (await store.row(asked))["state"] == "unreviewed"
    await store.settle([due])
    assert (await store.row(asked))["state"] == "closed"


async def test_asking_again_by_the_same_record_says_it_again_and_by_another_not(store: Store, request_id: UUID) -> None:
    assert await store.one(ask(request_id, 1)) == ASKED
    assert await store.one(ask(request_id, 1, by="another")) == STALE
    assert await store.one(move(request_id, 1, "late")) == STALE
    assert await store.one(move(request_id, 2, "of no attempt")) == STALE


async def test_a_late_failure_is_stale_and_a_late_acceptance_still_closes(store: Store, request_id: UUID) -> None:
    assert await store.one(failure(request_id, 1)) == STALE
    assert await store.one(acceptance(request_id)) == DONE
    await store.one(persons_answer(request_id, b"too late"))
    assert (await store.row(request_id))["state"] == "closed"
    assert await store.take() == []


async def test_a_client_that_leaves_withdraws_the_review(store: Store, request_id: UUID) -> None:
    await store.one(cancellation(request_id))
    await store.one(persons_answer(request_id, b"too late"))
    (due,) = await store.take()
    assert (due.state, due.answer) == ("withdrawn", None)


async def test_a_review_is_due_at_the_deadline_at_the_latest(store: Store) -> None:
    asked = uuid4()
    await store.one(opening(asked, request=timedelta(seconds=30)))
    await store.one(ask(asked, 1, request=timedelta(seconds=20)))
    row = await store.row(asked)
    assert row["next_at"] <= row["deadline_at"]


@pytest.fixture
async def beyond(store: Store) -> UUID:
    """A request whose deadline is past, and about which a person may still answer."""
    asked = uuid4()
    await store.one(opening(asked, request=LONG_AGO))
    assert await store.one(ask_beyond(asked, 1, SOON)) == ASKED
    return asked


async def test_a_review_that_may_go_on_is_deferred_at_the_deadline_and_due_when_its_time_is_up(
    store: Store, beyond: UUID
) -> None:
    (due,) = await store.take()
    assert (due.state, due.context) == ("deferred", b"asked")
    await store.the_lease_ends()
    (again,) = await store.take()
    assert again.state == "deferred", "a crash before it was settled says it again"
    await store.settle([again])

    row = await store.row(beyond)
    assert (row["state"], row["next_at"], row["context"]) == ("deferred", row["review_ends_at"], b"asked")
    assert row["next_at"] > row["deadline_at"]
    assert await store.take() == []
    await store.database.pool.execute("UPDATE escalation.requests SET next_at = now(), review_ends_at = now()")
    (due,) = await store.take()
    await store.settle([due])
    assert (due.state, (await store.row(beyond))["state"]) == ("unreviewed", "closed")


async def test_the_first_answer_ends_what_is_deferred_and_its_settling_takes_nothing_back(
    store: Store, beyond: UUID
) -> None:
    taken = await store.take()
    await store.write(persons_answer(beyond, b"first"), persons_answer(beyond, b"second"))
    await store.settle(taken)

    (due,) = await store.take()
    assert (due.state, due.answer) == ("answered", b"first")
    await store.settle([due])
    assert (await store.row(beyond))["state"] == "closed"


async def test_what_is_deferred_is_asked_again_by_its_record_closed_by_a_late_acceptance_and_withdrawn(
    store: Store, beyond: UUID
) -> None:
    await store.settle(await store.take())
    assert await store.one(ask_beyond(beyond, 1, SOON)) == ASKED
    assert (await store.row(beyond))["state"] == "deferred"
    assert await store.forget(0) == 0, "it has not ended"
    await store.one(cancellation(beyond))
    (due,) = await store.take()
    assert due.state == "withdrawn"

    other = uuid4()
    await store.one(ask_beyond(other, 1, SOON))
    await store.settle(await store.take())
    assert await store.one(failure(other, 1)) == STALE
    assert await store.one(acceptance(other)) == DONE


async def test_a_review_whose_time_was_up_while_nobody_looked_is_not_deferred(store: Store) -> None:
    asked = uuid4()
    await store.one(ask_beyond(asked, 1, LONG_AGO / 2, request=LONG_AGO))
    (due,) = await store.take()
    assert due.state == "unreviewed"
