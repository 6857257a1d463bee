"""What the simulator can do with a call, by name."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import MappingProxyType
from typing import Any

from aiohttp import web

from schemas.content import Json

from . import wire
from .completions import tool_call
from .marks import GOOD

Play = Callable[[web.Request, Json], Awaitable[web.StreamResponse]]
"""Answers a request, given the good completion that it could have had."""
WAIT_S = 3
HTML = "<!doctype html><title>Sign in</title><h1>Sign in to the network</h1>"
ABSURD = 1_000_000_000_000


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``bills``: the model ran, and its tokens are on the bill, whatever became of the answer."""

    play: Play
    bills: bool


def tells(change: Callable[[Json], Any] = lambda document: None) -> Behaviour:
    """The completion, with a change made to it."""

    async def play(request: web.Request, document: Json) -> web.StreamResponse:
        change(document)
        if json.loads(await request.read()).get("stream"):
            return await wire.written(request, document)
        await asyncio.sleep(wire.writing_s(document, await request.read()))
        return web.json_response(document)

    return Behaviour(play, bills=True)


def sends(cut: Callable[[str], str], content_type: str = "application/json") -> Behaviour:
    """A 200 with other text than the completion's."""

    async def play(request: web.Request, document: Json) -> web.StreamResponse:
        return web.Response(text=cut(json.dumps(document)), content_type=content_type)

    return Behaviour(play, bills=True)


def refuses(
    status: int, code: str, *, bills: bool = False, headers: Callable[[], Mapping[str, str]] = dict
) -> Behaviour:
    """An error in OpenAI's shape."""

    async def play(request: web.Request, document: Json) -> web.StreamResponse:
        error = {"message": "the simulator was asked to refuse this", "type": code, "code": code}
        return web.json_response({"error": error}, status=status, headers=headers())

    return Behaviour(play, bills)


def _retry_at() -> Mapping[str, str]:
    return {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=WAIT_S), usegmt=True)}


def _message(document: Json) -> Json:
    return document["choices"][0]["message"]


def _calls_a_tool(*calls: Json) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        document["choices"][0] = {
            "index": 0,
            "message": {"role": "assistant", "content": None, "tool_calls": list(calls)},
            "finish_reason": "tool_calls",
        }

    return change


LOOK_UP = tool_call("lookup", '{"query": "hours"}')
BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        GOOD: tells(),
        "rate_limited": refuses(429, "rate_limit_exceeded"),
        "rate_limited_for_seconds": refuses(429, "rate_limit_exceeded", headers=lambda: {"Retry-After": str(WAIT_S)}),
        "rate_limited_until_date": refuses(429, "rate_limit_exceeded", headers=_retry_at),
        "server_error": refuses(500, "server_error", bills=True),
        "bad_gateway": refuses(502, "bad_gateway", bills=True),
        "unavailable": refuses(503, "service_unavailable"),
        "overloaded": refuses(529, "overloaded_error"),
        "request_timeout": refuses(408, "request_timeout", bills=True),
        "key_unknown": refuses(401, "invalid_api_key"),
        "key_forbidden": refuses(403, "permission_denied"),
        "quota_spent": refuses(429, "insufficient_quota"),
        "context_too_long": refuses(400, "context_length_exceeded"),
        "invalid_request": refuses(400, "invalid_value"),
        "no_such_model": refuses(404, "model_not_found"),
        "prompt_filtered": refuses(400, "content_filter"),
        "answer_filtered": tells(lambda document: document["choices"][0].update(finish_reason="content_filter")),
        "redirected": refuses(307, "moved", headers=lambda: {"Location": "/elsewhere/v1/chat/completions"}),
        "reset": Behaviour(wire.reset, bills=True),
        "closed_in_the_middle": Behaviour(wire.closes, bills=True),
        "not_http": Behaviour(wire.not_http, bills=True),
        "no_first_byte": Behaviour(wire.nothing, bills=True),
        "hangs_in_the_middle": Behaviour(wire.half, bills=True),
        "one_byte_a_second": Behaviour(wire.drops, bills=True),
        "endless_body": Behaviour(wire.endless, bills=True),
        "gzip_bomb": Behaviour(wire.bomb, bills=True),
        "truncated_json": sends(lambda text: text[: len(text) // 2]),
        "html_page": sends(lambda text: HTML, "text/html"),
        "empty_choices": tells(lambda document: document.update(choices=[])),
        "null_content": tells(lambda document: _message(document).update(content=None)),
        "broken_tool_call": tells(_calls_a_tool(tool_call("lookup", '{"query": "hou'))),
        "duplicated_tool_call_ids": tells(_calls_a_tool(LOOK_UP, LOOK_UP)),
        "unknown_finish_reason": tells(lambda document: document["choices"][0].update(finish_reason="moonrise")),
        "usage_missing": tells(lambda document: document.pop("usage")),
        "usage_zero": tells(lambda document: document.update(usage={"prompt_tokens": 0, "completion_tokens": 0})),
        "usage_absurd": tells(
            lambda document: document.update(usage={"prompt_tokens": ABSURD, "completion_tokens": -ABSURD})
        ),
        "another_model": tells(lambda document: document.update(model="another-model-2026")),
    }
)
