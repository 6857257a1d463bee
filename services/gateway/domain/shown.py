"""What a client of a live stream has seen of an answer, and what is missing of the one that passed. No text is kept.

A chunk is shown only where it follows what was shown, so that it is the beginning of one model's answer. Whether the
answer that passed begins so is told by lengths and hashes: then the rest follows, and else the stream says so.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from schemas.content import Json
from schemas.streamed import AnswerStreamed

TEXTS = ("content", "refusal")


class Beginning:
    """The beginning of a text, by its length and hash."""

    def __init__(self) -> None:
        self._length = 0
        self._hash = sha256()

    def grow(self, piece: str) -> None:
        """It goes on."""
        self._length += len(piece)
        self._hash.update(piece.encode())

    def rest_of(self, whole: str) -> str | None:
        """What is missing of a text; ``None`` for one that begins otherwise."""
        is_its = sha256(whole[: self._length].encode()).digest() == self._hash.digest()
        return whole[self._length :] if is_its else None


class _Call:
    def __init__(self, part: Json) -> None:
        self.id = part["id"]
        self.name = function_of(part).get("name")
        self._arguments = Beginning()

    def grow(self, part: Json) -> None:
        self._arguments.grow(function_of(part).get("arguments") or "")

    def rest_of(self, call: Json) -> str | None:
        """What is missing of its arguments; ``None`` where another was shown."""
        function = function_of(call)
        is_it = (call.get("id"), function.get("name")) == (self.id, self.name)
        return self._arguments.rest_of(function.get("arguments") or "") if is_it else None


class Shown:
    """What was shown of one attempt's answer under one lease; of another nothing is shown after it."""

    def __init__(self) -> None:
        self._by: tuple[UUID, int] | None = None
        self._next = 0
        self._texts: dict[str, Beginning] = {}
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._texts or self._calls)

    @property
    def attempt_id(self) -> UUID | None:
        """Whose answer was shown."""
        return self._by[0] if self._by and self else None

    def takes(self, chunk: AnswerStreamed) -> bool:
        """Whether a chunk may be shown, which is then counted as shown. What follows a gap may not."""
        by = (chunk.attempt_id, chunk.fence)
        if (self and by != self._by) or not self._fits(chunk.delta):
            return False
        if by != self._by:
            self._by, self._next = by, 0
        if chunk.sequence != self._next:
            return False
        self._next += 1
        self._count(chunk.delta)
        return True

    def rest(self, message: Json) -> Json | None:
        """What is missing of the message that passed, as a delta; ``None`` where it is not what was shown."""
        told: Json = {}
        for name in {*TEXTS, *self._texts}:
            rest = self._texts.get(name, Beginning()).rest_of(message.get(name) or "")
            if rest is None:
                return None
            told |= {name: rest} if rest else {}
        calls = calls_of(message.get("tool_calls"))
        if len(calls) < len(self._calls):
            return None
        rests = [_rest_of(call, index, self._calls) for index, call in enumerate(calls)]
        if None in rests:
            return None
        missing = [rest for rest in rests if rest]
        return {**told, "tool_calls": missing} if missing else told

    def _fits(self, delta: Json) -> bool:
        """Tool calls come one after another: a part of an earlier one could not be told in every API."""
        last = len(self._calls) - 1
        for part in calls_of(delta.get("tool_calls")):
            if part.get("index") not in (max(last, 0), last + 1) or (part["index"] > last and not part.get("id")):
                return False
            last = part["index"]
        return last < 0 or not any(delta.get(name) for name in TEXTS) or not self._calls

    def _count(self, delta: Json) -> None:
        for name in TEXTS:
            if delta.get(name):
                beginning = self._texts.setdefault(name, Beginning())
                beginning.grow(delta[name])
        for part in calls_of(delta.get("tool_calls")):
            index: int = part["index"]
            if index == len(self._calls):
                self._calls.append(_Call(part))
            self._calls[index].grow(part)


def _rest_of(call: Json, index: int, shown: list[_Call]) -> Json | None:
    """What is missing of a call, as a part of a delta; empty where nothing is."""
    if index >= len(shown):
        return {"index": index, **call}
    rest = shown[index].rest_of(call)
    if rest is None or not rest:
        return None if rest is None else {}
    return {"index": index, "function": {"arguments": rest}}


def calls_of(value: Any) -> list[Json]:
    """The tool calls of a message or a delta."""
    return cast("list[Json]", value) if isinstance(value, list) else []


def parts_of(delta: Json) -> Iterator[Json]:
    """A delta's texts, and then each part of its tool calls, as deltas of their own."""
    yield from ({name: delta[name]} for name in TEXTS if delta.get(name))
    yield from ({"tool_calls": [part]} for part in calls_of(delta.get("tool_calls")))


def function_of(call: Json) -> Json:
    """The function of a tool call, or of a part of one."""
    found = call.get("function")
    return cast("Json", found) if isinstance(found, dict) else {}
