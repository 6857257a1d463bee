"""Calls that are over their time, and what they come to."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web
from dispatches import dispatched
from worker_bench import Bench, claimed

from schemas.attempt import AttemptDispatched, AttemptFailed
from schemas.settlement import AttemptSettled
from services.model_worker.domain.late import Settled

LONG_S = 60.0
SHORT_S = 0.05
SECRET = "the patient's name is Mary"
GOOD = json.dumps(
    {
        "model": "acme-small-2026-05",
        "choices": [{"message": {"role": "assistant", "content": SECRET}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3},
    }
)
TRUE_MICRO_USD = 60


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - of many kinds
            await asyncio.sleep(0.005)


class Held:
    """An answer that is given once it is released."""

    def __init__(self, body: str = GOOD, status: int = 200) -> None:
        self.released = asyncio.Event()
        self._answer = (body, status)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        await self.released.wait()
        body, status = self._answer
        return web.Response(text=body, status=status)


def asked() -> AttemptDispatched:
    return dispatched(messages=({"role": "user", "content": SECRET},), params={"max_tokens": 10})


async def given_up(worker: Bench, event: AttemptDispatched | None = None, *, taken_over: bool = False) -> AttemptFailed:
    """The failure of a call that nobody answered in time."""
    finished = await worker.calls.perform(claimed(event or asked(), remaining_s=SHORT_S, taken_over=taken_over))
    assert isinstance(finished.event, AttemptFailed)
    return finished.event


async def settled_of(worker: Bench) -> AttemptSettled:
    """What the late call came to, as it goes to the store."""
    async with asyncio.timeout(20):
        told = await worker.desk.results.get()
    assert isinstance(told, Settled)
    assert AttemptSettled.read(told.data) == told.event
    assert told.attempt_id == told.event.attempt.attempt_id
    return told.event
