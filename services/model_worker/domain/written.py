"""An answer while it is being written: chat completion chunks, put together to what a whole answer would have been.

Source: OpenAI's API reference, "Chat completion chunk", and what endpoints that claim to be like it really send.
"""

from collections.abc import Iterator
from typing import Any

from schemas.attempt import AttemptDispatched
from schemas.content import Json
from schemas.vocabulary import Reason, Role
from services.model_worker.domain.calls import Billed, Call, CallFailed, Outcome, Tell
from services.model_worker.domain.completion import outcome_of_document, parsed
from services.model_worker.domain.confidence import ABILITY, tokens_in
from services.model_worker.domain.shapes import list_in, object_in, text_in

TOLD = ("content", "refusal")
GROWING = (*TOLD, "reasoning_content", "reasoning")
"""The texts of a message that come in pieces; of other fields the last value stands."""


def is_live(event: AttemptDispatched) -> bool:
    """Whether a client may read this attempt's answer while it is written. Of another look nothing is shown."""
    return bool(event.request.live) and event.attempt.role == Role.PRIMARY


DONE = b"[DONE]"
BROKE_OFF = "the stream broke off in the middle of the answer"


def streamed(payload: Json) -> Json:
    """The same request, for an answer that comes bit by bit, with its usage at the end."""
    return {**payload, "stream": True, "stream_options": {"include_usage": True}}


class Written:
    """What has been written of one message. Its size is that of what was added."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._fields: Json = {}
        self._calls: dict[int, _ToolCall] = {}

    def add(self, delta: Json) -> Json:
        """One more delta; of it, what is told while nothing is checked yet, each tool call under its index."""
        told: Json = {name: text for name in TOLD if (text := text_in(delta.get(name)))}
        if parts := [self._placed(part) for part in map(object_in, list_in(delta.get("tool_calls"))) if part]:
            told["tool_calls"] = parts
        for name, value in delta.items():
            if name in GROWING and isinstance(value, str):
                self._texts.setdefault(name, []).append(value)
            elif value is not None and name not in (*GROWING, "tool_calls"):
                known = self._fields.get(name)
                self._fields[name] = [*known, *value] if isinstance(known, list) and isinstance(value, list) else value
        return told

    def message(self) -> Json:
        """The message, as far as it is written."""
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        told: Json = {"role": "assistant", "content": None, **self._fields, **texts}
        if self._calls:
            told["tool_calls"] = [call.whole() for _, call in sorted(self._calls.items())]
        return told

    def delta(self) -> Json:
        """The same as one delta, with what is told of a message that is not checked; empty when there is nothing."""
        told: Json = {name: "".join(pieces) for name in TOLD if (pieces := self._texts.get(name))}
        if self._calls:
            told["tool_calls"] = [{"index": index, **call.part()} for index, call in sorted(self._calls.items())]
        return told

    def _placed(self, part: Json) -> Json:
        """Add a part to its call: by its index; without one, by its id, or else to the last that was begun."""
        index = part.get("index")
        if not isinstance(index, int):
            known = (at for at, call in self._calls.items() if call.id and call.id == part.get("id"))
            begun = len(self._calls) if part.get("id") or not self._calls else len(self._calls) - 1
            index = next(known, begun)
        self._calls.setdefault(index, _ToolCall()).add(part)
        return {**part, "index": index}


class _ToolCall:
    def __init__(self) -> None:
        self.id = ""
        self._kind = ""
        self._name = ""
        self._arguments: list[str] = []

    def add(self, part: Json) -> None:
        function = object_in(part.get("function"))
        self.id = text_in(part.get("id")) or self.id
        self._kind = text_in(part.get("type")) or self._kind
        self._name = text_in(function.get("name")) or self._name
        self._arguments.append(text_in(function.get("arguments")))

    def whole(self) -> Json:
        told: Json = {"type": self._kind or "function", "function": self._function()}
        return {"id": self.id, **told} if self.id else told

    def part(self) -> Json:
        """What was added, as a part of a delta."""
        named = {"id": self.id, "type": self._kind or "function"} if self.id else {}
        function = {name: value for name, value in self._function().items() if value}
        return {**named, "function": function}

    def _function(self) -> Json:
        return {"name": self._name, "arguments": "".join(self._arguments)}


class Stream:
    """The events of one completion, as they come. ``is_whole``: the model has said that it stopped, and perhaps why."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._written = Written()
        self._finish: Any = None
        self._tokens: list[Any] = []
        self._document: Json = {}
        self.is_whole = False

    def take(self, data: bytes) -> CallFailed | None:
        """One event; a failure where it is none of a completion."""
        if data.strip() == DONE:
            self.is_whole = True
            return None
        try:
            chunk = object_in(parsed(data))
        except (ValueError, RecursionError):
            return CallFailed(Reason.BAD_ANSWER, "an event of the stream is not JSON", Billed.UNKNOWN)
        if chunk.get("error"):
            return CallFailed(Reason.PROVIDER_ERROR, "the provider failed while it answered", Billed.UNKNOWN)
        self.add(chunk)
        return None

    def add(self, chunk: Json) -> None:
        """One chunk. What it does not tell was told before, or is absent."""
        self._document |= {name: chunk[name] for name in ("model", "usage") if chunk.get(name)}
        choice = object_in(next(iter(list_in(chunk.get("choices"))), None))
        told = self._written.add(object_in(choice.get("delta")))
        self._tokens += tokens_in(choice)
        if finish := text_in(choice.get("finish_reason")):
            self._finish, self.is_whole = finish, True
        if told:
            self._tell(told)

    def outcome(self, call: Call) -> Outcome:
        """What the chunks come to, at the end of the stream: the same as of a completion that comes whole."""
        if not self.is_whole:
            return CallFailed(Reason.PROVIDER_ERROR, BROKE_OFF, Billed.UNKNOWN)
        choice = {"message": self._written.message(), "finish_reason": self._finish, ABILITY: {"content": self._tokens}}
        return outcome_of_document({**self._document, "choices": [choice]}, call)


def size_of(delta: Json) -> int:
    """Characters of what is told of a delta."""
    texts = (len(delta.get(name, "")) for name in TOLD)
    return sum(texts) + len(str(delta["tool_calls"]) if "tool_calls" in delta else "")


class EventLines:
    """Server-sent events, from bytes as they come: the data of each event that is whole.

    Source: HTML standard, "Server-sent events". Of an event, only its data counts.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []

    def feed(self, raw: bytes) -> Iterator[bytes]:
        """The events that these bytes end."""
        seen = len(self._rest)
        self._rest += raw
        start = 0
        while (end := self._rest.find(b"\n", max(seen, start))) >= 0:
            line = bytes(self._rest[start:end]).removesuffix(b"\r")
            start = end + 1
            if (data := self._line(line)) is not None:
                yield data
        del self._rest[:start]

    def _line(self, line: bytes) -> bytes | None:
        if not line and self._data:
            data, self._data = b"\n".join(self._data), []
            return data
        if line.startswith(b"data:"):
            self._data.append(line.removeprefix(b"data:").removeprefix(b" "))
        return None
