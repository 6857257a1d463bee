"""What one process has in hand, where its leases ran out and came back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from dispatches import dispatched
from late_bench import until
from scripted_provider import ScriptedProvider
from test_model_worker_call import good
from worker_bench import Bench, again, bench, claimed

from schemas.attempt import AttemptCompleted, AttemptFailed
from schemas.vocabulary import Reason
from services.model_worker.adapters.desk import Desk
from services.model_worker.domain.claims import UNRENEWED_S, Claim, Finished, is_surely_held
from services.model_worker.loops import RENEW_EVERY_S


class Waits:
    """Something that a call waits for before it begins, and who has come to it."""

    def __init__(self) -> None:
        self.came = 0
        self.lets_go = asyncio.Event()

    async def passed(self, tokens: int, within_s: float) -> bool:
        self.came += 1
        await self.lets_go.wait()
        return True


@pytest.fixture
async def worker(provider: ScriptedProvider) -> AsyncIterator[Bench]:
    provider.says(good())
    worker = bench(provider.url, lane={"on_unknown": "escalate"})
    yield worker
    await worker.providers.close()


def first() -> Claim:
    return replace(claimed(dispatched(params={"max_tokens": 10})), fence=1)


async def outcome(worker: Bench) -> Any:
    async with asyncio.timeout(20):
        told = await worker.desk.results.get()
    await until(lambda: not worker.desk.calls)
    assert worker.desk.results.empty()
    assert isinstance(told, Finished)
    assert told.fence == worker.desk.leases[told.attempt_id]
    return told.event


async def test_a_call_that_another_may_have_made_meanwhile_is_for_the_lane_to_judge(
    provider: ScriptedProvider, worker: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, claim = Waits(), first()
    monkeypatch.setattr(worker.limits, "passed", waits.passed)
    worker.desk.begin(claim, worker.calls.perform)
    await until(lambda: waits.came)
    worker.desk.begin(again(claim, 3), worker.calls.perform)
    ended = await outcome(worker)
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, provider.requests) == (Reason.OUTCOME_UNKNOWN, [])
    assert ended.cost.micro_usd > 0
    assert (worker.desk.leases, worker.desk.counts["lease_repeats"]) == ({claim.attempt_id: 3}, 1)


async def test_a_call_that_waits_goes_on_where_nobody_else_held_its_lease(
    provider: ScriptedProvider, worker: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, claim = Waits(), first()
    monkeypatch.setattr(worker.limits, "passed", waits.passed)
    worker.desk.begin(claim, worker.calls.perform)
    await until(lambda: waits.came)
    worker.desk.begin(again(claim, 2), worker.calls.perform)
    worker.desk.begin(again(claim, 3), worker.calls.perform)
    waits.lets_go.set()
    assert isinstance((await worker.desk.results.get()), Finished)
    assert (waits.came, len(provider.requests), worker.desk.counts["lease_regained"]) == (1, 1, 2)


async def test_a_call_that_has_begun_goes_on_whoever_held_its_lease_meanwhile(
    provider: ScriptedProvider, worker: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, lets_go = first(), asyncio.Event()
    answer = provider.answer

    async def held(request: Any) -> Any:
        await lets_go.wait()
        return await answer(request)

    provider.answer = held
    worker.desk.begin(claim, worker.calls.perform)
    await provider.asked.wait()
    worker.desk.begin(again(claim, 3), worker.calls.perform)
    lets_go.set()
    told = await worker.desk.results.get()
    assert isinstance(told, Finished)
    assert isinstance(told.event, AttemptCompleted)
    assert (len(provider.requests), worker.desk.counts["lease_regained"]) == (1, 1)


async def test_a_claim_that_is_cut_for_a_newer_one_leaves_that_one_in_hand(worker: Bench) -> None:
    begun = list[int]()

    async def perform(claim: Claim) -> Finished:
        begun.append(claim.fence)
        await asyncio.Event().wait()
        raise AssertionError("nothing ends it")

    claim = first()
    worker.desk.begin(claim, perform)
    worker.desk.begin(again(claim, 3), perform)
    await until(lambda: 3 in begun)
    worker.desk.begin(again(claim, 9), perform)
    await until(lambda: 9 in begun)
    (call,) = worker.desk.calls.values()
    call.cancel()
    await until(lambda: not worker.desk.calls)


def test_a_lease_is_renewed_from_the_second_look_on_while_it_is_held_under_the_same_fence() -> None:
    early, late = uuid4(), uuid4()
    desk = Desk(slots=lambda: 2, leases={early: 1})
    looks = [desk.to_renew()]
    desk.leases[late] = 1
    looks.append(desk.to_renew())
    desk.leases[early] = 3  # taken up anew
    looks.append(desk.to_renew())
    del desk.leases[early]
    looks.append(desk.to_renew())
    assert looks == [{}, {early: 1}, {late: 1}, {late: 1}]


def test_a_call_begins_unasked_only_where_its_lease_lasts_until_it_is_renewed() -> None:
    held = Claim(uuid4(), 1, b"", None, 20.0, taken_over=False, taken_at=100.0)
    assert UNRENEWED_S > 2 * RENEW_EVERY_S
    assert is_surely_held(held, 5.0, 102.4)
    assert not is_surely_held(held, 5.0, 103.5), "renewed at 105.5 only, and another may take it at 105"
