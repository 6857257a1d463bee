"""The worker's loops on a real PostgreSQL, with calls that wait to be let go and a publisher that can be away."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from attempt_shelf import Shelf, answer_to
from dispatches import TRACEPARENT, dispatched
from worker_process import Process, processes, shelf, until

from schemas.attempt import AttemptCompleted, AttemptFailed, Cost, Usage
from schemas.vocabulary import Reason
from services.model_worker.domain.claims import Claim
from services.model_worker.loops import (
    drain,
    mark,
    run_claims,
    say_again,
    settle,
)

__all__ = ["processes", "shelf"]


async def test_a_crash_between_storing_and_saying_loses_nothing(shelf: Shelf, processes: Any) -> None:
    events = [dispatched() for _ in range(6)]
    await shelf.put(*events)
    crashed = processes(slots=6)
    crashed.kafka.clear()
    crashed.let_go.set()
    ids = {event.attempt.attempt_id for event in events}
    await until(lambda: len(crashed.calls) == 6 and not crashed.desk.calls and crashed.desk.results.empty())
    await shelf.until(lambda rows: all(row["finished_at"] for row in rows.values()))
    await crashed.kill()
    await shelf.run_out(*ids)
    next_one = processes("another")
    await until(lambda: len(next_one.said) == 6)
    assert {event.attempt.attempt_id for event, *_ in next_one.said} == ids
    assert {context for *_, context in next_one.said} == {TRACEPARENT}
    await shelf.until(lambda rows: all(row["said_at"] for row in rows.values()))
    assert crashed.said == []
    assert next_one.calls == []


async def test_an_answer_too_large_for_kafka_is_said_as_a_failure_at_its_true_cost(
    shelf: Shelf, processes: Any
) -> None:
    event = dispatched()
    await shelf.put(event)
    process = processes()
    process.refused = {AttemptCompleted: "MessageSizeTooLargeError"}
    process.let_go.set()
    await until(lambda: process.said and not process.desk.leases)
    ((said, data, context),) = process.said
    assert isinstance(said, AttemptFailed)
    assert said.attempt == event.attempt
    assert (said.reason, said.cost, said.usage) == (Reason.BAD_ANSWER, Cost(micro_usd=5), Usage(output_tokens=1))
    assert "max.message.bytes" in said.detail
    assert (AttemptFailed.read(data), context) == (said, TRACEPARENT)
    assert all(row["said_at"] for row in (await shelf.rows()).values())


async def test_an_outcome_that_kafka_refuses_is_kept_and_said_once_it_is_granted(
    shelf: Shelf, processes: Any, caplog: pytest.LogCaptureFixture
) -> None:
    event = dispatched()
    await shelf.put(event)
    process = processes()
    process.refused = {AttemptCompleted: "TopicAuthorizationFailedError"}
    process.let_go.set()
    await until(lambda: caplog.text.count("TopicAuthorizationFailedError") > 1)
    assert process.said == []
    assert list(process.desk.leases) == [event.attempt.attempt_id], "and so none but this worker says it meanwhile"
    assert f"the first of request {event.request.request_id}: they are stored" in caplog.text
    assert not any(row["said_at"] for row in (await shelf.rows()).values())
    process.refused = {}
    await until(lambda: process.said and not process.desk.leases)
    assert [type(said) for said, *_ in process.said] == [AttemptCompleted]
    assert process.calls == [event.attempt.attempt_id]


async def test_what_a_dead_worker_could_not_say_is_refused_to_others_too_and_kept(shelf: Shelf, processes: Any) -> None:
    events = [dispatched(), dispatched()]
    await shelf.put(*events)
    dead = shelf.worker()
    claims = await dead.claim(2)
    await dead.finish([answer_to(claim) for claim in claims])
    await shelf.run_out(*(claim.attempt_id for claim in claims))
    refuses = Process(shelf)
    refuses.refused = {AttemptCompleted: "UnknownTopicOrPartitionError"}
    left = await refuses.store.unsaid(9)
    assert not await say_again(refuses.store, refuses.publish, left), "the sweeper asks for no more of them just now"
    assert not any(row["said_at"] for row in (await shelf.rows()).values())
    refuses.refused = {AttemptCompleted: "MessageSizeTooLargeError"}
    assert await say_again(refuses.store, refuses.publish, left)
    failures = [said for said, *_ in refuses.said if isinstance(said, AttemptFailed)]
    assert [(said.reason, said.cost.micro_usd) for said in failures] == [(Reason.BAD_ANSWER, 5)] * 2
    assert all(row["said_at"] for row in (await shelf.rows()).values())


async def test_what_waits_for_kafka_is_not_said_by_others_meanwhile(shelf: Shelf, processes: Any) -> None:
    event = dispatched()
    await shelf.put(event)
    slow, other = processes(), processes()
    other.desk.stopping = True
    slow.kafka.clear()
    slow.let_go.set()
    await until(lambda: slow.calls and not slow.desk.calls)
    await shelf.age(55)  # its lease would run out soon, were it not renewed
    before = (await shelf.rows())[event.attempt.attempt_id]["lease_until"]
    await shelf.until(lambda rows: rows[event.attempt.attempt_id]["lease_until"] > before)
    slow.kafka.set()
    await until(lambda: not slow.desk.leases)
    assert len(slow.said) == 1
    assert other.said == []


async def test_a_lease_of_ones_own_that_ran_out_is_taken_up_again_and_nothing_is_called_twice(
    shelf: Shelf, processes: Any
) -> None:
    event = dispatched()
    await shelf.put(event)
    process = processes()
    await until(lambda: process.calls)
    process.tasks["leases"].cancel()  # no renewal, as while the database is away
    await shelf.run_out(event.attempt.attempt_id)
    await until(lambda: process.desk.counts["lease_regained"] >= 1)
    process.let_go.set()
    await until(lambda: process.said)
    assert process.calls == [event.attempt.attempt_id]
    assert (await shelf.rows())[event.attempt.attempt_id]["fence"] >= 2
    assert process.desk.counts["fenced"] == 0


async def test_an_outcome_that_lost_its_lease_is_dropped_and_never_said(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    process = Process(shelf)
    (lost,) = await process.store.claim(1)
    process.desk.leases[lost.attempt_id] = lost.fence
    await shelf.run_out(lost.attempt_id)
    await shelf.worker().claim(1)
    await settle(process.desk, process.store, process.publish, [answer_to(lost)])
    assert process.said == []
    assert process.desk.counts["fenced"] == 1
    assert process.desk.leases == {}


async def test_an_outcome_refused_for_an_older_fence_of_ones_own_is_stored_under_the_newer(shelf: Shelf) -> None:
    await shelf.put(dispatched())
    process = Process(shelf)
    (older,) = await process.store.claim(1)
    await shelf.run_out(older.attempt_id)
    (newer,) = await process.store.claim(1)
    process.desk.leases[older.attempt_id] = older.fence
    finishing = answer_to(older)
    assert await process.store.finish([finishing]) == set()
    process.desk.leases[newer.attempt_id] = newer.fence
    process.desk.refused(finishing)
    await settle(process.desk, process.store, process.publish, [process.desk.results.get_nowait()])
    assert len(process.said) == 1


async def test_slots_bound_what_is_claimed_and_a_free_one_takes_the_next(shelf: Shelf, processes: Any) -> None:
    await shelf.put(*(dispatched() for _ in range(10)))
    process = processes(slots=3, poll_s=3_600)
    process.desk.wake.set()
    await until(lambda: len(process.calls) == 3)
    claimed = [row for row in (await shelf.rows()).values() if row["owner"] is not None]
    assert len(claimed) == 3
    process.let_go.set()
    await until(lambda: len(process.said) == 10)
    assert sorted(process.calls) == sorted((await shelf.rows()).keys())


async def test_a_claim_that_comes_back_while_stopping_is_given_back(shelf: Shelf, monkeypatch: Any) -> None:
    await shelf.put(dispatched())
    process = Process(shelf)
    claim = process.store.claim

    async def stopped_meanwhile(most: int) -> list[Claim]:
        process.desk.stopping = True
        return await claim(most)

    monkeypatch.setattr(process.store, "claim", stopped_meanwhile)
    await run_claims(process.desk, process.store, process.perform, 0.01, 0)
    assert process.calls == []
    (again,) = await shelf.worker().claim(1)
    assert not again.taken_over


async def test_draining_waits_for_calls_and_lets_go_of_what_it_marked(shelf: Shelf, processes: Any) -> None:
    await shelf.put(dispatched(), dispatched())
    process = processes()
    await until(lambda: len(process.calls) == 2)
    process.desk.stopping = True
    draining = asyncio.create_task(drain(process.desk, process.store, 20))
    process.let_go.set()
    await draining
    assert len(process.said) == 2
    assert process.desk.leases == {}
    assert all(row["said_at"] is not None for row in (await shelf.rows()).values())


async def test_draining_without_grace_cuts_calls_and_keeps_their_leases_to_release(
    shelf: Shelf, processes: Any
) -> None:
    await shelf.put(dispatched())
    process = processes()
    await until(lambda: process.calls)
    process.desk.stopping = True
    await drain(process.desk, process.store, 0)
    assert process.desk.calls == {}
    assert len(process.desk.leases) == 1
    await process.store.release(process.desk.leases, begun=True)
    (again,) = await shelf.worker().claim(1)
    assert again.taken_over


async def test_marking_nothing_asks_nothing_of_the_database(shelf: Shelf, monkeypatch: Any) -> None:
    process = Process(shelf)

    async def unexpected(attempt_ids: Sequence[UUID]) -> None:
        raise AssertionError(attempt_ids)

    monkeypatch.setattr(process.store, "said", unexpected)
    await mark(process.desk, process.store)
    assert process.desk.to_mark == []


async def test_a_provider_whose_last_worker_died_is_told_of_by_the_others(shelf: Shelf, processes: Any) -> None:
    await shelf.worker("dead").renew({})
    await shelf.database.pool.execute("UPDATE model_worker.workers SET alive_until = now() - interval '1 s'")
    process = processes()
    await until(lambda: process.gone)
    assert process.gone == ["dead"]
