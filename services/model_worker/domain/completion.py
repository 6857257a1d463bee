"""Reading a chat completion, or vectors, in OpenAI's form, from endpoints that keep to it more or less."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from schemas.content import Answer, Json
from schemas.vocabulary import Reason
from services.model_worker.domain.calls import Answered, Billed, Call, CallFailed, Outcome
from services.model_worker.domain.confidence import confidence_in
from services.model_worker.domain.embeddings import vectors_in
from services.model_worker.domain.shapes import list_in, object_in, text_in
from services.model_worker.domain.usage import credible_usage, usage_of

FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
}
"""Other APIs' words for OpenAI's. A word that is in neither is kept as it is."""
FILTERED = "content_filter"


def outcome_of(raw: bytes, call: Call) -> Outcome:
    """The outcome in the body of a 200. What is no completion may have been billed all the same."""
    try:
        document = parsed(raw)
    except (ValueError, RecursionError):
        return _bad("the body is not JSON (an error page, or cut off)")
    return outcome_of_document(object_in(document), call)


def parsed(raw: bytes) -> Any:
    """JSON as all who read the answer later will parse it. Raises ``ValueError``."""
    try:
        return from_json(raw)
    except ValueError:
        return from_json(_with_whole_characters(raw))


def _with_whole_characters(raw: bytes) -> bytes:
    """JSON without halves of surrogate pairs: an escape may hold one (an emoji cut in two), and UTF-8 cannot."""
    text = json.dumps(json.loads(raw), ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def outcome_of_document(document: Json, call: Call) -> Outcome:
    """As :func:`outcome_of`, of a body that is parsed already."""
    if call.vectors:
        return _outcome_of_vectors(document, call)
    choices = list_in(document.get("choices"))
    if not choices:
        return _unanswered("the body is no completion: it has no choices", document, call)
    choice = object_in(choices[0])
    message = _message(object_in(choice.get("message")), call.attempt_id)
    if message is None:
        return _unanswered("the first choice has no assistant message that can be read", document, call)
    answer = Answer(message=message, finish_reason=_finish(choice.get("finish_reason"), message))
    usage = usage_of(
        document.get("usage"),
        prompt_characters=call.prompt_characters,
        answer_characters=_characters(message),
        context_tokens=call.context_tokens,
    )
    if answer.finish_reason == FILTERED:
        detail = "the provider's content filter stopped the answer"
        return CallFailed(Reason.CONTENT_FILTERED, detail, Billed.USAGE, usage)
    answered_by = text_in(document.get("model")) or str(call.payload["model"])
    return Answered(answer, usage, answered_by, confidence=confidence_in(choice))


def _outcome_of_vectors(document: Json, call: Call) -> Outcome:
    """Vectors, and the tokens of their texts: nothing is written."""
    told = {**document, "usage": {**object_in(document.get("usage")), "completion_tokens": 0}}
    vectors = vectors_in(told)
    if vectors is None:
        return _unanswered("the body has no vectors that can be read", told, call)
    usage = usage_of(
        told["usage"],
        prompt_characters=call.prompt_characters,
        answer_characters=0,
        context_tokens=call.context_tokens * call.vectors,
    )
    return Answered(vectors, usage, text_in(document.get("model")) or str(call.payload["model"]))


def with_recorded_latency(outcome: Outcome, latency_ms: int | None) -> Outcome:
    """The outcome with the latency that was measured when it was recorded."""
    return replace(outcome, latency_ms=latency_ms) if isinstance(outcome, Answered) else outcome


def _unanswered(detail: str, document: Json, call: Call) -> CallFailed:
    """A completion without an answer costs what it says that it used."""
    usage = credible_usage(
        document.get("usage"),
        prompt_characters=call.prompt_characters,
        answer_characters=0,
        context_tokens=call.context_tokens,
    )
    return CallFailed(Reason.BAD_ANSWER, detail, Billed.USAGE, usage) if usage else _bad(detail)


def _bad(detail: str) -> CallFailed:
    return CallFailed(Reason.BAD_ANSWER, detail, Billed.UNKNOWN)


def _message(message: Json, attempt_id: UUID) -> Json | None:
    """The assistant's message, with text for content; ``None`` for what cannot be one."""
    if not message:
        return None
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, list):
        content = _text_of_parts(list_in(content))
    if not isinstance(content, str | None) or not _are_tool_calls(calls):
        return None
    rest = {name: value for name, value in message.items() if value is not None and value != []}
    named: Json = {"tool_calls": _named(list_in(calls), attempt_id)} if calls else {}
    return {**rest, **named, "role": "assistant", "content": content}


def _text_of_parts(parts: list[Any]) -> str | None:
    return "".join(text_in(object_in(part).get("text")) for part in parts) or None


def _are_tool_calls(calls: Any) -> bool:
    return calls is None or (isinstance(calls, list) and all(map(object_in, list_in(calls))))


def _named(calls: list[Any], attempt_id: UUID) -> list[Json]:
    """The calls, each with an id for its result to name, and a type: some servers tell neither."""
    return [
        {**call, "id": text_in(call.get("id")) or f"call_{attempt_id.hex[:24]}_{index}", "type": _kind_of(call)}
        for index, call in enumerate(map(object_in, calls))
    ]


def _kind_of(call: Json) -> str:
    return text_in(call.get("type")) or "function"


def _finish(told: Any, message: Json) -> str:
    if word := text_in(told):
        return FINISHES.get(word, word)
    return "tool_calls" if message.get("tool_calls") else "unknown"


def _characters(message: Json) -> int:
    calls = message.get("tool_calls")
    return len(message.get("content") or "") + (len(json.dumps(calls)) if calls else 0)
