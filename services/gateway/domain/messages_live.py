"""A message told while it is written: Anthropic's events, the rest of it once it has passed, and its facts.

Source: Anthropic's API reference, "Streaming messages".
"""

from collections.abc import Iterator

from schemas.content import Json
from schemas.outcome import RequestCompleted
from services.gateway.domain.live import facts_of
from services.gateway.domain.messages_reply import event, message_of, message_refusal
from services.gateway.domain.problems import Problem
from services.gateway.domain.shown import TEXTS, function_of, parts_of

NOTHING_USED: Json = {"input_tokens": 0, "output_tokens": 0}
"""Of a message that is begun; what was used is told at its end."""


class LiveMessage:
    """One stream of Anthropic's."""

    def __init__(self, request_id: str) -> None:
        self._id = f"msg_{request_id}"
        self._is_begun = False
        self._blocks = 0
        self._open: str | None = None

    def told(self, delta: Json, model: str | None) -> bytes:
        """One more delta in OpenAI's words, by this model."""
        return b"".join((*self._beginning(model), *self._parts(delta)))

    def ended(self, completed: RequestCompleted, rest: Json) -> bytes:
        """What is missing of the answer that passed, why it stopped, its usage and its facts."""
        message = message_of(completed)
        ending = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
        told = {"type": "message_delta", "delta": ending, "usage": message["usage"], "portfolio": facts_of(completed)}
        events = (event(told), event({"type": "message_stop"}))
        return b"".join((self.told(rest, message["model"]), *self._closed(), *events))

    def broken(self, problem: Problem) -> bytes:
        """The last event."""
        return message_refusal(problem).late

    def _beginning(self, model: str | None) -> Iterator[bytes]:
        if not self._is_begun:
            self._is_begun = True
            told: Json = {"id": self._id, "type": "message", "role": "assistant", "model": model, "content": []}
            told |= {"stop_reason": None, "stop_sequence": None, "usage": NOTHING_USED}
            yield event({"type": "message_start", "message": told})

    def _parts(self, delta: Json) -> Iterator[bytes]:
        for part in parts_of(delta):
            if "tool_calls" in part:
                yield from self._tool(part["tool_calls"][0])
            else:
                [text] = (part[name] for name in TEXTS if name in part)
                yield from self._block("text", {"type": "text", "text": ""})
                yield self._delta({"type": "text_delta", "text": text})

    def _tool(self, part: Json) -> Iterator[bytes]:
        function = function_of(part)
        begun: Json = {"type": "tool_use", "id": part.get("id"), "name": function.get("name"), "input": {}}
        yield from self._block(f"tool {part['index']}", begun)
        if arguments := function.get("arguments"):
            yield self._delta({"type": "input_json_delta", "partial_json": arguments})

    def _block(self, name: str, begun: Json) -> Iterator[bytes]:
        """Go on in the block of this name, which is begun where another is open."""
        if self._open != name:
            yield from self._closed()
            self._open = name
            self._blocks += 1
            yield event({"type": "content_block_start", "index": self._blocks - 1, "content_block": begun})

    def _closed(self) -> Iterator[bytes]:
        if self._open is not None:
            self._open = None
            yield event({"type": "content_block_stop", "index": self._blocks - 1})

    def _delta(self, delta: Json) -> bytes:
        return event({"type": "content_block_delta", "index": self._blocks - 1, "delta": delta})
