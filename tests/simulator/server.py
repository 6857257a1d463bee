"""The simulator's HTTP side."""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

from aiohttp import web

from schemas.attempt import Usage
from schemas.content import Json

from .behaviours import BEHAVIOURS
from .call_log import NOT_BILLED, CallLog
from .completions import completion
from .embeddings import embeddings
from .marks import Mark
from .wire import has_left

LARGEST_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a model takes: lognormal around a median, and the same for the same attempt in every run."""

    median_s: float = 0.0
    sigma: float = 0.0

    def of(self, attempt_id: str | None) -> float:
        """Seconds for this attempt's call."""
        if not self.median_s:
            return 0.0
        return random.Random(attempt_id).lognormvariate(log(self.median_s), self.sigma)  # noqa: S311


class Simulator:
    """Serves every provider's completions and embeddings.

    A call that was begun is worked out and billed, though its client leaves.
    """

    def __init__(self, calls: CallLog, latency: Latency) -> None:
        self._calls = calls
        self._latency = latency
        self._together: dict[int, asyncio.Barrier] = {}

    def application(self) -> web.Application:
        """What is served: completions and embeddings by provider, and ``/health``."""
        app = web.Application(client_max_size=LARGEST_BODY_BYTES)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/{provider}/v1/chat/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_post("/{provider}/v1/embeddings", self._embed)
        app.router.add_get("/health", self._healthy)
        return app

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, lambda asked, size, mark: completion(asked, size, mark.words))

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        """What is done to a choice of a completion cannot be done to vectors: all else can."""
        return await self._answer(request, lambda asked, size, mark: embeddings(asked, size))

    async def _answer(self, request: web.Request, good: Callable[[Json, int, Mark], Json]) -> web.StreamResponse:
        body = await request.read()
        asked, mark = json.loads(body), Mark.found_in(body)
        provider = request.match_info.get("provider", "")
        attempt_id = request.headers.get("Idempotency-Key")
        case = mark.case_at(provider)
        call = self._calls.asked(attempt_id, provider, asked.get("model"), case)
        await asyncio.sleep(self._latency.of(attempt_id) if mark.latency_s is None else mark.latency_s)
        if mark.together is not None:
            await self._together.setdefault(mark.together, asyncio.Barrier(mark.together)).wait()
        return await self._play(request, case, call, good(asked, len(body), mark))

    async def _play(self, request: web.Request, case: str, call: str, document: Json) -> web.StreamResponse:
        behaviour = BEHAVIOURS[case]
        billed = _tokens(document["usage"]) if behaviour.bills else NOT_BILLED
        status: int | None = None
        try:
            response = await behaviour.play(request, document)
            status = None if has_left(request) else response.status
            return response
        finally:
            usage = document.get("usage") if status == web.HTTPOk.status_code else None
            self._calls.ended(call, status, usage, billed, heard=not has_left(request))


def _tokens(usage: dict[str, Any]) -> Usage:
    return Usage(input_tokens=usage["prompt_tokens"], output_tokens=usage.get("completion_tokens", 0))
