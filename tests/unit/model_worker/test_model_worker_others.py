"""What others may have called, and been billed for, while a lease was lost here and this worker's own call went on."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from dispatches import dispatched, portfolio
from hypothesis import given
from hypothesis import strategies as st
from late_bench import LONG_S, SHORT_S, TRUE_MICRO_USD, Held, asked, until
from scripted_provider import ScriptedProvider
from worker_bench import Bench, again, bench, claimed

from schemas.attempt import AttemptCompleted, AttemptFailed, Cost
from schemas.settlement import AttemptSettled
from schemas.vocabulary import CostKind, Reason
from services.model_worker.adapters.desk import MOST_OTHERS, Desk
from services.model_worker.domain.calls import Billed, CallFailed
from services.model_worker.domain.claims import Claim, Finished
from services.model_worker.domain.others import with_others
from services.model_worker.domain.outcomes import failed, most_cost
from services.model_worker.domain.preparation import Prepared, prepare


@pytest.fixture
async def worker(provider: ScriptedProvider) -> AsyncIterator[Bench]:
    worker = bench(provider.url, late_s=LONG_S)
    yield worker
    await worker.providers.close()


def called() -> Finished:
    """A call that failed for nothing, as it is to be stored."""
    event = asked()
    prepared = prepare(event, portfolio(), lambda _: None)
    assert isinstance(prepared, Prepared)
    failure = failed(event, CallFailed(Reason.PROVIDER_ERROR, "it is down", Billed.NOTHING), Cost())
    return Finished(event.attempt.attempt_id, 1, failure, failure.to_json(), None, prepared)


def first(remaining_s: float = 20.0) -> Claim:
    return replace(claimed(asked(), remaining_s), fence=1)


async def told_of(worker: Bench) -> Any:
    async with asyncio.timeout(20):
        return await worker.desk.results.get()


def most_of(told: Finished) -> int:
    assert told.prepared is not None
    return most_cost(told.prepared.call, told.prepared.rate).micro_usd


async def test_the_answer_of_a_call_that_went_on_costs_at_most_what_others_can_have_called_beside_it(
    worker: Bench, provider: ScriptedProvider, held: Held
) -> None:
    claim = first()
    worker.desk.begin(claim, worker.calls.perform)
    await provider.asked.wait()
    worker.desk.begin(again(claim, 3), worker.calls.perform)
    worker.desk.begin(again(claim, 4), worker.calls.perform)
    held.released.set()
    told = await told_of(worker)
    booked = worker.desk.as_held(told)

    assert (booked.fence, booked.event.cost.kind) == (4, CostKind.BOUNDED)
    assert booked.event.cost.micro_usd == TRUE_MICRO_USD + most_of(told)
    assert AttemptCompleted.read(booked.data) == booked.event
    worker.desk.begin(again(claim, 6), worker.calls.perform)
    later = worker.desk.as_held(booked)
    assert later.event.cost.micro_usd == TRUE_MICRO_USD + 2 * most_of(told), "another held it before that was stored"


async def test_where_nobody_else_held_the_lease_the_cost_is_known(
    worker: Bench, provider: ScriptedProvider, held: Held
) -> None:
    claim = first()
    worker.desk.begin(claim, worker.calls.perform)
    await provider.asked.wait()
    worker.desk.begin(again(claim, 2), worker.calls.perform)
    held.released.set()

    booked = worker.desk.as_held(await told_of(worker))
    assert booked.event.cost == Cost(micro_usd=TRUE_MICRO_USD, price_list=booked.event.cost.price_list)


async def test_a_late_answer_keeps_the_bound_of_what_others_can_have_called(
    worker: Bench, provider: ScriptedProvider, held: Held
) -> None:
    claim = first(SHORT_S)
    worker.desk.begin(claim, worker.calls.perform)
    await provider.asked.wait()
    worker.desk.begin(again(claim, 3), worker.calls.perform)
    failure = worker.desk.as_held(await told_of(worker))
    assert isinstance(failure.event, AttemptFailed)
    assert failure.event.cost.micro_usd == 2 * most_of(failure)
    held.released.set()

    settled = worker.desk.with_others(await told_of(worker))
    assert (settled.event.cost.kind, settled.event.cost.micro_usd) == (
        CostKind.BOUNDED,
        TRUE_MICRO_USD + most_of(failure),
    )
    assert AttemptSettled.read(settled.data) == settled.event


async def test_a_claim_that_begins_anew_has_them_in_its_fence(worker: Bench) -> None:
    async def perform(claim: Claim) -> Finished:
        raise ValueError("an event that cannot be read")

    claim = first()
    worker.desk.leases[claim.attempt_id] = 1
    worker.desk.begin(again(claim, 3), perform)
    assert worker.desk.others == {claim.attempt_id: 1}
    del worker.desk.leases[claim.attempt_id]
    worker.desk.begin(again(claim, 5), perform)
    assert worker.desk.others == {}
    await until(lambda: not worker.desk.calls)


def test_no_more_are_remembered_than_can_be_in_hand() -> None:
    desk = Desk(lambda: 1)
    claims = [claimed(dispatched()) for _ in range(MOST_OTHERS + 1)]
    desk.leases.update({claim.attempt_id: 1 for claim in claims})

    async def perform(claim: Claim) -> Finished:
        raise AssertionError("nothing is called")

    for claim in claims:
        desk.begin(claim, perform)
    assert claims[0].attempt_id not in desk.others
    assert len(desk.others) == MOST_OTHERS


@given(steps=st.lists(st.integers(0, 5), max_size=6))
def test_each_is_booked_once_however_often_it_is_asked(steps: list[int]) -> None:
    told, known = called(), 0
    for step in steps:
        known = max(known, step)
        told = with_others(with_others(told, step), known)
    assert told.event.cost.micro_usd == known * most_of(told)
    assert told.others == known


def test_what_was_no_call_costs_nothing_beside() -> None:
    told = replace(called(), prepared=None)
    assert with_others(told, 3) is told
