"""Model workers on real Kafka and PostgreSQL: dispatched in, completed out, through crashes, twins and restarts."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from dispatches import HELLO, dispatched
from neighbours import GOOD, TRACE_ID, Gate, Neighbours, until
from scripted_provider import ScriptedProvider, serving

from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed
from schemas.content import Answer, Json, fingerprint
from schemas.outcome import RequestCancelled
from schemas.reaction import Said
from schemas.vocabulary import Reason
from services.model_worker.domain.variables import VariableMissing


def cancellation_of(event: AttemptDispatched) -> RequestCancelled:
    """Nobody waits for this attempt's request any more."""
    request = event.request
    return RequestCancelled(
        request_id=request.request_id, tenant=request.tenant, by="the client", cancelled_at=datetime.now(UTC)
    )


@pytest.fixture
async def provider() -> AsyncIterator[ScriptedProvider]:
    scripted = ScriptedProvider()
    scripted.says(GOOD)
    async with serving(scripted):
        yield scripted


async def test_dispatched_attempts_are_completed_in_the_trace_of_their_request(around: Neighbours) -> None:
    await around.apply()
    events = [dispatched() for _ in range(20)]
    async with around.working() as app:
        await around.dispatch(*events)
        await until(lambda: len(around.ended) == 20)
        row = await around.row_that(events[0], lambda row: row["said_at"])
        assert app.counts["claimed"] == 20
    assert {event.attempt.attempt_id for event in around.ended} == {event.attempt.attempt_id for event in events}
    answered = around.ended[0]
    assert isinstance(answered, AttemptCompleted)
    assert Answer.read(answered.answer.text()).content() == "No."
    assert answered.cost.micro_usd == 60
    assert set(around.traces) == {TRACE_ID}
    assert row["outcome_traceparent"].split("-")[1] == TRACE_ID


async def test_the_same_dispatch_twice_is_called_once(around: Neighbours, provider: ScriptedProvider) -> None:
    await around.apply()
    event, after = dispatched(), dispatched()
    async with around.working():
        await around.dispatch(event, event)
        await until(lambda: around.ended)
        await around.dispatch(event)
        await around.dispatch(after)
        await until(lambda: len(around.ended) == 2)
    keys = [request.headers["Idempotency-Key"] for request in provider.requests]
    assert sorted(keys) == sorted(str(one.attempt.attempt_id) for one in (event, after))


