"""One door out, on real PostgreSQL: compare-and-set moves, and one end a request."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from escalation_rows import (
    KEPT_DAYS,
    Store,
    acceptance,
    cancellation,
    failure,
    move,
    opening,
    request_id,
    store,
    with_context,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.reaction import DONE, STALE
from services.escalation.domain.timers import CANCELLED

__all__ = ["request_id", "store"]


async def test_an_attempt_is_moved_to_the_next_once(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))

    assert await store.one(move(request_id, 1, "first")) == DONE
    assert await store.one(move(request_id, 1, "second")) == STALE
    assert (await store.row(request_id))["number"] == 2
    assert (await store.row(request_id))["context"] == b"escalated by first"


async def test_the_same_move_delivered_again_says_the_same_again(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))
    outcomes = [await store.one(move(request_id, 1, "first")) for _ in range(3)]

    assert outcomes == [DONE] * 3
    assert (await store.row(request_id))["number"] == 2


async def test_a_move_of_an_attempt_that_is_past_is_stale(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))
    await store.write(move(request_id, 1, "first"), move(request_id, 2, "second"))

    assert await store.one(move(request_id, 1, "late")) == STALE
    assert await store.one(move(request_id, 1, "first")) == STALE
    assert (await store.row(request_id))["number"] == 3


async def test_moves_of_one_request_in_one_batch_follow_each_other(store: Store, request_id: UUID) -> None:
    batch = [move(request_id, 1, "first"), move(request_id, 1, "rival"), move(request_id, 2, "second")]

    assert await store.write(opening(request_id), *batch) == [DONE, DONE, STALE, DONE]


async def test_a_late_acceptance_of_an_earlier_attempt_closes_what_is_open(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))
    await store.one(move(request_id, 1, "first"))

    assert await store.one(acceptance(request_id)) == DONE
    row = await store.row(request_id)
    assert (row["state"], row["next_at"], row["context"]) == ("closed", None, None)


async def test_a_request_has_one_end(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))

    assert await store.one(acceptance(request_id, "first")) == DONE
    assert await store.one(acceptance(request_id, "second")) == STALE
    assert await store.one(failure(request_id, 1)) == STALE
    assert await store.one(move(request_id, 1, "late")) == STALE
    assert await store.one(acceptance(request_id, "first")) == DONE


async def test_two_ends_in_one_batch_are_one_end(store: Store, request_id: UUID) -> None:
    outcomes = await store.write(opening(request_id), acceptance(request_id, "a"), acceptance(request_id, "b"))

    assert outcomes == [DONE, DONE, STALE]


async def test_two_replicas_that_close_at_once_give_one_end(store: Store) -> None:
    requests = [uuid4() for _ in range(20)]
    await store.write(*map(opening, requests))
    rivals = [[acceptance(r, by) for r in requests] for by in ("a", "b", "c")]
    outcomes = await asyncio.gather(*(store.write(*batch) for batch in rivals))

    assert [of_one.count(DONE) for of_one in zip(*outcomes, strict=True)] == [1] * 20


async def test_giving_up_counts_only_while_its_attempt_is_the_current_one(store: Store, request_id: UUID) -> None:
    await store.one(opening(request_id))
    await store.one(move(request_id, 1, "first"))

    assert await store.one(failure(request_id, 1, "late")) == STALE
    assert (await store.row(request_id))["state"] == "open"
    assert await store.one(failure(request_id, 2, "current")) == DONE
    assert await store.one(failure(request_id, 2, "current")) == DONE


async def test_topics_are_heard_in_any_order(store: Store) -> None:
    """An end or a move may be heard before the request itself: the opening that comes later changes nothing."""
    ended, moved = uuid4(), uuid4()
    assert await store.write(acceptance(ended), move(moved, 1, "first")) == [DONE, DONE]
    await store.write(opening(ended), opening(moved))

    assert (await store.row(ended))["state"] == "closed"
    row = await store.row(moved)
    assert (row["state"], row["number"], row["context"]) == ("open", 2, b"escalated by first")
    assert row["next_at"] is not None


async def test_a_request_that_an_outage_outlasted_gets_its_end(store: Store, request_id: UUID) -> None:
    """Nothing of it can be forgotten yet: that its row is missing says that it was never opened."""
    past, moved, ended = -timedelta(days=KEPT_DAYS, minutes=-1), uuid4(), uuid4()
    outcomes = await store.write(
        opening(request_id, past, past), move(moved, 1, "x", past, past), acceptance(ended, request=past)
    )

    assert outcomes == [DONE, DONE, DONE]
    assert await store.forget(KEPT_DAYS) == 0
    assert sorted((due.request_id, due.state) for due in await store.take()) == sorted(
        [(request_id, "expired"), (moved, "expired")]
    )
    assert (await store.row(ended))["state"] == "closed"


async def test_an_event_of_long_ago_begins_nothing(store: Store, request_id: UUID) -> None:
    """From a rewound offset, when the row that closed it is forgotten."""
    past = -timedelta(days=KEPT_DAYS, minutes=1)
    outcomes = await store.write(
        opening(request_id, past, past), move(request_id, 1, "x", past, past), acceptance(request_id, request=past)
    )

    assert outcomes == [DONE, STALE, STALE]
    assert await store.row(request_id) is None


events = st.lists(
    st.tuples(st.sampled_from(["move", "accept", "fail", "cancel", "open"]), st.integers(1, 4), st.sampled_from("abc")),
    max_size=12,
)


async def test_whatever_comes_and_how_often_a_request_moves_forward_and_ends_once(store: Store) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=30)
    @given(events)
    @example([("cancel", 1, "a")])
    @example([("cancel", 1, "a"), ("move", 1, "a"), ("cancel", 1, "a")])
    @example([("cancel", 1, "a"), ("open", 1, "a"), ("move", 1, "a"), ("accept", 1, "a")])
    def any_order(told: list[tuple[str, int, str]]) -> None:
        asyncio.run_coroutine_threadsafe(forward(store, told), loop).result(60)

    await asyncio.to_thread(any_order)


async def forward(store: Store, told: list[tuple[str, int, str]]) -> None:
    request_id, number, ended_by = uuid4(), 0, set[str]()
    for kind, attempt, letter in told:
        by = f"{kind}/{attempt}/{letter}"
        write = {
            "move": move(request_id, attempt, by),
            "accept": acceptance(request_id, by),
            "fail": failure(request_id, attempt, by),
            "cancel": cancellation(request_id),
            "open": opening(request_id),
        }[kind]
        outcome = await store.one(write)
        row = await store.row(request_id)
        assert row is None or row["state"] == "closed" or row["number"] >= number
        number = row["number"] if row is not None else 0
        if outcome == DONE and kind in ("accept", "fail"):
            ended_by.add(by)
            assert row["state"] == "closed"
        if kind == "move" and outcome == DONE:
            assert row["number"] == attempt + 1
    assert len(ended_by) <= 1
    await ends_if_cancelled(store, request_id, any(kind == "cancel" for kind, *_ in told), bool(ended_by))


async def ends_if_cancelled(store: Store, request_id: UUID, is_cancelled: bool, has_ended: bool) -> None:
    """A withdrawn request ends once, by its cancellation or before, in whatever order all was heard."""
    await store.one(opening(request_id))
    due = [each for each in await store.take() if each.request_id == request_id]
    assert [each.state for each in due] == [CANCELLED] * (is_cancelled and not has_ended)
    await store.settle(due)
    assert ((await store.row(request_id))["state"] == "closed") is (is_cancelled or has_ended)


async def test_a_context_stays_in_its_row_as_it_is_and_out_of_it_where_it_fills_a_page(
    store: Store, request_id: UUID
) -> None:
    usual, large = b"a question, " * 400, b"a long one, " * 4_000
    await store.write(
        *(with_context(opening(each), context) for each, context in ((request_id, usual), (uuid4(), large)))
    )
    stored = "SELECT pg_column_compression(context), pg_column_toast_chunk_id(context) IS NULL FROM escalation.requests"
    rows = await store.database.pool.fetch(f"{stored} ORDER BY length(context)")
    assert [tuple(row) for row in rows] == [(None, True), (None, False)]
