"""What late calls came to, from the desk to Kafka by way of a real PostgreSQL: stored first, and told once."""

import asyncio
from dataclasses import replace
from typing import Any

from attempt_shelf import Shelf, answer_to
from dispatches import PER_TOKEN, TRACEPARENT, dispatched, portfolio
from worker_process import Process, processes, shelf, until

from schemas.attempt import AttemptCompleted, AttemptDispatched, Cost, Usage
from schemas.settlement import AttemptSettled
from schemas.vocabulary import CostKind, Reason
from services.model_worker.domain.claims import Claim
from services.model_worker.domain.late import Settled
from services.model_worker.domain.outcomes import most_cost
from services.model_worker.domain.preparation import Prepared, prepare
from services.model_worker.loops import settle

__all__ = ["processes", "shelf"]


def settled_late(event: AttemptDispatched) -> Settled:
    """The call was read on, and cost this."""
    told = AttemptSettled(
        request=event.request,
        attempt=event.attempt,
        told=Reason.TIMEOUT,
        usage=Usage(input_tokens=12, output_tokens=3),
        cost=Cost(micro_usd=60),
        latency_ms=2_500,
        late_ms=1_500,
        answered_by="m",
    )
    return Settled(event.attempt.attempt_id, told, told.to_json(), TRACEPARENT)


def told(process: Process) -> list[AttemptSettled]:
    return [event for event, *_ in process.said if isinstance(event, AttemptSettled)]


async def rows(shelf: Shelf) -> list[Any]:
    return await shelf.database.pool.fetch("SELECT * FROM model_worker.settlements")


async def finished_by(process: Process, event: AttemptDispatched, shelf: Shelf) -> Claim:
    """The attempt's failure is stored and said by this process."""
    await shelf.put(event)
    (claim,) = await process.store.claim(1)
    process.desk.leases[claim.attempt_id] = claim.fence
    await settle(process.desk, process.store, process.publish, [answer_to(claim)])
    return claim


async def test_what_a_late_call_came_to_is_stored_told_once_and_let_go(shelf: Shelf, processes: Any) -> None:
    event, process = dispatched(), Process(shelf)
    await finished_by(process, event, shelf)
    process.kafka.clear()
    process.desk.results.put_nowait(settled_late(event))
    process.start()
    await until_stored(shelf, 1)
    assert told(process) == [], "it is stored before it is said"
    process.kafka.set()
    await until_stored(shelf, 0)
    assert told(process) == [settled_late(event).event]
    assert [context for event, _, context in process.said if isinstance(event, AttemptSettled)] == [TRACEPARENT]
    await process.kill()


async def test_what_others_may_have_called_meanwhile_is_in_the_cost_of_both(shelf: Shelf, processes: Any) -> None:
    event, process = dispatched(params={"max_tokens": 10}), Process(shelf)
    prepared = prepare(event, portfolio(price=PER_TOKEN), lambda _: None)
    assert isinstance(prepared, Prepared)
    await shelf.put(event)
    (claim,) = await process.store.claim(1)
    process.desk.leases[claim.attempt_id], process.desk.others[claim.attempt_id] = claim.fence, 1
    process.desk.results.put_nowait(replace(answer_to(claim), prepared=prepared))
    process.desk.results.put_nowait(replace(settled_late(event), prepared=prepared))
    process.start()
    await until(lambda: len(process.said) == 2)
    most = most_cost(prepared.call, prepared.rate).micro_usd
    costs = {type(one): one.cost for one, *_ in process.said if isinstance(one, AttemptCompleted | AttemptSettled)}
    assert {kind: (cost.micro_usd, cost.kind) for kind, cost in costs.items()} == {
        AttemptCompleted: (5 + most, CostKind.BOUNDED),
        AttemptSettled: (60 + most, CostKind.BOUNDED),
    }
    await process.kill()


async def test_what_cannot_be_said_of_a_late_call_holds_up_no_outcome(shelf: Shelf, processes: Any) -> None:
    late, event, process = dispatched(), dispatched(), Process(shelf)
    await finished_by(process, late, shelf)
    process.stalled.add(AttemptSettled)
    process.desk.results.put_nowait(settled_late(late))
    process.let_go.set()
    process.start()
    await until_stored(shelf, 1)
    await shelf.put(event)
    await until(lambda: [each for each, *_ in process.said if each.subject == event.subject])
    await process.kill()


