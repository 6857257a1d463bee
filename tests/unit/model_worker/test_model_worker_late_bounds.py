"""What is not read on past its time, and for how long the rest is; and what of it is told to nobody."""

import asyncio
import json
from collections import Counter
from typing import Any

import aiohttp
import pytest
import uvloop
from aiohttp import web
from dispatches import dispatched, portfolio
from late_bench import GOOD, LONG_S, SECRET, SHORT_S, TRUE_MICRO_USD, asked, given_up, settled_of, until
from pydantic import ValidationError
from scripted_provider import ScriptedProvider
from worker_bench import bench, claimed

from infra.telemetry.lean_span import LeanSpans
from schemas.attempt import AttemptCompleted, AttemptFailed, Cost
from schemas.vocabulary import Reason
from services.model_worker.adapters import late_calls, model_call
from services.model_worker.adapters.desk import Desk
from services.model_worker.adapters.spend_cap import SpendCap
from services.model_worker.config import ModelWorkerConfig
from services.model_worker.domain.calls import CallFailed, Outcome
from services.model_worker.domain.late import GivenUp
from services.model_worker.domain.outcomes import failed
from services.model_worker.domain.preparation import Prepared, prepare

CALLS = 100


@pytest.mark.parametrize("remaining_s", [SHORT_S, 0.0005])
async def test_what_was_not_sent_at_its_time_is_never_sent(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch, remaining_s: float
) -> None:
    may_connect, connect = asyncio.Event(), aiohttp.TCPConnector.connect

    async def slowly(*given: Any, **named: Any) -> Any:
        await may_connect.wait()
        return await connect(*given, **named)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", slowly)
    provider.says(GOOD)
    worker = bench(provider.url, late_s=LONG_S)
    finished = await worker.calls.perform(claimed(asked(), remaining_s=remaining_s))
    assert isinstance(finished.event, AttemptFailed)
    may_connect.set()
    answered = await worker.calls.perform(claimed(dispatched()))
    assert isinstance(answered.event, AttemptCompleted)
    assert SECRET.encode() not in b"".join(provider.bodies)
    assert (len(provider.requests), worker.desk.late, worker.late.ended) == (1, {}, {})
    await worker.providers.close()


def test_calls_are_read_on_no_longer_than_attempts_are_kept() -> None:
    assert ModelWorkerConfig(provider="acme", late_s=60, retention_s=60).late_s == 60
    with pytest.raises(ValidationError, match=r"MODEL_WORKER_LATE_S \(61\) may not exceed MODEL_WORKER_RETENTION_S"):
        ModelWorkerConfig(provider="acme", late_s=61, retention_s=60)


def test_whoever_says_nothing_is_silent_whatever_the_loop_s_clock_says() -> None:
    """The services' loop counts time in whole milliseconds, and an end's and the clock's may differ by a rounding."""

    async def never() -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError("nothing ends it")

    async def kept() -> Counter[str]:
        late = late_calls.LateCalls(Desk(lambda: CALLS), SpendCap(), LeanSpans([].append), SHORT_S)
        for nth in range(CALLS):
            event = asked()
            failure = failed(event, CallFailed(Reason.TIMEOUT, "over its time"), Cost())
            prepared = prepare(event, portfolio(), lambda _: None)
            assert isinstance(prepared, Prepared)
            late.keep(GivenUp(failure, prepared, 0.0, None), asyncio.create_task(never()), 0, 0)
            await asyncio.sleep(nth % 3 / 1000)
        await until(lambda: sum(late.ended.values()) == CALLS)
        return late.ended

    assert uvloop.run(kept()) == {"silent": CALLS}


async def test_nothing_of_a_live_answer_is_told_after_its_time(
    provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on = asyncio.Event()

    async def writes(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(chunk({"choices": [{"delta": {"content": "On "}}]}))
        await may_go_on.wait()
        await response.write(chunk({"choices": [{"delta": {"content": "time."}, "finish_reason": "stop"}]}))
        await response.write(chunk({"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}))
        await response.write(b"data: [DONE]\n\n")
        return response

    provider.answer = writes
    worker = bench(provider.url, late_s=LONG_S)

    async def once_told(reading: late_calls.Reading, limit_s: float) -> None:
        await until(worker.live.is_told.is_set)

    monkeypatch.setattr(model_call, "in_time", once_told)
    event = asked()
    live = event.model_copy(update={"request": event.request.model_copy(update={"live": True})})
    await given_up(worker, live)
    may_go_on.set()
    assert (await settled_of(worker)).cost.micro_usd == TRUE_MICRO_USD
    assert [event.delta["content"] for event, *_ in worker.live.take()] == ["On "]
    await worker.providers.close()


def chunk(document: Any) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()