async def test_a_dispatch_after_its_deadline_is_answered_and_never_called(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    event = dispatched(deadline_at=datetime.now(UTC) - timedelta(seconds=1))
    async with around.working():
        await around.dispatch(event)
        await until(lambda: around.ended)
    (failed,) = around.ended
    assert isinstance(failed, AttemptFailed)
    assert failed.reason is Reason.UNCALLED
    assert provider.requests == []
    assert await around.row(event) is None


async def test_a_worker_that_comes_after_the_deadline_answers_what_waited_without_calling(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    gate = Gate(provider)
    event = dispatched(deadline_at=datetime.now(UTC) + timedelta(seconds=2))
    first = dispatched()
    async with around.working(concurrency=1):
        await around.dispatch(first)
        await until(lambda: provider.requests)
        await around.dispatch(event)  # waits for the only slot until its deadline is past
        await until(lambda: datetime.now(UTC) > event.attempt.deadline_at)
        gate.open.set()
        await until(lambda: len(around.ended) == 2)
    reasons = {one.attempt.attempt_id: getattr(one, "reason", None) for one in around.ended}
    assert reasons == {first.attempt.attempt_id: None, event.attempt.attempt_id: Reason.UNCALLED}
    assert len(provider.requests) == 1


async def test_an_attempt_of_a_cancelled_request_is_not_begun_and_a_call_that_runs_goes_on(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    gate = Gate(provider)
    running, waiting, after = dispatched(), dispatched(number=3), dispatched()
    async with around.working(concurrency=1):
        await around.dispatch(running)
        await until(lambda: provider.requests)
        await around.dispatch(waiting)
        await around.row_that(waiting, lambda row: row["lease_until"] is None)
        await around.router.say([Said(cancellation_of(event)) for event in (running, waiting)])
        await around.row_that(waiting, lambda row: row["finished_at"])
        await around.dispatch(waiting)  # as a redelivery would
        await around.dispatch(after)
        gate.open.set()
        await until(lambda: len(around.ended) == 2)
    assert {one.attempt.attempt_id for one in around.ended} == {one.attempt.attempt_id for one in (running, after)}
    assert len(provider.requests) == 2


async def test_a_call_of_a_cancelled_request_is_cut_at_its_time_and_not_read_on(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    Gate(provider)
    late, left = (dispatched(deadline_at=datetime.now(UTC) + timedelta(seconds=6)) for _ in range(2))
    async with around.working() as app:
        desk = app._desk
        await around.dispatch(late, left)
        await until(lambda: len(provider.requests) == 2)
        await around.router.say([Said(cancellation_of(left))])
        await until(lambda: desk.unwanted)
        await until(lambda: len(around.ended) == 2)
        assert set(desk.late) == {late.attempt.attempt_id}
        await around.router.say([Said(cancellation_of(late))])
        await until(lambda: not desk.late)
    assert {one.reason for one in around.ended if isinstance(one, AttemptFailed)} == {Reason.TIMEOUT}


async def test_calls_at_once_are_as_many_as_the_portfolio_says(around: Neighbours, provider: ScriptedProvider) -> None:
    await around.apply(provider={"base_url": "${ACME_URL}", "concurrency": 3})
    gate = Gate(provider)
    async with around.working():
        await around.dispatch(*(dispatched() for _ in range(8)))
        await until(lambda: len(provider.requests) == 3)
        await around.apply(number=2, provider={"base_url": "${ACME_URL}", "concurrency": 5})
        await until(lambda: len(provider.requests) == 5)
        gate.open.set()
        await until(lambda: len(around.ended) == 8)


async def test_a_stopped_worker_finishes_its_calls_and_leaves_the_rest_untouched(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    gate = Gate(provider)
    running, waiting = dispatched(), dispatched()
    app = around.worker(concurrency=1)
    await app.start()
    await around.dispatch(running)
    await until(lambda: provider.requests)
    await around.dispatch(waiting)
    stopping = asyncio.create_task(app.stop())
    gate.open.set()
    await stopping
    await until(lambda: around.ended)
    assert [one.attempt.attempt_id for one in around.ended] == [running.attempt.attempt_id]
    assert (await around.row(running))["said_at"] is not None
    async with around.working():
        await until(lambda: len(around.ended) == 2)
    assert (await around.row(waiting))["lease_repeats"] == 0


async def test_a_call_that_outlives_the_grace_is_taken_over_at_once(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    Gate(provider)
    event = dispatched()
    app = around.worker(stop_grace_s=0)
    await app.start()
    await around.dispatch(event)
    await until(lambda: provider.requests)
    await app.stop()
    provider.says(GOOD)
    async with around.working(lease_s=600) as second:
        await until(lambda: around.ended)
        assert second.counts["lease_repeats"] == 1
    assert len({request.headers["Idempotency-Key"] for request in provider.requests}) == 1


async def test_the_lane_decides_what_becomes_of_a_call_whose_outcome_is_unknown(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply(lane={"on_unknown": "escalate"})
    Gate(provider)
    app = around.worker(stop_grace_s=0)
    await app.start()
    await around.dispatch(dispatched())
    await until(lambda: provider.requests)
    await app.stop()
    async with around.working():
        await until(lambda: around.ended)
    (failed,) = around.ended
    assert isinstance(failed, AttemptFailed)
    assert (failed.reason, failed.cost.kind) == (Reason.OUTCOME_UNKNOWN, "bounded")
    assert failed.cost.micro_usd > 0
    assert len(provider.requests) == 1


async def test_a_killed_process_is_followed_by_its_twin(around: Neighbours, provider: ScriptedProvider) -> None:
    await around.apply()
    gate = Gate(provider)
    event = dispatched()
    told = {
        "KAFKA_BOOTSTRAP_SERVERS": around.bus.kafka_bootstrap_servers,
        "TOPIC_PREFIX": around.bus.topic_prefix,
        "TOPIC_PARTITIONS": str(around.bus.topic_partitions),
        "DATABASE_URL": around.store.dsn,
        "MODEL_WORKER_LEASE_S": "3",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.model_worker", "--provider", "acme", "--concurrency", "4"),
        cwd=Path(__file__).parents[2],
        env={**os.environ, **around.environ, **told},
    )
    try:
        await until(lambda: around.ready)
        await around.dispatch(event)
        await until(lambda: provider.requests)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    gate.open.set()
    async with around.working(lease_s=3) as twin:
        await until(lambda: around.ended)
        assert twin.counts["lease_repeats"] == 1
    assert isinstance(around.ended[0], AttemptCompleted)
    assert [request.headers["Idempotency-Key"] for request in provider.requests] == [str(event.attempt.attempt_id)] * 2


async def test_what_was_stored_and_not_said_is_said_by_the_next_worker(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    event = dispatched()
    async with around.working() as app:
        await around.dispatch(event)
        await until(lambda: around.ended)
        await until(lambda: app.counts["said"] == 1)
    connection = await asyncpg.connect(around.store.dsn)
    await connection.execute("UPDATE model_worker.attempts SET said_at = NULL, lease_until = now() - interval '1 s'")
    await connection.close()
    async with around.working(sweep_s=0.1) as app:
        await until(lambda: len(around.ended) == 2)
        await until(lambda: app.counts["swept"] == 1)
    assert around.ended[0] == around.ended[1]
    assert around.traces[0] == around.traces[1] == TRACE_ID
    assert len(provider.requests) == 1
    assert (await around.row(event))["said_at"] is not None


async def test_lost_connections_to_the_database_lose_no_result(around: Neighbours, provider: ScriptedProvider) -> None:
    await around.apply()
    gate = Gate(provider)
    async with around.working():
        await around.dispatch(dispatched())
        await until(lambda: provider.requests)
        connection = await asyncpg.connect(around.store.dsn)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"
        cuts = await connection.fetch(cut, connection.get_server_pid())
        await connection.close()
        gate.open.set()
        await until(lambda: around.ended)
    assert len(cuts) >= 1
    assert isinstance(around.ended[0], AttemptCompleted)
    assert len(provider.requests) == 1


async def test_two_workers_share_the_load_and_call_nothing_twice(
    around: Neighbours, provider: ScriptedProvider
) -> None:
    await around.apply()
    events = [dispatched() for _ in range(60)]
    async with around.working(concurrency=4) as one, around.working(concurrency=4) as two:
        await around.dispatch(*events)
        await until(lambda: len(around.ended) == 60)
        assert one.counts["claimed"] + two.counts["claimed"] == 60
    assert len({request.headers["Idempotency-Key"] for request in provider.requests}) == 60
    assert len(provider.requests) == 60


def readiness(around: Neighbours) -> list[tuple[bool, Any]]:
    return [(event.ready, event.holds) for event in around.ready if event.provider == "acme"]


async def test_readiness_is_said_and_taken_back_by_the_last_to_leave_alone(around: Neighbours) -> None:
    await around.apply()
    async with around.working():
        await until(lambda: readiness(around) == [(True, None)])
        async with around.working():
            await until(lambda: readiness(around) == [(True, None)] * 2)
        await around.router.say([Said(around.ready[0].model_copy(update={"ready": False}))])
        await until(lambda: readiness(around)[-2:] == [(False, None), (True, None)])
        assert len(readiness(around)) == 4
    await until(lambda: readiness(around)[-1] == (False, None))


async def test_a_replaying_provider_says_what_it_holds_and_again_when_that_changes(
    around: Neighbours, tmp_path: Path
) -> None:
    def recorded(name: str, messages: tuple[Json, ...]) -> str:
        answer = {"message": {"role": "assistant", "content": "Recorded."}, "latency_ms": 900}
        line = {"request": {"messages": list(messages)}, "model": "small", "answers": [answer]}
        (tmp_path / name).write_text(json.dumps(line))
        return fingerprint(messages, None, None)

    first = recorded("one.jsonl", HELLO)
    other: tuple[Json, ...] = ({"role": "user", "content": f"Other {uuid4()}"},)
    second = recorded("two.jsonl", other)
    await around.apply(provider={"adapter": "replay", "answers": f"{tmp_path}/one.jsonl"})
    async with around.working():
        await until(lambda: readiness(around) == [(True, {"small": (first,)})])
        await around.dispatch(dispatched(), dispatched(messages=other))
        await until(lambda: len(around.ended) == 2)
        await around.apply(number=2, provider={"adapter": "replay", "answers": f"{tmp_path}/two.jsonl"})
        await until(lambda: readiness(around)[-1] == (True, {"small": (second,)}))
        await around.dispatch(dispatched(messages=other, revision="r2"))
        await until(lambda: len(around.ended) == 3)
    told = [getattr(event, "reason", None) or event.latency_ms for event in around.ended]
    assert sorted(map(str, told)) == ["900", "900", "no_recorded_answer"]


async def test_a_worker_without_what_its_provider_needs_does_not_start(around: Neighbours) -> None:
    await around.apply(provider={"base_url": "${ACME_URL}", "api_key_env": "ACME_API_KEY"})
    app = around.worker()
    with pytest.raises(VariableMissing, match="ACME_API_KEY"):
        await app.start()
    await app.stop()
