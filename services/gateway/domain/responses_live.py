"""A response told while it is written: OpenAI's events, the rest of it once it has passed, and its facts.

No item is done before the answer has passed: clients that call functions once they are whole do not act on a draft.
Source: OpenAI's API reference, "Streaming events" of responses.
"""

from collections.abc import Iterator

from schemas.content import Json
from schemas.outcome import RequestCompleted
from services.gateway.domain.chat_request import Form
from services.gateway.domain.live import facts_of
from services.gateway.domain.problems import Problem
from services.gateway.domain.responses_events import (
    Events,
    Place,
    added,
    arguments_piece,
    beginning,
    call_item,
    done,
    ending,
    error_of,
    message_item,
    part_added,
    text_piece,
)
from services.gateway.domain.responses_reply import failed_in, response_in, response_of
from services.gateway.domain.shown import TEXTS, function_of, parts_of

KINDS = {"content": "output_text", "refusal": "refusal"}


class LiveResponse:
    """One stream. ``begun_at``: in seconds, since its first event tells when it was made."""

    def __init__(self, request_id: str, begun_at: int, form: Form) -> None:
        self._id = request_id
        self._form = form
        self._begun = response_in("in_progress", request_id, begun_at, form)
        self._events = Events()
        self._is_begun = False
        self._items: list[str] = []
        self._parts: list[str] = []

    def told(self, delta: Json, model: str | None) -> bytes:
        """One more delta in OpenAI's words for chats, by this model."""
        return self._events.tell(*self._beginning(model), *self._pieces(delta))

    def ended(self, completed: RequestCompleted, rest: Json) -> bytes:
        """What is missing of the answer that passed, each item whole, and the response with its usage and facts."""
        missing = self.told(rest, completed.model)
        response = response_of(completed, self._form) | {"created_at": self._begun["created_at"]}
        response["output"] = self._as_told(response["output"])
        whole = (event for index, item in enumerate(response["output"]) for event in done(index, item))
        return missing + self._events.tell(*whole, ending(response) | {"portfolio": facts_of(completed)})

    def broken(self, problem: Problem) -> bytes:
        """What was told is not the answer, or not the whole of it."""
        return self._events.tell(ending(failed_in(self._begun, problem)), error_of(problem))

    def _beginning(self, model: str | None) -> Iterator[Json]:
        if not self._is_begun:
            self._is_begun = True
            self._begun["model"] = model or self._begun["model"]
            yield from beginning(self._begun)

    def _pieces(self, delta: Json) -> Iterator[Json]:
        for part in parts_of(delta):
            if "tool_calls" in part:
                yield from self._call(part["tool_calls"][0])
            else:
                [(name, text)] = ((name, part[name]) for name in TEXTS if name in part)
                yield from self._text(KINDS[name], text)

    def _text(self, kind: str, text: str) -> Iterator[Json]:
        item = message_item(self._id)
        yield from self._added(item)
        is_new = kind not in self._parts
        self._parts += [kind] if is_new else []
        at = Place(item["id"], self._items.index(item["id"]), self._parts.index(kind))
        yield from [part_added(at, kind)] if is_new else []
        yield text_piece(at, kind, text)

    def _call(self, part: Json) -> Iterator[Json]:
        item = call_item(self._id, part["index"], part, self._form.named)
        yield from self._added(item)
        if arguments := function_of(part).get("arguments"):
            yield arguments_piece(Place(item["id"], self._items.index(item["id"])), arguments)

    def _added(self, item: Json) -> Iterator[Json]:
        if item["id"] not in self._items:
            self._items.append(item["id"])
            yield added(len(self._items) - 1, item)

    def _as_told(self, output: list[Json]) -> list[Json]:
        """The items of an answer, and the parts of its message, in the order in which they began here."""
        for item in output:
            if item["type"] == "message":
                content: list[Json] = item["content"]
                content.sort(key=lambda part: self._parts.index(part["type"]))
        return sorted(output, key=lambda item: self._items.index(item["id"]))
