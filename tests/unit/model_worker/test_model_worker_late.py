"""A call that is over its time is told as a failure at once, and read on for what it cost: bounded, and for nobody."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from late_bench import LONG_S, SECRET, SHORT_S, TRUE_MICRO_USD, Held, asked, given_up, settled_of, until
from scripted_provider import ScriptedProvider
from wire_spans import attributes_in, span_in
from worker_bench import Bench, bench, claimed

from schemas.attempt import AttemptFailed, Cost
from schemas.money import MICRO
from schemas.vocabulary import BreakerState, CostKind, Reason
from services.model_worker.adapters import late_calls, model_call
from services.model_worker.domain.calls import Outcome


@pytest.fixture(autouse=True)
def sent_in_time(provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, the provider has a call before its time is over."""
    begun = itertools.count(1)

    async def once_sent(reading: late_calls.Reading, limit_s: float) -> Outcome | None:
        nth = next(begun)
        outcome = await late_calls.in_time(reading, limit_s)
        await until(lambda: reading.done() or len(provider.requests) >= nth)
        return outcome

    monkeypatch.setattr(model_call, "in_time", once_sent)


async def test_a_failure_is_told_as_ever_and_the_late_answer_tells_the_true_cost(
    provider: ScriptedProvider, held: Held
) -> None:
    worker = bench(provider.url, late_s=LONG_S)
    event = asked()
    failure = await given_up(worker, event)
    assert (failure.reason, failure.cost.kind) == (Reason.TIMEOUT, CostKind.BOUNDED)
    assert failure.cost.micro_usd > TRUE_MICRO_USD
    assert worker.desk.results.empty()
    held.released.set()
    told = await settled_of(worker)
    assert (told.request, told.attempt, told.told, told.reason) == (event.request, event.attempt, Reason.TIMEOUT, None)
    assert (told.cost.micro_usd, told.cost.kind, told.cost.price_list) == (TRUE_MICRO_USD, CostKind.KNOWN, "2026-01-01")
    assert (told.usage.input_tokens, told.usage.output_tokens, told.answered_by) == (12, 3, "acme-small-2026-05")
    assert told.latency_ms == failure.latency_ms + told.late_ms
    assert (worker.late.ended, worker.late.late_ms) == ({"answered": 1}, told.late_ms)
    assert len(provider.requests) == 1
    await worker.providers.close()


async def test_a_late_answer_is_a_span_of_its_call_and_no_content_is_told(
    provider: ScriptedProvider, held: Held
) -> None:
    worker = bench(provider.url, late_s=LONG_S, shows_content=True)
    await given_up(worker)
    held.released.set()
    told = await settled_of(worker)
    call, late = map(span_in, worker.spans)
    assert (late.name, late.parent_span_id, late.trace_id) == ("late answer", call.span_id, call.trace_id)
    shown = attributes_in(late)
    assert shown["model_portfolio.cost_micro_usd"] == TRUE_MICRO_USD
    assert shown["model_portfolio.late_ms"] == told.late_ms
    assert SECRET.encode() not in worker.spans[1] + told.to_json()
    await worker.providers.close()


async def test_a_late_answer_is_no_success_to_the_breaker_nor_to_the_times_of_answers(
    provider: ScriptedProvider, held: Held
) -> None:
    worker = bench(provider.url, late_s=LONG_S, slots=20, timeout_s=SHORT_S)
    for _ in range(10):
        await worker.calls.perform(claimed(asked()))
    assert worker.breakers.of("small").state is BreakerState.OPEN
    counted = worker.breakers.of("small")
    held.released.set()
    for _ in range(10):
        await settled_of(worker)
    assert worker.breakers.of("small") == counted
    assert worker.calls._answers == {}
    await worker.providers.close()


@pytest.mark.parametrize(
    ("status", "reason", "ending"),
    [(429, Reason.RATE_LIMITED, "refused"), (400, Reason.INVALID_REQUEST, "refused"), (500, None, "unknown")],
)
async def test_a_late_refusal_settles_where_it_surely_cost_nothing(
    provider: ScriptedProvider, status: int, reason: Reason | None, ending: str
) -> None:
    answer = Held("{}", status)
    provider.answer = answer
    worker = bench(provider.url, late_s=LONG_S)
    await given_up(worker)
    answer.released.set()
    await until(lambda: worker.late.ended)
    assert worker.late.ended == {ending: 1}
    if reason is None:
        assert worker.desk.results.empty(), "its bound stays"
    else:
        told = await settled_of(worker)
        assert (told.reason, told.cost.micro_usd, told.cost.kind) == (reason, 0, CostKind.KNOWN)
        assert told.answered_by is None
    await worker.providers.close()


