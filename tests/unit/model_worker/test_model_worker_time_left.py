"""The time of an attempt runs while its contents are fetched and kept, and no store holds a call beyond it."""

import asyncio
import time
from typing import Any

import pytest
from dispatches import dispatched
from scripted_provider import ScriptedProvider
from test_model_worker_call import ASKED, good
from test_model_worker_sealed import sealed, sealing
from worker_bench import Bench, bench

from infra.objects.store import ObjectStore
from schemas.attempt import AttemptCompleted, AttemptDispatched, AttemptFailed
from schemas.portfolio import Portfolio
from schemas.vocabulary import Reason
from services.model_worker.adapters import call_content, model_call
from services.model_worker.domain.calls import Outcome


class Clock:
    """A steady clock that a test moves on."""

    time_ns = staticmethod(time.time_ns)

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(model_call, "time", moved)
    return moved


async def by_reference(worker: Bench) -> AttemptDispatched:
    event = dispatched(messages=ASKED)
    return event.model_copy(update={"body": await worker.contents.put(event.body.text().encode())})


def slow_store(clock: Clock, monkeypatch: pytest.MonkeyPatch, takes_s: float) -> None:
    read = ObjectStore.read

    async def slowly(self: ObjectStore, name: str, most: int | None = None) -> bytes | None:
        clock.now += takes_s
        return await read(self, name, most)

    monkeypatch.setattr(ObjectStore, "read", slowly)


async def never(*_: Any, **__: Any) -> Any:
    await asyncio.Event().wait()


async def test_a_call_whose_content_took_all_its_time_is_not_made(
    provider: ScriptedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.says(good())
    worker = bench(provider.url)
    event = await by_reference(worker)
    slow_store(clock, monkeypatch, 25.0)
    ended = (await worker.perform(event, remaining_s=20.0)).event
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.micro_usd, provider.requests) == (Reason.UNCALLED, 0, [])


@pytest.mark.parametrize("waits_for", ["its content", "its revision", "its adapter"])
async def test_what_waited_before_a_call_is_taken_off_its_time(
    provider: ScriptedProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch, waits_for: str
) -> None:
    provider.says(good())
    worker = bench(provider.url)
    event = await by_reference(worker)
    if waits_for == "its content":
        slow_store(clock, monkeypatch, 5.0)
    built, known = worker.providers.adapter_of, worker.portfolio

    async def builds(entry: Any) -> Any:
        clock.now += 5.0 if waits_for == "its adapter" else 0.0
        return await built(entry)

    async def comes(name: str) -> Portfolio:
        clock.now += 5.0 if waits_for == "its revision" else 0.0
        return known

    monkeypatch.setattr(worker.providers, "adapter_of", builds)
    monkeypatch.setattr(worker.calls._contents, "_revision", comes)
    limits, passes = list[float](), list[float]()

    async def timed(reading: "asyncio.Task[Outcome]", limit_s: float) -> Outcome:
        limits.append(limit_s)
        return await reading

    async def passed(tokens: int, within_s: float) -> bool:
        passes.append(within_s)
        return True

    monkeypatch.setattr(model_call, "in_time", timed)
    monkeypatch.setattr(worker.limits, "passed", passed)
    ended = (await worker.perform(event, remaining_s=20.0)).event
    assert isinstance(ended, AttemptCompleted)
    assert (limits, passes) == ([15.0], [15.0])


@pytest.mark.parametrize(("taken_over", "reason"), [(False, Reason.UNCALLED), (True, Reason.OUTCOME_UNKNOWN)])
async def test_a_store_that_hangs_holds_no_call_beyond_its_deadline(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, taken_over: bool, reason: Reason
) -> None:
    worker = bench(provider.url)
    event = await by_reference(worker)
    monkeypatch.setattr(ObjectStore, "read", never)
    async with asyncio.timeout(20):
        ended = (await worker.perform(event, remaining_s=0.05, taken_over=taken_over)).event
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.micro_usd, provider.requests) == (reason, 0, [])


async def test_a_store_that_hangs_holds_no_answer_back_beyond_its_deadline(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.says(good("Mary it is."))
    worker = bench(provider.url, sealing=sealing())
    event = await sealed(worker, dispatched(messages=ASKED))
    monkeypatch.setattr(type(worker.contents), "sealed", never)
    monkeypatch.setattr(call_content, "KEEPING_S", 0.0)
    async with asyncio.timeout(20):
        ended = (await worker.perform(event, remaining_s=1.0)).event
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.micro_usd) == (Reason.PROVIDER_ERROR, 60)
    assert "OBJECTS_URL" in ended.detail