async def test_of_two_that_settle_one_attempt_the_later_is_kept(shelf: Shelf) -> None:
    event, process = dispatched(), Process(shelf)
    await finished_by(process, event, shelf)
    first, last = settled_late(event), settled_late(event)
    last = replace(last, traceparent=None)
    assert await process.settlements.keep([first, last]) == [last]
    assert [row["traceparent"] for row in await rows(shelf)] == [None]


async def test_a_failure_and_what_settles_it_may_come_out_together(shelf: Shelf) -> None:
    event, process = dispatched(), Process(shelf)
    await shelf.put(event)
    (claim,) = await process.store.claim(1)
    process.desk.leases[claim.attempt_id] = claim.fence
    process.desk.results.put_nowait(settled_late(event))
    process.desk.results.put_nowait(answer_to(claim))
    process.start()
    await until(lambda: len(process.said) == 2)
    assert len(told(process)) == 1
    await process.kill()


async def test_what_a_crash_left_untold_is_told_by_another_with_the_same_trace(shelf: Shelf, processes: Any) -> None:
    event, crashed = dispatched(), Process(shelf)
    await finished_by(crashed, event, shelf)
    assert await crashed.settlements.keep([settled_late(event)]) == [settled_late(event)]
    other = processes()
    assert await other.settlements.unsaid(10) == [], "it may still be told by who stored it"
    await run_out(shelf)
    await until(lambda: told(other))
    await until_stored(shelf, 0)
    assert told(other) == [settled_late(event).event]
    assert [context for *_, context in other.said] == [TRACEPARENT]
    assert other.calls == []


async def test_what_kafka_refuses_is_kept_and_told_once_it_is_granted(shelf: Shelf, processes: Any) -> None:
    event, process = dispatched(), processes()
    await finished_by(process, event, shelf)
    process.refused = {AttemptSettled: "TopicAuthorizationFailedError"}
    process.desk.results.put_nowait(settled_late(event))
    await until_stored(shelf, 1)
    await until(lambda: process.desk.results.empty())
    process.refused = {}
    await run_out(shelf)
    await until(lambda: told(process))
    await until_stored(shelf, 0)


async def test_of_an_attempt_that_another_took_over_nothing_is_told(shelf: Shelf) -> None:
    event, mine, other = dispatched(), Process(shelf), Process(shelf)
    await shelf.put(event)
    await mine.store.claim(1)
    await shelf.run_out(event.attempt.attempt_id)
    (claim,) = await other.store.claim(1)
    other.desk.leases[claim.attempt_id] = claim.fence
    await settle(other.desk, other.store, other.publish, [answer_to(claim)])
    assert await mine.settlements.keep([settled_late(event)]) == []
    assert await rows(shelf) == []


async def test_before_its_failure_is_stored_nothing_is_kept(shelf: Shelf) -> None:
    event, process = dispatched(), Process(shelf)
    await shelf.put(event)
    await process.store.claim(1)
    assert await process.settlements.keep([settled_late(event)]) == []


async def test_storing_it_again_is_no_change(shelf: Shelf) -> None:
    event, process = dispatched(), Process(shelf)
    await finished_by(process, event, shelf)
    for _ in range(2):
        assert await process.settlements.keep([settled_late(event)]) == [settled_late(event)]
    assert len(await rows(shelf)) == 1


async def test_what_nobody_took_for_long_is_deleted(shelf: Shelf) -> None:
    old, young, process = dispatched(), dispatched(), Process(shelf)
    for event in (old, young):
        await finished_by(process, event, shelf)
        await process.settlements.keep([settled_late(event)])
    aged = "UPDATE model_worker.settlements SET kept_at = now() - interval '2 hours' WHERE attempt_id = $1"
    await shelf.database.pool.execute(aged, old.attempt.attempt_id)
    await process.settlements.forget(3_600)
    assert [row["attempt_id"] for row in await rows(shelf)] == [young.attempt.attempt_id]


async def until_stored(shelf: Shelf, count: int) -> None:
    """Wait until so many rows are there, with a deadline."""
    async with asyncio.timeout(20):
        while len(await rows(shelf)) != count:  # noqa: ASYNC110 - it waits for other connections
            await asyncio.sleep(0.02)


async def run_out(shelf: Shelf) -> None:
    """Who stored it has just lost its lease."""
    await shelf.database.pool.execute("UPDATE model_worker.settlements SET lease_until = now() - interval '1 ms'")