async def test_an_unusable_late_answer_costs_what_its_usage_says(provider: ScriptedProvider) -> None:
    answer = Held(json.dumps({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}))
    provider.answer = answer
    worker = bench(provider.url, late_s=LONG_S)
    await given_up(worker)
    answer.released.set()
    told = await settled_of(worker)
    assert (told.reason, told.cost.micro_usd) == (Reason.BAD_ANSWER, TRUE_MICRO_USD)
    await worker.providers.close()


async def test_what_lost_workers_may_have_called_stays_a_bound(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=LONG_S)
    failure = await given_up(worker, taken_over=True)
    held.released.set()
    told = await settled_of(worker)
    assert told.cost.kind is CostKind.BOUNDED
    assert TRUE_MICRO_USD < told.cost.micro_usd < failure.cost.micro_usd
    await worker.providers.close()


async def test_a_call_that_stays_silent_is_cut_after_a_while_and_its_bound_stays(
    provider: ScriptedProvider, held: Held
) -> None:
    worker = bench(provider.url, late_s=SHORT_S)
    await given_up(worker)
    await until(lambda: worker.late.ended and not worker.desk.late)
    assert worker.late.ended == {"silent": 1}
    assert worker.desk.results.empty()
    await worker.providers.close()


@pytest.mark.parametrize("price", [{"usd_per_hour": "0.05"}, None], ids=str)
async def test_no_call_is_read_on_where_no_token_has_a_price(
    provider: ScriptedProvider, held: Held, price: Any
) -> None:
    worker = bench(provider.url, late_s=LONG_S, price=price)
    failure = await given_up(worker)
    assert (failure.reason, worker.desk.late) == (Reason.TIMEOUT, {})
    await worker.providers.close()


async def test_no_call_is_read_on_where_that_is_switched_off(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=0)
    failure = await given_up(worker)
    assert (failure.reason, worker.desk.late) == (Reason.TIMEOUT, {})
    await worker.providers.close()


async def test_a_call_in_time_takes_the_slot_of_the_oldest_that_is_late(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=LONG_S, slots=2)
    first, second, fresh = asked(), asked(), asked()
    for event in (first, second):
        await given_up(worker, event)
    assert list(worker.desk.late) == [first.attempt.attempt_id, second.attempt.attempt_id]
    assert worker.desk.free() == 2, "late calls keep nobody waiting"
    worker.desk.begin(claimed(fresh), worker.calls.perform)
    assert list(worker.desk.late) == [second.attempt.attempt_id]
    await until(lambda: worker.late.ended)
    assert worker.late.ended == {"cut": 1}
    held.released.set()
    await until(lambda: worker.desk.results.qsize() == 2)
    await worker.providers.close()


async def test_a_full_worker_reads_a_few_calls_on_beside_its_slots(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=LONG_S, slots=1, beside=1)
    first, second = asked(), asked()
    await given_up(worker, first)
    worker.desk.begin(claimed(second, SHORT_S), worker.calls.perform)
    assert list(worker.desk.late) == [first.attempt.attempt_id]
    assert worker.desk.free() == 0, "what is late makes no room of its own"
    await until(lambda: second.attempt.attempt_id in worker.desk.late)
    worker.desk.begin(claimed(asked()), worker.calls.perform)
    assert list(worker.desk.late) == [second.attempt.attempt_id]
    await until(lambda: worker.late.ended)
    assert worker.late.ended == {"cut": 1}
    held.released.set()
    await until(lambda: worker.late.ended == {"cut": 1, "answered": 1})
    await until(lambda: not worker.desk.calls)
    await worker.providers.close()


async def test_of_two_calls_of_one_attempt_only_the_last_is_read_on(provider: ScriptedProvider, held: Held) -> None:
    worker, event = bench(provider.url, late_s=LONG_S), asked()
    await given_up(worker, event)
    await given_up(worker, event, taken_over=True)
    await until(lambda: worker.late.ended)
    assert (list(worker.desk.late), worker.late.ended) == ([event.attempt.attempt_id], {"cut": 1})
    held.released.set()
    assert (await settled_of(worker)).cost.kind is CostKind.BOUNDED, "of the first nobody knows"
    await worker.providers.close()


async def test_a_call_is_read_on_no_more_once_its_attempt_is_called_again(
    provider: ScriptedProvider, held: Held
) -> None:
    worker, event = bench(provider.url, late_s=LONG_S), asked()
    await given_up(worker, event)
    worker.desk.begin(claimed(event, taken_over=True), worker.calls.perform)
    await until(lambda: worker.late.ended)
    assert (worker.desk.late, worker.late.ended) == ({}, {"cut": 1})
    held.released.set()
    await until(lambda: worker.desk.results.qsize())
    await worker.providers.close()


