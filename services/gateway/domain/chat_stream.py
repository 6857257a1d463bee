"""A finished chat completion told as a stream: OpenAI's ``chat.completion.chunk`` objects, as server-sent events.

Source: OpenAI's API reference, "Streaming", and the HTML standard, "Server-sent events".
"""

from collections.abc import Iterator

from pydantic_core import to_json

from schemas.content import Json
from services.gateway.domain.problems import Problem

PIECE = 256
"""Characters of text in one chunk."""
DONE = b"data: [DONE]\n\n"


def stream_of(completion: Json, *, include_usage: bool) -> bytes:
    """All events of an answer that is known whole. ``completion`` is OpenAI's ``chat.completion`` with one choice."""
    [choice] = completion["choices"]
    deltas = [_choice(delta) for delta in _deltas(choice["message"])]
    ending = _choice({}, choice["finish_reason"])
    usage = {"usage": None} if include_usage else {}
    head = {name: value for name, value in completion.items() if name not in ("object", "choices", "usage")}
    head["object"] = "chat.completion.chunk"
    events = [event({**head, "choices": [told], **usage}) for told in (*deltas, ending)]
    if include_usage:
        events.append(event({**head, "choices": [], "usage": completion["usage"]}))
    return b"".join((*events, DONE))


def error_of(problem: Problem) -> bytes:
    """The last event of a stream that has begun and cannot be answered; no ``[DONE]`` comes after it."""
    return b"data: " + problem.to_json() + b"\n\n"


def event(value: Json) -> bytes:
    """One server-sent event. JSON has no line break of its own."""
    return b"data: " + to_json(value) + b"\n\n"


def comment(text: str) -> bytes:
    """A line that clients read over, and that keeps the connection from looking dead."""
    return f": {text}\n\n".encode()


def _deltas(message: Json) -> Iterator[Json]:
    text, refused = message["content"], message["refusal"]
    rest = {name: value for name, value in message.items() if name not in ("content", "refusal", "tool_calls")}
    yield {**rest, "content": None if text is None else ""}
    yield from ({"content": piece} for piece in pieces(text))
    yield from ({"refusal": piece} for piece in pieces(refused))
    for index, call in enumerate(message.get("tool_calls") or ()):
        yield {"tool_calls": [{"index": index, **call}]}


def pieces(text: str | None) -> Iterator[str]:
    """A text that is known whole, as a stream tells it."""
    whole = text or ""
    return (whole[start : start + PIECE] for start in range(0, len(whole), PIECE))


def _choice(delta: Json, finish_reason: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
