"""A claimed call from its stored event to the event that answers it: deadline, price, trace, and no content told."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from dispatches import TRACEPARENT, dispatched
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from scripted_provider import ScriptedProvider
from wire_spans import attributes_in
from worker_bench import bench, claimed

from schemas.attempt import AttemptCompleted, AttemptFailed, Cost
from schemas.vocabulary import BreakerState, CostKind, Reason
from services.model_worker.domain.claims import LeaseLost

SECRET = "the patient's name is Mary"
ASKED = ({"role": "user", "content": SECRET},)


def good(content: str = "No.") -> str:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 12, "completion_tokens": 3}
    return json.dumps({"model": "acme-small-2026-05", "choices": [choice], "usage": usage})


async def test_an_answer_is_priced_and_said_in_the_span_of_its_call(provider: ScriptedProvider) -> None:
    provider.says(good())
    worker = bench(provider.url)
    event = dispatched(messages=ASKED, params={"temperature": 0.5, "max_tokens": 40})
    finished = await worker.perform(event)
    assert (finished.attempt_id, finished.fence) == (event.attempt.attempt_id, 3)
    assert isinstance(finished.event, AttemptCompleted)
    assert finished.data == finished.event.to_json()
    assert (finished.event.cost.micro_usd, finished.event.cost.price_list) == (60, "2026-01-01")
    span = worker.span
    assert (span.name, span.kind) == ("chat acme-small-2026", Span.SPAN_KIND_CLIENT)
    assert f"00-{span.trace_id.hex()}-{span.parent_span_id.hex()}-01" == TRACEPARENT
    assert finished.traceparent == f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"


async def test_a_call_whose_lease_went_to_another_is_not_made_and_leaves_nothing_behind(
    provider: ScriptedProvider,
) -> None:
    provider.says(good())
    worker = bench(provider.url, spend_cap_usd=1)
    worker.is_held = False
    with pytest.raises(LeaseLost):
        await worker.perform(dispatched(messages=ASKED, params={"max_tokens": 40}))
    assert (provider.requests, worker.spans) == ([], [])


async def test_a_call_whose_deadline_passed_while_it_waited_is_not_made_and_costs_nothing(
    provider: ScriptedProvider,
) -> None:
    provider.says(good())
    worker = bench(provider.url)
    finished = await worker.perform(dispatched(messages=ASKED), remaining_s=1e-9)
    assert provider.requests == []
    assert (finished.event.reason, finished.event.cost.micro_usd) == (Reason.UNCALLED, 0)


async def test_the_span_follows_the_conventions_and_holds_no_content(provider: ScriptedProvider) -> None:
    provider.says(good(SECRET))
    worker = bench(provider.url)
    await worker.perform(dispatched(messages=ASKED, params={"temperature": 0.5, "max_tokens": 40, "seed": SECRET}))
    told = attributes_in(worker.span)
    assert {name: told[name] for name in told if name.startswith("gen_ai.")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme.ai",
        "gen_ai.request.model": "acme-small-2026",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 40,
        "gen_ai.response.model": "acme-small-2026-05",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
    }
    assert told["server.address"] == "127.0.0.1"
    assert SECRET.encode() not in worker.spans[0]


async def test_content_is_in_the_span_where_it_is_switched_on(provider: ScriptedProvider) -> None:
    provider.says(good("Yes."))
    worker = bench(provider.url, shows_content=True)
    await worker.perform(dispatched(messages=ASKED))
    told = attributes_in(worker.span)
    assert json.loads(told["gen_ai.input.messages"]) == list(ASKED)
    assert json.loads(told["gen_ai.output.messages"]) == [{"role": "assistant", "content": "Yes."}]


async def test_a_call_is_cut_at_the_attempts_deadline_and_its_cost_is_bounded(provider: ScriptedProvider) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    provider.answer = never
    worker = bench(provider.url)
    finished = await worker.perform(dispatched(params={"max_tokens": 10}), remaining_s=0.05)
    assert isinstance(finished.event, AttemptFailed)
    assert finished.event.reason is Reason.TIMEOUT
    assert finished.event.cost.kind is CostKind.BOUNDED
    assert finished.event.cost.micro_usd >= 100
    assert worker.span.status.code == Status.STATUS_CODE_ERROR
    assert attributes_in(worker.span)["error.type"] == "timeout"


async def test_a_call_that_waiting_left_no_time_is_starved_and_not_held_against_its_path(
    provider: ScriptedProvider,
) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    provider.says(good())
    worker = bench(provider.url)
    await worker.calls.perform(claimed(dispatched()))
    provider.answer = never
    waited = replace(claimed(dispatched(params={"max_tokens": 10}), remaining_s=0.05), given_s=10.0)
    finished = await worker.calls.perform(waited)
    assert isinstance(finished.event, AttemptFailed)
    assert finished.event.reason is Reason.STARVED
    assert "waited" in finished.event.detail
    assert finished.event.cost.kind is CostKind.BOUNDED
    assert sum(bucket.bad for bucket in worker.breakers.of("small").counted) == 0
    await worker.providers.close()


async def test_nobody_is_called_whose_answer_would_come_too_late_after_its_wait(provider: ScriptedProvider) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.2)
        return web.Response(body=good().encode())

    provider.answer = slow
    worker = bench(provider.url)
    await worker.calls.perform(claimed(dispatched()))
    waited = replace(claimed(dispatched(), remaining_s=0.1), given_s=10.0)
    finished = await worker.calls.perform(waited)
    assert isinstance(finished.event, AttemptFailed)
    assert (finished.event.reason, finished.event.cost) == (Reason.UNCALLED, Cost())
    assert len(provider.bodies) == 1
    assert sum(bucket.bad for bucket in worker.breakers.of("small").counted) == 0
    await worker.providers.close()


async def test_the_providers_own_timeout_cuts_as_well(provider: ScriptedProvider) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    provider.answer = never
    finished = await bench(provider.url, timeout_s=0.05).perform(dispatched())
    assert finished.event.reason is Reason.TIMEOUT
    assert "0.05 s" in finished.event.detail


@pytest.mark.parametrize(
    ("remaining_s", "taken_over", "on_unknown", "reason", "kind"),
    [
        (0.0, False, "repeat", Reason.UNCALLED, CostKind.KNOWN),
        (0.0, True, "repeat", Reason.OUTCOME_UNKNOWN, CostKind.BOUNDED),
        (20.0, True, "escalate", Reason.OUTCOME_UNKNOWN, CostKind.BOUNDED),
        (20.0, True, "fail", Reason.OUTCOME_UNKNOWN, CostKind.BOUNDED),
    ],
)
async def test_nothing_is_called_when_it_must_not_be(
    provider: ScriptedProvider, remaining_s: float, taken_over: bool, on_unknown: str, reason: Reason, kind: CostKind
) -> None:
    provider.says(good())
    worker = bench(provider.url, lane={"on_unknown": on_unknown})
    finished = await worker.perform(dispatched(), remaining_s, taken_over=taken_over)
    assert (finished.event.reason, finished.event.cost.kind) == (reason, kind)
    assert finished.traceparent == TRACEPARENT
    assert provider.requests == []


@pytest.mark.parametrize(
    ("taken_over", "reason"), [(False, Reason.UNCALLED), (True, Reason.OUTCOME_UNKNOWN)], ids=["the first", "a repeat"]
)
async def test_what_is_too_late_to_begin_costs_what_lost_workers_may_have_called(
    provider: ScriptedProvider, taken_over: bool, reason: Reason
) -> None:
    event = dispatched()
    late = await bench(provider.url).perform(event, 1e-9, taken_over=taken_over)
    known = await bench(provider.url).perform(event, 0.0, taken_over=taken_over)
    assert (late.event.reason, late.event.cost) == (reason, known.event.cost)
    assert provider.requests == []


async def test_a_lost_call_is_repeated_where_the_lane_says_so_under_the_same_idempotency_key(
    provider: ScriptedProvider,
) -> None:
    provider.says(good())
    event = dispatched()
    finished = await bench(provider.url).perform(event, taken_over=True)
    assert isinstance(finished.event, AttemptCompleted)
    assert provider.requests[0].headers["Idempotency-Key"] == str(event.attempt.attempt_id)


async def test_a_missing_variable_fails_the_attempt_and_names_itself(provider: ScriptedProvider) -> None:
    finished = await bench(provider.url, base_url="${ELSEWHERE_URL}").perform(dispatched())
    assert finished.event.reason is Reason.PROVIDER_ERROR
    assert "ELSEWHERE_URL" in finished.event.detail


async def test_a_revision_that_does_not_come_fails_the_attempt(provider: ScriptedProvider) -> None:
    finished = await bench(provider.url).perform(dispatched(revision="r9"))
    assert (finished.event.reason, finished.event.cost.micro_usd) == (Reason.PROVIDER_ERROR, 0)
    assert "r9" in finished.event.detail


async def test_an_answer_too_large_to_send_is_a_failure_that_fits(provider: ScriptedProvider) -> None:
    provider.says(good("x" * 60_000))
    finished = await bench(provider.url).perform(dispatched())
    assert finished.event.reason is Reason.BAD_ANSWER
    assert len(finished.data) < 50_000


async def test_an_adapter_that_breaks_fails_the_attempt_and_tells_no_content(
    provider: ScriptedProvider, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = bench(provider.url)
    adapter = await worker.providers.adapter_of(worker.portfolio.providers["acme"])

    async def broken(call: Any, tell: Any, sending: Any) -> Any:
        raise RuntimeError(f"cannot make sense of {call.payload}")

    monkeypatch.setattr(adapter, "call", broken)
    with caplog.at_level(logging.DEBUG):
        finished = await worker.perform(dispatched(messages=ASKED))
    assert (finished.event.reason, finished.event.cost.kind) == (Reason.PROVIDER_ERROR, CostKind.BOUNDED)
    assert "RuntimeError" in caplog.text
    assert SECRET not in caplog.text + finished.event.detail


@pytest.mark.parametrize("base_url", ["http://user:tok-s3cret@h:tok-s3cret/v1", "http://user:tok-s3cret@h\u2100/v1"])
async def test_an_address_that_nobody_can_read_is_told_nowhere(base_url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        finished = await bench(base_url).perform(dispatched())
    assert finished.event.reason is Reason.PROVIDER_ERROR
    assert "ValueError" in caplog.text
    assert "ValueError" in finished.event.detail
    assert "base_url" in finished.event.detail
    assert "s3cret" not in caplog.text + finished.event.detail


async def test_a_variable_that_is_missing_is_named() -> None:
    finished = await bench("http://h", api_key_env="NO_SUCH_KEY").perform(dispatched())
    assert finished.event.reason is Reason.PROVIDER_ERROR
    assert "NO_SUCH_KEY" in finished.event.detail


async def test_an_event_of_a_past_deadline_is_judged_by_the_databases_clock_alone(provider: ScriptedProvider) -> None:
    provider.says(good())
    event = dispatched(deadline_at=datetime.now(UTC) - timedelta(seconds=5))
    finished = await bench(provider.url).perform(event, remaining_s=3.0)
    assert isinstance(finished.event, AttemptCompleted)


@pytest.mark.parametrize(
    ("taken_over", "reason", "kind"),
    [(False, Reason.BREAKER_OPEN, CostKind.KNOWN), (True, Reason.OUTCOME_UNKNOWN, CostKind.BOUNDED)],
)
async def test_a_path_that_fails_is_called_no_more_and_a_lost_call_is_still_booked(
    provider: ScriptedProvider, taken_over: bool, reason: Reason, kind: CostKind
) -> None:
    provider.says("{}", 503)
    worker = bench(provider.url)
    for _ in range(10):
        await worker.calls.perform(claimed(dispatched()))
    finished = await worker.perform(dispatched(), taken_over=taken_over)
    assert len(provider.requests) == 10
    assert (finished.event.reason, finished.event.cost.kind) == (reason, kind)
    assert (finished.event.cost.micro_usd > 0) is taken_over


async def test_a_call_that_had_no_time_says_nothing_of_its_provider(provider: ScriptedProvider) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    provider.answer = never
    worker = bench(provider.url)
    for _ in range(12):
        finished = await worker.calls.perform(claimed(dispatched(), remaining_s=0.01))
        assert isinstance(finished.event, AttemptFailed)
        assert finished.event.reason in (Reason.TIMEOUT, Reason.UNCALLED), "on a busy machine even the call is too late"
    await worker.providers.close()
    assert worker.breakers.of("small").state is BreakerState.CLOSED


async def test_a_call_for_which_the_rate_limit_has_no_room_is_not_made_and_costs_nothing(
    provider: ScriptedProvider,
) -> None:
    provider.says(good())
    worker = bench(provider.url, requests_per_minute=1)
    worker.limits.limit(worker.portfolio.providers["acme"])
    await worker.calls.perform(claimed(dispatched()))
    for _ in range(12):
        refused = await worker.calls.perform(claimed(dispatched(), remaining_s=0.05))
        assert isinstance(refused.event, AttemptFailed)
        assert (refused.event.reason, refused.event.cost.micro_usd) == (Reason.RATE_LIMITED, 0)
    await worker.providers.close()
    assert len(provider.requests) == 1
    assert worker.breakers.of("small").state is BreakerState.CLOSED, "the provider did nothing wrong"


async def test_content_by_reference_is_fetched_for_the_call_and_does_not_come_back(provider: ScriptedProvider) -> None:
    provider.says(good())
    here = bench(provider.url)
    event = dispatched(messages=ASKED)
    stored = event.model_copy(update={"body": await here.contents.put(event.body.text().encode())})
    ended = (await here.perform(stored)).event

    assert isinstance(ended, AttemptCompleted)
    assert json.loads(provider.bodies[0])["messages"] == list(ASKED)
    assert ended.body == stored.body


@pytest.mark.parametrize("sha256", ["0" * 64, None])
async def test_content_that_is_gone_or_altered_is_a_failure_that_costs_nothing(
    provider: ScriptedProvider, sha256: str | None
) -> None:
    here = bench(provider.url)
    event = dispatched(messages=ASKED)
    body = await here.contents.put(event.body.text().encode())
    lost = body.model_copy(update={"sha256": sha256} if sha256 else {"ref": f"2026-01-01/{uuid4().hex}"})
    ended = (await here.perform(event.model_copy(update={"body": lost}))).event

    assert isinstance(ended, AttemptFailed)
    assert (ended.reason, ended.cost.micro_usd) == (Reason.INVALID_REQUEST, 0)
    assert provider.bodies == []
