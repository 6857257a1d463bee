"""A synthetic provider in a process of its own: real HTTP, latencies and troubles drawn from the mix.

``python -m tests.performance.provider PORT``. ``X`` latency is slept, and is not part of any "added" figure.
"""

import asyncio
import json
import re
import sys
from collections import Counter

import uvloop
from aiohttp import web

from tests.performance.mix import MARK, answer_to, latency_s

MARKED = re.compile(rf"{MARK}(\d+):(\w+):(\w+)\]".encode())
CALLS: web.AppKey[Counter[int]] = web.AppKey("calls", Counter)


async def complete(request: web.Request) -> web.Response:
    """One chat completion: the trouble of the sample on its first call, a good answer afterwards."""
    body = await request.read()
    found = MARKED.search(body)
    if found is None:
        return web.json_response({"error": {"message": "no mark in the prompt"}}, status=400)
    number, kind, trouble = int(found[1]), found[2].decode(), found[3].decode()
    calls = request.app[CALLS]
    calls[number] += 1
    first = calls[number] == 1
    if first and trouble == "rate_limit":
        return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "1"})
    if first and trouble == "timeout":
        return web.json_response({"error": {"message": "upstream timed out"}}, status=504)
    await asyncio.sleep(latency_s(number, calls[number]))
    message = answer_to(kind, good=not (first and trouble == "rejected"))
    finish = "tool_calls" if kind == "tools" else "stop"
    told = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "model": "synthetic-2026-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": 40, "total_tokens": len(body) // 4 + 40},
    }
    return web.Response(text=json.dumps(told), content_type="application/json")


async def take_spans(request: web.Request) -> web.Response:
    """An OTLP receiver that counts nothing and keeps nothing: exporting is measured, storing traces is not."""
    await request.read()
    return web.Response(body=b"", content_type="application/x-protobuf")


async def serve(port: int) -> None:
    """Serve until the process is ended."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app[CALLS] = Counter()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_post("/v1/traces", take_spans)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