async def test_a_call_whose_failure_cannot_be_told_is_cut(
    provider: ScriptedProvider, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*told: Any) -> Any:
        raise ValueError(SECRET)

    monkeypatch.setattr(model_call, "ended", breaks)
    readings, create_task = list[asyncio.Task[Any]](), asyncio.create_task
    monkeypatch.setattr(asyncio, "create_task", lambda call: readings.append(create_task(call)) or readings[-1])
    worker = bench(provider.url, late_s=LONG_S)
    with pytest.raises(ValueError, match=SECRET):
        await given_up(worker)
    await until(lambda: all(reading.done() for reading in readings))
    assert readings[0].cancelled()
    assert worker.desk.late == {}
    await worker.providers.close()


async def test_a_settlement_that_cannot_be_told_is_counted_and_its_bound_stays(
    provider: ScriptedProvider, held: Held, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*told: Any) -> Any:
        raise ValueError(SECRET)

    monkeypatch.setattr(late_calls, "settled", breaks)
    worker = bench(provider.url, late_s=LONG_S, spend_cap_usd="0.10")
    failure = await given_up(worker)
    held.released.set()
    await until(lambda: worker.late.ended)
    assert (worker.late.ended, worker.desk.late) == ({"unknown": 1}, {})
    assert_cap(worker, failure.cost.micro_usd)
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text
    await worker.providers.close()


async def test_a_single_slot_is_enough_to_read_a_call_on(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=LONG_S, slots=1)
    event = asked()
    worker.desk.begin(claimed(event, remaining_s=SHORT_S), worker.calls.perform)
    await until(lambda: worker.desk.late and not worker.desk.calls)
    await worker.desk.results.get()
    held.released.set()
    assert (await settled_of(worker)).attempt == event.attempt
    await worker.providers.close()


async def test_a_call_of_a_request_that_was_cancelled_is_not_read_on(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=LONG_S)
    late, running = asked(), asked()
    await given_up(worker, late)
    worker.desk.begin(claimed(running, remaining_s=SHORT_S), worker.calls.perform)
    worker.desk.forsake([late.attempt.attempt_id, running.attempt.attempt_id])
    assert worker.desk.late == {}
    await until(lambda: not worker.desk.calls)
    assert (worker.desk.late, worker.desk.unwanted) == ({}, set())
    assert worker.late.ended == {"cut": 1}
    await worker.providers.close()


async def test_a_worker_that_leaves_reads_nothing_on(provider: ScriptedProvider, held: Held) -> None:
    worker = bench(provider.url, late_s=LONG_S)
    await given_up(worker)
    worker.desk.stopping = True
    cut = worker.desk.cut_late()
    await asyncio.wait(cut)
    await given_up(worker)
    assert (worker.desk.late, worker.late.ended) == ({}, {"cut": 1})
    await worker.providers.close()


async def test_the_spend_cap_keeps_what_is_reserved_and_takes_the_true_cost(
    provider: ScriptedProvider, held: Held
) -> None:
    worker = bench(provider.url, late_s=LONG_S, spend_cap_usd="0.0006")
    failure = await given_up(worker)
    assert worker.cap.spent_micro_usd == 0
    refused = await worker.calls.perform(claimed(asked()))
    assert isinstance(refused.event, AttemptFailed)
    assert refused.event.reason is Reason.SPEND_CAPPED, f"{failure.cost.micro_usd} of 600 are reserved"
    held.released.set()
    await settled_of(worker)
    assert_cap(worker, TRUE_MICRO_USD)
    await worker.providers.close()


async def test_the_spend_cap_takes_the_bound_where_the_cost_stays_unknown(
    provider: ScriptedProvider, held: Held
) -> None:
    worker = bench(provider.url, late_s=SHORT_S, spend_cap_usd="0.10")
    failure = await given_up(worker)
    await until(lambda: worker.late.ended)
    assert_cap(worker, failure.cost.micro_usd)
    await worker.providers.close()


def assert_cap(worker: Bench, spent_micro_usd: int) -> None:
    """This is spent, and nothing stays reserved: a call for all that is left of a dollar passes."""
    assert worker.cap.spent_micro_usd == spent_micro_usd
    left = MICRO - spent_micro_usd
    assert worker.cap.reserve(MICRO, Cost(micro_usd=left, price_list="tests"), limits_tokens=True) == left
