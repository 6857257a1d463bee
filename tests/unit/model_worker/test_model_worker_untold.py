"""A call that was made is told of, whatever breaks after it: made again, it would be paid for again."""

import asyncio
from typing import Any

import pytest
from dispatches import dispatched
from late_bench import LONG_S, SECRET, SHORT_S, Held
from scripted_provider import ScriptedProvider
from test_model_worker_call import ASKED, good
from test_model_worker_sealed import sealed, sealing
from worker_bench import Bench, bench

from schemas.attempt import AttemptFailed
from schemas.vocabulary import CostKind, Reason
from services.model_worker.adapters import model_call

CAP_USD = 1


def breaks(*_: Any, **__: Any) -> Any:
    raise RuntimeError(SECRET)


def reserved(worker: Bench) -> int:
    return worker.cap._reserved_micro_usd


@pytest.mark.parametrize("breaking", ["its span", "what it says", "its event"])
async def test_a_call_is_told_as_failed_where_its_answer_cannot_be(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, breaking: str
) -> None:
    provider.says(good(SECRET))
    worker = bench(provider.url, spend_cap_usd=CAP_USD)
    fitting = model_call.fitting

    def fits_but_answers(ending: Any, most_bytes: int) -> Any:
        return breaks() if not isinstance(ending, AttemptFailed) else fitting(ending, most_bytes)

    match breaking:
        case "its span":
            monkeypatch.setattr(model_call, "span_attributes", breaks)
        case "what it says":
            monkeypatch.setattr(model_call, "told_of", breaks)
        case _:
            monkeypatch.setattr(model_call, "fitting", fits_but_answers)
    ended = (await worker.perform(dispatched(messages=ASKED, params={"max_tokens": 40}))).event
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.kind, len(provider.requests)) == (Reason.PROVIDER_ERROR, CostKind.BOUNDED, 1)
    assert ended.cost.micro_usd > 60
    assert reserved(worker) == 0
    assert worker.cap.spent_micro_usd == (60 if breaking == "its event" else ended.cost.micro_usd)
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + ended.detail


async def test_an_answer_that_cannot_be_sealed_is_lost_at_its_true_cost(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    provider.says(good("Mary it is."))
    worker = bench(provider.url, sealing=sealing(), spend_cap_usd=CAP_USD)
    event = await sealed(worker, dispatched(messages=ASKED, params={"max_tokens": 40}))
    monkeypatch.setattr(type(worker.contents), "sealed", breaks)
    ended = (await worker.perform(event)).event
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.micro_usd, reserved(worker)) == (Reason.PROVIDER_ERROR, 60, 0)
    assert "RuntimeError" in ended.detail
    assert SECRET not in caplog.text + ended.detail


async def test_a_call_that_cannot_be_read_on_is_cut_and_its_bound_is_spent(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.answer = Held()
    worker = bench(provider.url, late_s=LONG_S, spend_cap_usd=CAP_USD)
    monkeypatch.setattr(model_call, "told_of", breaks)
    asked = dispatched(messages=ASKED, params={"max_tokens": 40})
    ended = (await worker.perform(asked, remaining_s=SHORT_S * 4)).event
    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, reserved(worker), worker.desk.late) == (Reason.PROVIDER_ERROR, 0, {})
    assert worker.cap.spent_micro_usd == ended.cost.micro_usd > 0


async def test_what_breaks_before_a_call_gives_back_what_was_reserved_for_it(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.says(good())
    worker = bench(provider.url, spend_cap_usd=CAP_USD)
    monkeypatch.setattr(worker.limits, "passed", breaks)
    with pytest.raises(RuntimeError):
        await worker.perform(dispatched(messages=ASKED, params={"max_tokens": 40}))
    assert (reserved(worker), worker.cap.spent_micro_usd, provider.requests) == (0, 0, [])


async def test_a_call_that_a_stop_cuts_stays_reserved(provider: ScriptedProvider) -> None:
    provider.answer = Held()
    worker = bench(provider.url, spend_cap_usd=CAP_USD)
    call = asyncio.create_task(worker.perform(dispatched(messages=ASKED, params={"max_tokens": 40})))
    await provider.asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert reserved(worker) > 0
