"""From a question to a chat completion request, as OpenAI's API takes it."""

import json
from typing import Any

from schemas.attempt import Repair
from schemas.content import Answer, Json, Question, tool_without_mark, without_marks
from services.model_worker.domain.shapes import list_in, object_in, text_in

EXTENSION = "x-"
ANSWER_FIELDS = ("content", "tool_calls", "refusal")
FUNCTION = "function"
NOT_RUN = "This call was not run."
# A worker reads whole answers, whatever the client asked the gateway for.
STREAMING = ("stream", "stream_options")


def payload_of(question: Question, repair: Repair | None, model: str, *, marks: bool = False) -> Json:
    """The request body. The question's params are passed through; they cannot replace what was asked.

    ``marks`` of prompt caching go only to who takes them: others refuse them. Raises ``ValueError`` when the answer to
    repair is not inline or no answer.
    """
    told: Json = {name: value for name, value in question.params.items() if name not in STREAMING}
    messages = messages_of(question, repair)
    told |= {"model": model, "messages": messages if marks else [without_marks(message) for message in messages]}
    if question.tools:
        tools = question.tools if marks else map(tool_without_mark, question.tools)
        told["tools"] = [without_extensions(tool) for tool in tools]
    if question.response_format:
        told["response_format"] = question.response_format
    return told


def messages_of(question: Question, repair: Repair | None) -> list[Json]:
    """What was asked; for a repair, then the model's own answer and what is wrong with it."""
    asked = [_with_calls(message) if message.get("tool_calls") else message for message in question.messages]
    if repair is None:
        return asked
    answer = Answer.read(repair.answer.text())
    return [*asked, *_said(answer.message), {"role": "user", "content": repair.message}]


def _with_calls(message: Json) -> Json:
    return message | {"tool_calls": [_called(object_in(call)) for call in list_in(message["tool_calls"])]}


def _called(call: Json) -> Json:
    """A call of a function in OpenAI's words, which some servers insist on: its type, and arguments as text."""
    if call.get("type") not in (None, FUNCTION):
        return call
    function = object_in(call.get(FUNCTION))
    told = function.get("arguments")
    text = told if isinstance(told, str) else json.dumps(told or {}, ensure_ascii=False)
    return call | {"type": FUNCTION, FUNCTION: function | {"arguments": text}}


def _said(message: Json) -> list[Json]:
    """An answer as an earlier turn. The API wants a result for each tool call, so it gets one that says: not run."""
    said: Json = {name: message[name] for name in ANSWER_FIELDS if message.get(name) is not None}
    calls = list_in(said.get("tool_calls"))
    if calls and not _have_ids(calls):
        said = {"content": json.dumps(said.pop("tool_calls"), ensure_ascii=False)}
        calls = []
    said.setdefault("content", None if calls else "")
    results: list[Json] = [{"role": "tool", "tool_call_id": call["id"], "content": NOT_RUN} for call in calls]
    return [{"role": "assistant", **said}, *results]


def _have_ids(calls: list[Any]) -> bool:
    ids = {text_in(object_in(call).get("id")) for call in calls}
    return len(ids) == len(calls) and "" not in ids


def without_extensions(tool: Json) -> Json:
    """A tool without the portfolio's own fields (``x-effect``), which providers refuse."""
    return {
        name: without_extensions(object_in(value)) if name == FUNCTION else value
        for name, value in tool.items()
        if not name.startswith(EXTENSION)
    }


def characters_of(payload: Json) -> int:
    """How many characters of text are sent: texts to embed, or messages, tools and the schema of the answer."""
    asked = [len(text) for text in payload.get("input", ())]
    asked += [len(_text(message.get("content"))) for message in payload.get("messages", ())]
    beside = [payload.get("tools"), payload.get("response_format")]
    return sum(asked) + sum(len(json.dumps(item, ensure_ascii=False)) for item in beside if item)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "" if content is None else json.dumps(content, ensure_ascii=False)
