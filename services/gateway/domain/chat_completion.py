"""From the end of a request to what the client gets: a chat completion or an error, and the headers beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from schemas.attempt import Usage
from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.cache import cache_header
from services.gateway.domain.chat_stream import comment, error_of, stream_of
from services.gateway.domain.problems import Problem, problem_of

Headers = dict[str, str]
UNAUTHORIZED = 401
FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. ``late``: its body where the stream has begun without it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=Headers)
    media_type: str = "application/json"
    late: bytes = b""


def reply_of(end: RequestCompleted | RequestFailed) -> Reply:
    """The reply that tells how a request ended."""
    if isinstance(end, RequestFailed):
        return refusal(problem_of(end), failed_headers(end))
    return Reply(200, to_json(completion_of(end)), completed_headers(end))


def streamed(end: RequestCompleted | RequestFailed, *, include_usage: bool) -> Reply:
    """The same as a stream of events, once the answer is known whole."""
    if isinstance(end, RequestFailed):
        return reply_of(end)
    return reply_in(stream_of(completion_of(end), include_usage=include_usage), end)


def reply_in(events: bytes, completed: RequestCompleted) -> Reply:
    """An answer in an API's events. Where the stream has begun without it, comments tell what headers would have."""
    headers = completed_headers(completed)
    facts = b"".join(comment(f"{name}: {value}") for name, value in headers.items())
    return Reply(200, events, headers, "text/event-stream", late=facts + events)


def refusal(problem: Problem, headers: Mapping[str, str] | None = None) -> Reply:
    """A problem as a reply. ``x-should-retry`` is what OpenAI's clients go by before they send a request again."""
    told = {**(headers or {}), "x-should-retry": "true" if problem.retry else "false"}
    if problem.retry_after_s is not None:
        told["retry-after"] = str(problem.retry_after_s)
    if problem.status == UNAUTHORIZED:
        told["www-authenticate"] = "Bearer"
    if problem.unread:
        told["connection"] = "close"
    return Reply(problem.status, problem.to_json(), told, late=error_of(problem))


def completion_of(completed: RequestCompleted) -> Json:
    """OpenAI's ``chat.completion`` object."""
    answer = completed.answer or {}
    message = {"role": "assistant", "content": None, "refusal": None, **answer.get("message", {})}
    finish_reason = _finish_reason(message, answer.get("finish_reason"))
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
    return {
        "id": f"chatcmpl-{completed.request_id}",
        "object": "chat.completion",
        "created": int(completed.completed_at.timestamp()),
        "model": completed.model,
        "choices": [choice],
        "usage": _usage(completed.usage),
        "system_fingerprint": completed.revision,
    }


def _finish_reason(message: Json, told: str | None) -> str:
    """A word of OpenAI's: typed clients know no other, and some providers' servers have words of their own, or none."""
    if told in FINISH_REASONS:
        return told
    return "tool_calls" if message.get("tool_calls") else "stop"


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def completed_headers(completed: RequestCompleted) -> Headers:
    """What is told of an answer beside it."""
    return {
        "x-portfolio-model": completed.model,
        "x-portfolio-provider": completed.provider,
        "x-portfolio-status": str(completed.status),
        "x-portfolio-attempts": str(completed.attempts),
        "x-portfolio-cost-usd": completed.cost_usd,
        "x-portfolio-cost-kind": str(completed.cost_kind),
        **cache_header(completed),
    }


def failed_headers(failed: RequestFailed) -> Headers:
    """What is told of a request without an answer."""
    return {
        "x-portfolio-status": "failed",
        "x-portfolio-attempts": str(failed.attempts),
        "x-portfolio-cost-usd": failed.cost_usd,
        "x-portfolio-cost-kind": str(failed.cost_kind),
    }
