"""What providers answer: each test writes a script for its own question, and any other call is refused."""

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any
from uuid import uuid4

from aiohttp import web
from own_ports import free_port
from scripted_provider import Answer, ScriptedProvider

from infra.local.processes import HOST
from pipeline.document import USAGE
from schemas.content import Json, Vector

NUMBER_SCHEMA: Json = {
    "type": "json_schema",
    "json_schema": {
        "name": "number",
        "schema": {
            "type": "object",
            "properties": {"number": {"type": "integer", "minimum": 1}},
            "required": ["number"],
            "additionalProperties": False,
        },
    },
}
PATIENCE_S = 60
RIGHT, WRONG = '{"number": 7}', '{"number": 0}'
"""Answers that do, and do not, satisfy :data:`NUMBER_SCHEMA`."""


def says(text: str, finish_reason: str = "stop") -> Answer:
    """A chat completion with this text."""
    return _completes({"role": "assistant", "content": text}, finish_reason)


def calls(name: str, arguments: Json) -> Answer:
    """A chat completion that calls a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"id": "call_1", "type": "function", "function": function}
    return _completes({"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls")


def embeds(*vectors: Sequence[float]) -> Answer:
    """These vectors, in base64 where that is asked for."""
    encoded = [Vector.at(index, numbers) for index, numbers in enumerate(vectors)]

    async def answer(request: web.Request) -> web.StreamResponse:
        is_encoded = json.loads(await request.read()).get("encoding_format") == "base64"
        data = [
            {"index": each.index, "embedding": each.embedding if is_encoded else each.numbers()} for each in encoded
        ]
        return web.json_response({"object": "list", "data": data, "usage": {"prompt_tokens": 10, "total_tokens": 10}})

    return answer


def fails(status: int, **headers: str) -> Answer:
    """An error in OpenAI's shape."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "no", "code": "scripted"}}, status=status, headers=headers)

    return answer


def _completes(message: Json, finish_reason: str) -> Answer:
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"object": "chat.completion", "choices": [choice], "usage": USAGE})

    return answer


class Remembers:
    """An answer of who keeps the prompts that it read, at each path by itself, and tells how much of one it knew."""

    def __init__(self, text: str) -> None:
        self._message = {"role": "assistant", "content": text}
        self._read: dict[str, list[str]] = {}

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        prompt = json.dumps(json.loads(await request.read())["messages"])
        before = self._read.setdefault(request.path, [])
        known = max((_alike(prompt, each) for each in before), default=0)
        before.append(prompt)
        usage = {**USAGE, "prompt_tokens": len(prompt), "prompt_tokens_details": {"cached_tokens": known}}
        choice = {"index": 0, "message": self._message, "finish_reason": "stop"}
        return web.json_response({"object": "chat.completion", "choices": [choice], "usage": usage})


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


class Held:
    """Another answer, once it is released."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._may_go = threading.Event()

    def release(self) -> None:
        """Let it be given."""
        self._may_go.set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        await asyncio.to_thread(self._may_go.wait, PATIENCE_S)
        return await self._answer(request)


class Writes:
    """A chat completion that is written piece by piece, the last one only once it is released.

    A piece is text, or a list of parts of tool calls. Where it ``breaks``, the connection ends in its place.
    """

    def __init__(self, *pieces: str | list[Json], finish_reason: str = "stop", breaks: bool = False) -> None:
        self._pieces = pieces
        self._finish_reason = finish_reason
        self._breaks = breaks
        self._may_end = threading.Event()

    def release(self) -> "Writes":
        """Let it write its last piece."""
        self._may_end.set()
        return self

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in self._pieces[:-1]:
            await response.write(_chunk(piece))
        await asyncio.to_thread(self._may_end.wait, PATIENCE_S)
        if self._breaks and request.transport is not None:
            request.transport.close()
            return response
        last = {"index": 0, "delta": {}, "finish_reason": self._finish_reason}
        end = [{"choices": [last]}, {"choices": [], "usage": USAGE}]
        await response.write(_chunk(self._pieces[-1]) + b"".join(map(_event, end)) + b"data: [DONE]\n\n")
        return response


def _chunk(piece: str | list[Json]) -> bytes:
    delta = {"content": piece} if isinstance(piece, str) else {"tool_calls": piece}
    return _event({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]})


def _event(document: Json) -> bytes:
    return f"data: {json.dumps(document)}\n\n".encode()


async def never(request: web.Request) -> web.StreamResponse:
    """No answer: the connection stays open until the caller hangs up."""
    await asyncio.Event().wait()
    raise AssertionError("nothing sets it")


@dataclass
class Script:
    """The answers to one question, by the model's name at its provider; and the bodies that came, in order."""

    question: str
    answers: dict[str, list[Answer]]
    asked: list[Json] = field(default_factory=list)

    def models(self) -> list[str]:
        """The models that were asked, in order."""
        return [body["model"] for body in self.asked]

    def request(self, **told: Any) -> Json:
        """A request to the intake topic that asks the question."""
        return {"messages": [{"role": "user", "content": self.question}], **told}

    def next(self, body: Json) -> Answer:
        self.asked.append(body)
        left = self.answers.get(body["model"])
        return left.pop(0) if left else fails(400)


class Scripts:
    """One HTTP server for all providers, a path each. Scripts may be written from other threads than its own."""

    def __init__(self) -> None:
        self._provider = ScriptedProvider()
        self._provider.answer = self._answer
        self._scripts: list[Script] = []
        self._lock = threading.Lock()
        app = web.Application(client_max_size=64 * 1_048_576)
        app.router.add_route("*", "/{path:.*}", self._provider.handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}"

    async def serve(self) -> None:
        """Open the door."""
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()

    async def hang_up(self) -> None:
        """Close the door, and every call that is still open."""
        await self._runner.cleanup()

    def expect(
        self, answers: dict[str, Sequence[Answer]] | None = None, question: str = "How many are there?"
    ) -> Script:
        """A script for a question of the test's own. A model that runs out of answers refuses."""
        named = {model: list(told) for model, told in (answers or {}).items()}
        script = Script(f"{question} ({uuid4()})", named)
        with self._lock:
            self._scripts.append(script)
        return script

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        texts = body.get("input") or [message.get("content") or "" for message in body["messages"]]
        with self._lock:
            script = next((script for script in self._scripts if any(script.question in text for text in texts)), None)
        answer = script.next(body) if script else fails(400)
        return await answer(request)
