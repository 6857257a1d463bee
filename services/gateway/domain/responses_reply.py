"""From the end of a request to OpenAI's words for a model response: the object or its events, or an error.

Source: OpenAI's API reference, "The response object" and "Errors".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import cast
from uuid import UUID

from pydantic_core import from_json, to_json

from schemas.attempt import Usage
from schemas.content import Json
from schemas.outcome import RequestCompleted, RequestDeferred, RequestFailed
from schemas.vocabulary import Reason
from services.gateway.domain.chat_completion import Reply, completed_headers, failed_headers, refusal, reply_in
from services.gateway.domain.chat_request import WHOLE, Form
from services.gateway.domain.embeddings import has_vectors
from services.gateway.domain.followed import REQUESTS, id_in, no_such_request
from services.gateway.domain.problems import Problem, problem_of, wrong
from services.gateway.domain.responses_events import Events, call_item, error_of, events_of, message_item, part_of
from services.gateway.domain.shown import calls_of, function_of

End = RequestCompleted | RequestFailed | RequestDeferred
PREFIX = "resp_"
INCOMPLETE: Mapping[str, str] = MappingProxyType({"length": "max_output_tokens", "content_filter": "content_filter"})
"""Why an answer is not whole, by why its model stopped."""
PARAMS: Mapping[str, str] = MappingProxyType({"messages": "input"})
"""What is named otherwise than in a chat completion's body."""
ERRORS: Mapping[int, str] = MappingProxyType({400: "invalid_prompt", 429: "rate_limit_exceeded"})
"""Words for why a response failed: typed clients know no others."""
SETTINGS: Json = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": False,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""What holds where a request says nothing else. ``null``: as its model has it."""
KEPT = Form(echo=b'{"store":true}')
"""Of one that is asked for by its id."""
NEVER_NULL = ("parallel_tool_calls", "tool_choice", "tools")
"""Typed clients want these, also where they are too long to be told again."""


def response_reply(end: RequestCompleted | RequestFailed, form: Form) -> Reply:
    """The reply that tells how a request ended."""
    if isinstance(end, RequestFailed):
        return response_refusal(problem_of(end), failed_headers(end))
    return Reply(200, to_json(response_of(end, form)), completed_headers(end))


def response_streamed(end: RequestCompleted | RequestFailed, form: Form) -> Reply:
    """The same as a stream of events, once the answer is known whole."""
    if isinstance(end, RequestFailed):
        return response_reply(end, form)
    response = response_of(end, form)
    return reply_in(Events().tell(*events_of(response, begun_of(response))), end)


def response_refusal(problem: Problem, headers: Mapping[str, str] | None = None) -> Reply:
    """A problem as OpenAI tells one."""
    told = replace(problem, param=PARAMS.get(problem.param or "", problem.param))
    return replace(refusal(told, headers), late=Events().tell(error_of(told)))


def response_of(completed: RequestCompleted, form: Form = WHOLE) -> Json:
    """OpenAI's ``response`` object of an answer."""
    answer = completed.answer or {}
    why = INCOMPLETE.get(answer.get("finish_reason") or "")
    status = "incomplete" if why else "completed"
    told = response_in(status, completed.request_id, int(completed.admitted_at.timestamp()), form)
    told |= {"model": completed.model, "usage": _usage(completed.usage)}
    told["output"] = list(_output(completed.request_id, answer.get("message", {}), status, form))
    if why:
        return {**told, "incomplete_details": {"reason": why}}
    return {**told, "completed_at": int(completed.completed_at.timestamp())}


def response_in(status: str, request_id: UUID | str, created_at: int, form: Form = WHOLE) -> Json:
    """One without an answer, with what its request says of it."""
    echo = cast("Json", from_json(form.echo))
    given = {name: value for name, value in echo.items() if value is not None or name not in NEVER_NULL}
    return {
        "id": f"{PREFIX}{request_id}",
        "object": "response",
        "created_at": created_at,
        "status": status,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": "auto",
        "output": [],
        "usage": None,
        **SETTINGS,
        **given,
    }


def failed_in(response: Json, problem: Problem) -> Json:
    """The same response, as one that failed."""
    error = {"code": ERRORS.get(problem.status, "server_error"), "message": problem.message}
    return {**response, "status": "failed", "error": error}


def begun_of(response: Json) -> Json:
    """The same response before there was an answer."""
    nothing: Json = {"completed_at": None, "incomplete_details": None, "output": [], "usage": None}
    return {**response, **nothing, "status": "in_progress"}


def response_id_in(path: str, query: Mapping[str, str]) -> UUID:
    """The request whose response is looked for. Raises ``Refused``, as for one that is not there."""
    if query.get("stream", "false") != "false":
        raise wrong("stream", f"stream: leave it out, and ask GET {REQUESTS}/<id> for events")
    return id_in(path.removeprefix(PREFIX))


def response_told(request_id: UUID, asked_at: datetime, end: End | None) -> bytes:
    """How a request stands, as JSON; what it asked for is not known any more. Raises ``Refused`` for vectors."""
    if isinstance(end, RequestCompleted):
        if has_vectors(end):
            raise no_such_request()
        return to_json(response_of(end, KEPT))
    response = response_in("in_progress", request_id, int(asked_at.timestamp()), KEPT)
    return to_json(_ended(response, end) if isinstance(end, RequestFailed) else response)


def _ended(response: Json, failed: RequestFailed) -> Json:
    if failed.reason == Reason.CANCELLED:
        return {**response, "status": "cancelled"}
    return failed_in(response, problem_of(failed))


def _output(request_id: UUID, message: Json, status: str, form: Form) -> Iterator[Json]:
    """The items of an answer: what is said, and then each call."""
    content, calls = list(_content(message)), calls_of(message.get("tool_calls"))
    if content or not calls:
        said = content or [part_of("output_text", "")]
        yield message_item(request_id) | {"status": status, "content": said}
    for index, call in enumerate(calls):
        function = function_of(call)
        told = {"arguments": function.get("arguments") or "", "status": status}
        yield call_item(request_id, index, call, form.named) | told


def _content(message: Json) -> Iterator[Json]:
    for kind, name in (("output_text", "content"), ("refusal", "refusal")):
        text = message.get(name)
        if text and isinstance(text, str):
            yield part_of(kind, text)


def _usage(usage: Usage) -> Json:
    cached = {"cached_tokens": usage.cached_input_tokens, "cache_write_tokens": usage.cache_write_tokens}
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": cached,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
