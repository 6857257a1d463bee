"""From the end of a request to what the client gets: a chat completion or an error, and the headers beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from schemas.attempt import Usage
from schemas.outcome import RequestCompleted, RequestFailed
from services.gateway.domain.problems import Problem, problem_of

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer; its body is JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=Headers)


def reply_of(end: RequestCompleted | RequestFailed) -> Reply:
    """The reply that tells how a request ended."""
    if isinstance(end, RequestFailed):
        return refusal(problem_of(end), _failed_headers(end))
    return Reply(200, to_json(completion_of(end)), _completed_headers(end))


def refusal(problem: Problem, headers: Mapping[str, str] | None = None) -> Reply:
    """A problem as a reply. ``x-should-retry`` is what OpenAI's clients go by before they send a request again."""
    told = {**(headers or {}), "x-should-retry": "true" if problem.retry else "false"}
    if problem.retry_after_s is not None:
        told["retry-after"] = str(problem.retry_after_s)
    if problem.unread:
        told["connection"] = "close"
    return Reply(problem.status, problem.to_json(), told)


def completion_of(completed: RequestCompleted) -> dict[str, Any]:
    """OpenAI's ``chat.completion`` object."""
    answer = completed.answer or {}
    message = {"role": "assistant", "content": None, "refusal": None, **answer.get("message", {})}
    finish_reason = answer.get("finish_reason", "stop")
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


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_input_tokens},
    }


def _completed_headers(completed: RequestCompleted) -> Headers:
    return {
        "x-portfolio-model": completed.model,
        "x-portfolio-provider": completed.provider,
        "x-portfolio-status": str(completed.status),
        "x-portfolio-attempts": str(completed.attempts),
        "x-portfolio-cost-usd": completed.cost_usd,
    }


def _failed_headers(failed: RequestFailed) -> Headers:
    return {
        "x-portfolio-status": "failed",
        "x-portfolio-attempts": str(failed.attempts),
        "x-portfolio-cost-usd": failed.cost_usd,
    }
