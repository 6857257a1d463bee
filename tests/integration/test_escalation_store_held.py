"""Moves without room, on real PostgreSQL: held or ended once, and a redelivery does what the first time did."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from escalation_rows import (
    LONG_AGO,
    SOON,
    Store,
    acceptance,
    cancellation,
    ends,
    failure,
    move,
    move_up,
    opening,
    store,
    wait,
)
from opentelemetry.trace import NoOpTracer

from schemas.examples import escalated
from schemas.outcome import RequestEscalated, RequestFailed
from schemas.reaction import DONE, STALE, Said
from schemas.vocabulary import Action, Reason
from services.escalation.adapters.timer_store import TimerStore
from services.escalation.domain.held import Released, Sorted
from services.escalation.domain.life import HELD, REFUSED
from services.escalation.domain.storm import Passage
from services.escalation.domain.timers import CANCELLED, UNMOVED, Due
from services.escalation.loops import SortOut, run_deadlines

__all__ = ["store"]


@pytest.fixture
async def request_id(store: Store) -> UUID:
    """A request whose first attempt is on its way."""
    request_id = uuid4()
    await store.one(opening(request_id))
    return request_id


@pytest.mark.parametrize("again", list(Passage))
async def test_a_record_that_moved_its_request_moves_it_again_whatever_room_there_is(
    store: Store, request_id: UUID, again: Passage
) -> None:
    assert await store.one(move_up(request_id, 1, "up", Passage.GO)) == DONE
    assert await store.one(move_up(request_id, 1, "up", again)) == DONE
    row = await store.row(request_id)
    assert (row["state"], row["number"], row["context"]) == ("open", 2, b"escalated by up")


@pytest.mark.parametrize("again", list(Passage))
async def test_a_record_that_ended_its_request_for_want_of_room_says_that_end_again(
    store: Store, request_id: UUID, again: Passage
) -> None:
    assert await store.one(move_up(request_id, 1, "up", Passage.REFUSE)) == REFUSED
    assert await store.one(move_up(request_id, 1, "up", again)) == REFUSED
    assert await store.one(move_up(request_id, 1, "another", Passage.GO)) == STALE
    assert await store.one(acceptance(request_id)) == STALE
    row = await store.row(request_id)
    assert (row["state"], row["context"], row["next_at"]) == ("closed", None, None)


@pytest.mark.parametrize("again", list(Passage))
async def test_a_request_that_is_held_stays_held_until_the_timers_let_it_go(
    store: Store, request_id: UUID, again: Passage
) -> None:
    assert await store.one(move_up(request_id, 1, "up", Passage.WAIT)) == HELD
    assert await store.one(move_up(request_id, 1, "up", again)) == HELD
    await store.the_lease_ends()
    (due,) = await store.take()
    assert (due.state, due.number, due.context) == ("held", 2, b"escalated by up")
    event = escalated(2, Action.UP, Reason.TIMEOUT, 1, "no", 100)
    timers = TimerStore()
    await store.database.patiently(lambda connection: timers.release(connection, [Released(due, event)]))
    row = await store.row(request_id)
    assert (row["state"], row["number"], row["context"]) == ("open", 2, event.to_json())
    assert await store.one(move_up(request_id, 1, "up", again)) == DONE
    assert await store.one(move(request_id, 2, "next")) == DONE


async def test_a_failure_that_comes_before_its_release_is_settled_moves_the_request_on(
    store: Store, request_id: UUID
) -> None:
    """It is said first and settled then: whoever answers at once is heard all the same."""
    assert await store.one(wait(request_id, 1, "failed", LONG_AGO)) == HELD
    (due,) = await store.take()
    assert await store.one(wait(request_id, 2, "refused at once", SOON)) == HELD
    released = [Released(due, escalated(2, Action.AGAIN, Reason.RATE_LIMITED, 0, "no", 100))]
    timers = TimerStore()
    await store.database.patiently(lambda connection: timers.release(connection, released))
    row = await store.row(request_id)
    assert (row["state"], row["number"], row["context"]) == ("held", 3, b"escalated by refused at once")
    assert await store.one(wait(request_id, 2, "refused at once", SOON)) == HELD


async def test_one_that_finds_no_room_is_asked_again_a_little_later(store: Store, request_id: UUID) -> None:
    await store.one(move_up(request_id, 1, "up", Passage.WAIT))
    await store.the_lease_ends()
    held = await store.take()
    timers = TimerStore()
    await store.database.patiently(lambda connection: timers.postpone(connection, held))
    assert await store.take() == []
    await store.the_lease_ends()
    assert [due.request_id for due in await store.take()] == [request_id]


async def test_one_that_waits_for_its_path_is_not_looked_at_before_its_time(store: Store, request_id: UUID) -> None:
    assert await store.one(wait(request_id, 1, "failed", timedelta(minutes=1))) == HELD
    await store.the_lease_ends()
    assert await store.take() == []
    assert (await store.row(request_id))["next_at"] > ends(timedelta(seconds=50))


async def test_one_whose_time_has_come_is_taken_by_whoever_keeps_time_then(store: Store, request_id: UUID) -> None:
    assert await store.one(wait(request_id, 1, "failed", LONG_AGO)) == HELD
    (due,) = await store.take()
    assert (due.state, due.number, due.context) == ("held", 2, b"escalated by failed")
    assert await store.take() == [], "it is another's for as long as the lease"
    await store.the_lease_ends()
    assert [again.request_id for again in await store.take()] == [request_id], "that one died, and said nothing"


async def test_those_that_wait_are_counted(store: Store, request_id: UUID) -> None:
    async def held() -> int:
        return await store.database.patiently(TimerStore().held)

    assert await held() == 0
    await store.one(wait(request_id, 1, "failed", timedelta(minutes=1)))
    assert await held() == 1
    await store.one(acceptance(request_id))
    assert await held() == 0


async def test_no_wait_outlasts_the_deadline(store: Store) -> None:
    request_id = uuid4()
    await store.one(opening(request_id))
    await store.one(wait(request_id, 1, "failed", timedelta(hours=2)))
    row = await store.row(request_id)
    assert row["next_at"] < row["deadline_at"] + timedelta(minutes=1)


async def test_a_late_acceptance_ends_a_held_request_and_a_late_failure_not(store: Store, request_id: UUID) -> None:
    await store.one(move_up(request_id, 1, "up", Passage.WAIT))
    assert await store.one(failure(request_id, 1)) == STALE
    assert await store.one(acceptance(request_id)) == DONE
    assert await store.take() == []


async def test_a_held_request_ends_at_its_deadline_with_a_state_of_its_own(store: Store) -> None:
    request_id = uuid4()
    await store.one(opening(request_id, request=timedelta(milliseconds=1)))
    await store.one(move_up(request_id, 1, "up", Passage.WAIT, request=LONG_AGO))
    (due,) = await store.take()
    assert due.state == UNMOVED
    await store.settle([due])
    row = await store.row(request_id)
    assert (row["state"], row["moved_by"]) == ("closed", UNMOVED)
    assert await store.one(move_up(request_id, 1, "up", Passage.GO)) == STALE


async def test_a_held_request_whose_lane_waits_no_longer_ends_and_no_late_answer_takes_its_place(
    store: Store, request_id: UUID
) -> None:
    await store.one(move_up(request_id, 1, "up", Passage.WAIT))
    await store.the_lease_ends()
    held = await store.take()
    await store.database.patiently(lambda connection: TimerStore().give_up(connection, held))
    assert await store.one(acceptance(request_id)) == STALE
    (due,) = await store.take()
    assert (due.state, due.context) == (UNMOVED, b"escalated by up")
    await store.settle([due])
    assert (await store.row(request_id))["state"] == "closed"


async def test_a_held_request_can_be_cancelled(store: Store, request_id: UUID) -> None:
    await store.one(move_up(request_id, 1, "up", Passage.WAIT))
    await store.write(cancellation(request_id))
    (due,) = await store.take()
    assert due.state == CANCELLED


async def test_the_timers_loop_asks_for_room_until_there_is_some_and_says_the_move_then(
    store: Store, request_id: UUID
) -> None:
    waiting = escalated(2, Action.UP, Reason.TIMEOUT, 1, "no", 100)
    event = waiting.model_copy(update={"attempt_deadline_at": ends(SOON)})
    answers = [False, True]

    def may_go(asking: Sequence[Due]) -> Sorted:
        return Sorted([Released(one, event) for one in asking] if answers.pop(0) else [], [])

    assert await said_by_the_loop(store, request_id, event, may_go, "open") == [event]


async def test_the_timers_loop_says_the_end_of_one_whose_lane_waits_no_longer(store: Store, request_id: UUID) -> None:
    event = escalated(2, Action.UP, Reason.TIMEOUT, 1, "no", 100)
    event = event.model_copy(
        update={"request": event.request.model_copy(update={"request_id": request_id, "deadline_at": ends(SOON)})}
    )
    (end,) = await said_by_the_loop(store, request_id, event, lambda asking: Sorted([], list(asking)), "closed")
    assert isinstance(end, RequestFailed)
    assert (end.request_id, end.reason) == (request_id, Reason.ESCALATION_CAPPED)
    assert "patience_s was over" in end.detail


async def said_by_the_loop(
    store: Store, request_id: UUID, event: RequestEscalated, sort_out: SortOut, state: str
) -> list[object]:
    """What the timers' loop says of a request that is held with this event, until it is in that state."""
    held = move_up(request_id, 1, "up", Passage.WAIT)
    await store.one(replace(held, row=replace(held.row, context=event.to_json())))
    said: list[object] = []

    async def say(says: Sequence[tuple[Said, str | None]]) -> dict[int, str]:
        said.extend(each.event for each, _ in says)
        return {}

    tracer = NoOpTracer()
    loop = asyncio.create_task(run_deadlines(store.database, TimerStore(), tracer, say, sort_out, 0.01, 10))
    async with asyncio.timeout(20):
        while (await store.row(request_id))["state"] != state:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    return said
