"""One door out, on real PostgreSQL: compare-and-set moves, one end, and timers that fire once a lease."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bus.rows import Rows
from infra.store.config import StoreConfig
from infra.store.database import Database
from infra.store.migrate import migrate
from schemas.reaction import DONE, STALE, Write
from services.escalation.adapters.request_store import Cancellations, Closings, Dispatches, Moves, Openings
from services.escalation.adapters.timer_store import TimerStore
from services.escalation.domain.life import Cancellation, Closing, Dispatch, Move, Opening
from services.escalation.domain.timers import CANCELLED, EXPIRED, Due

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SOON, LONG_AGO = timedelta(hours=1), -timedelta(minutes=1)
TABLES = {
    "openings": Openings(),
    "dispatches": Dispatches(),
    "closings": Closings(),
    "moves": Moves(),
    "cancellations": Cancellations(),
}


class Store:
    """The tables and the timers of escalation, on a database of the test's own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._rows = Rows(database, TABLES)
        self._timers = TimerStore()

    async def write(self, *writes: Write) -> list[str]:
        """One batch, a delivery each."""
        return [outcome[0] for outcome in await self._rows.write([[write] for write in writes])]  # type: ignore[index]

    async def one(self, write: Write) -> str:
        (outcome,) = await self.write(write)
        return outcome

    async def take(self, limit: int = 100) -> list[Due]:
        return await self.database.patiently(lambda connection: self._timers.take(connection, limit))

    async def settle(self, due: list[Due]) -> None:
        await self.database.patiently(lambda connection: self._timers.settle(connection, due))

    async def forget(self, days: int) -> int:
        return await self.database.patiently(lambda connection: self._timers.forget(connection, days))

    async def row(self, request_id: UUID) -> Any:
        return await self.database.pool.fetchrow("SELECT * FROM escalation.requests WHERE request_id = $1", request_id)

    async def the_lease_ends(self) -> None:
        """As after five seconds: what was taken and not settled is due again."""
        await self.database.pool.execute(
            "UPDATE escalation.requests SET next_at = now() WHERE next_at < now() + interval '6 seconds'"
        )


@pytest.fixture
async def store(store_config: StoreConfig) -> AsyncIterator[Store]:
    await migrate(store_config.dsn, "escalation")
    database = Database(store_config, "test")
    await database.open()
    yield Store(database)
    await database.close()


@pytest.fixture
def request_id() -> UUID:
    return uuid4()


def ends(after: timedelta) -> datetime:
    return datetime.now(UTC) + after


def opening(request_id: UUID, attempt: timedelta = SOON, request: timedelta = SOON) -> Write:
    row = Opening(request_id, ends(request), ends(attempt), b"profiled", TRACEPARENT)
    return Write("openings", request_id, row)


def dispatch(request_id: UUID, number: int, told: bytes = b"dispatched") -> Write:
    return Write("dispatches", (request_id, number), Dispatch(request_id, number, told, None))


def move(request_id: UUID, number: int, by: str, attempt: timedelta = SOON, request: timedelta = SOON) -> Write:
    row = Move(request_id, number, by, ends(request), ends(attempt), f"escalated by {by}".encode(), None)
    return Write("moves", request_id, row)


def acceptance(request_id: UUID, by: str = "accepted", request: timedelta = SOON) -> Write:
    return Write("closings", request_id, Closing(request_id, by, ends(request)))


def failure(request_id: UUID, number: int, by: str = "failed", request: timedelta = SOON) -> Write:
    return Write("closings", request_id, Closing(request_id, by, ends(request), only_attempt=number))


def cancellation(request_id: UUID) -> Write:
    return Write("cancellations", request_id, Cancellation(request_id))


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


async def test_an_event_of_long_ago_begins_nothing(store: Store, request_id: UUID) -> None:
    """From a rewound offset, when the row that closed it is forgotten."""
    past = -timedelta(days=2)
    outcomes = await store.write(
        opening(request_id, past, past), move(request_id, 1, "x", past, past), acceptance(request_id, request=past)
    )

    assert outcomes == [DONE, STALE, STALE]
    assert await store.row(request_id) is None


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


events = st.lists(
    st.tuples(st.sampled_from(["move", "accept", "fail", "cancel", "open"]), st.integers(1, 4), st.sampled_from("abc")),
    max_size=12,
)


async def test_whatever_comes_and_how_often_a_request_moves_forward_and_ends_once(store: Store) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=30)
    @given(events)
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
