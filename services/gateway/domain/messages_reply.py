"""From the end of a request to Anthropic's words: a message or its events, or an error in Anthropic's own shape.

Source: Anthropic's API reference, "Create a Message", "Streaming messages" and "Errors".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from pydantic_core import from_json, to_json

from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.chat_completion import Reply, completed_headers, failed_headers, refusal, reply_in
from services.gateway.domain.chat_stream import pieces
from services.gateway.domain.problems import Problem, problem_of

STOPS: Mapping[str, str] = MappingProxyType(
    {"length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
)
"""OpenAI's reasons in Anthropic's words; every other is the end of the turn. A matched stop sequence is not told."""
ERRORS: Mapping[int, str] = MappingProxyType(
    {
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
)
OVERLOADED = 529
"""Anthropic's status where others say 503 because of load."""


def message_reply(end: RequestCompleted | RequestFailed) -> Reply:
    """The reply that tells how a request ended."""
    if isinstance(end, RequestFailed):
        return message_refusal(problem_of(end), failed_headers(end))
    return Reply(200, to_json(message_of(end)), completed_headers(end))


def message_streamed(end: RequestCompleted | RequestFailed) -> Reply:
    """The same as a stream of events, once the answer is known whole."""
    if isinstance(end, RequestFailed):
        return message_reply(end)
    return reply_in(b"".join(_events(message_of(end))), end)


def message_refusal(problem: Problem, headers: Mapping[str, str] | None = None) -> Reply:
    """A problem as Anthropic tells one."""
    reply = refusal(problem, headers)
    status = OVERLOADED if problem.code == "overloaded" else problem.status
    usual = "invalid_request_error" if status < 500 else "api_error"
    error: Json = {"type": ERRORS.get(status, usual), "message": problem.message}
    if problem.portfolio is not None:
        error |= {"type": problem.code, "portfolio": problem.portfolio}
    told = {"type": "error", "error": error}
    return replace(reply, status=status, body=to_json(told), late=event(told))


def message_of(completed: RequestCompleted) -> Json:
    """Anthropic's ``message`` object."""
    answer = completed.answer or {}
    message: Json = answer.get("message", {})
    usage = completed.usage
    return {
        "id": f"msg_{completed.request_id}",
        "type": "message",
        "role": "assistant",
        "model": completed.model,
        "content": list(_blocks(message)),
        "stop_reason": _stop_reason(message, answer.get("finish_reason", "stop")),
        "stop_sequence": None,
        "usage": {
            "input_tokens": max(0, usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens),
            "cache_creation_input_tokens": usage.cache_write_tokens,
            "cache_read_input_tokens": usage.cached_input_tokens,
            "output_tokens": usage.output_tokens,
        },
    }


def event(value: Json) -> bytes:
    """One server-sent event, named as Anthropic's are: after its type."""
    return f"event: {value['type']}\n".encode() + b"data: " + to_json(value) + b"\n\n"


PING = event({"type": "ping"})


def _stop_reason(message: Json, finish_reason: str) -> str:
    if message.get("tool_calls"):
        return "tool_use"
    return "refusal" if message.get("refusal") else STOPS.get(finish_reason, "end_turn")


def _blocks(message: Json) -> Iterator[Json]:
    if text := message.get("content") or message.get("refusal"):
        yield {"type": "text", "text": text}
    for call in message.get("tool_calls") or ():
        function = call["function"]
        told = from_json(function.get("arguments") or "{}")
        yield {"type": "tool_use", "id": call.get("id"), "name": function["name"], "input": told}


def _events(message: Json) -> Iterator[bytes]:
    """All events of an answer that is known whole."""
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    begun: Json = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 0}}
    yield event({"type": "message_start", "message": begun})
    for index, block in enumerate(message["content"]):
        yield from _block_events(index, block)
    yield event({"type": "message_delta", "delta": ending, "usage": message["usage"]})
    yield event({"type": "message_stop"})


def _block_events(index: int, block: Json) -> Iterator[bytes]:
    kind, name, begun, whole = _told(block)
    yield event({"type": "content_block_start", "index": index, "content_block": begun})
    for piece in pieces(whole):
        yield event({"type": "content_block_delta", "index": index, "delta": {"type": kind, name: piece}})
    yield event({"type": "content_block_stop", "index": index})


def _told(block: Json) -> tuple[str, str, Json, str]:
    """How a block is told in pieces: the type of its deltas, their field, the block before them, and their whole."""
    if block["type"] == "text":
        return "text_delta", "text", {**block, "text": ""}, block["text"]
    return "input_json_delta", "partial_json", {**block, "input": {}}, to_json(block["input"]).decode()
