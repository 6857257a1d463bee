"""The events of a model response: each item is added, told in pieces and done, between the response's own events.

Source: OpenAI's API reference, "Streaming events" of responses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from pydantic_core import from_json, to_json

from schemas.content import Json
from services.gateway.domain.chat_request import Named
from services.gateway.domain.chat_stream import pieces
from services.gateway.domain.problems import Problem
from services.gateway.domain.shown import function_of

TEXT_OF = {"output_text": "text", "refusal": "refusal"}
"""Where a part of a message has its text."""
NO_LOGPROBS: Json = {"logprobs": []}
"""Which typed clients want beside each text."""


class Events:
    """One stream's events, numbered as they are told."""

    def __init__(self) -> None:
        self._told = 0

    def tell(self, *events: Json) -> bytes:
        """These as server-sent events, named after their types."""
        return b"".join(self._event(event) for event in events)

    def _event(self, event: Json) -> bytes:
        numbered = {**event, "sequence_number": self._told}
        self._told += 1
        return f"event: {event['type']}\n".encode() + b"data: " + to_json(numbered) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a response something is told; a call's arguments stand in no part."""

    item_id: str
    output_index: int
    content_index: int | None = None

    def told(self) -> Json:
        """As events name it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def part_of(kind: str, text: str) -> Json:
    """A part of a message: ``output_text`` or ``refusal``."""
    return {"type": kind, TEXT_OF[kind]: text, **({"annotations": [], **NO_LOGPROBS} if kind == "output_text" else {})}


def message_item(request_id: UUID | str) -> Json:
    """What an answer says, before anything of it is told."""
    return {
        "id": f"msg_{request_id}",
        "type": "message",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }


def call_item(request_id: UUID | str, index: int, call: Json, named: Mapping[str, Named]) -> Json:
    """An answer's call of a function, before its arguments are told. Some servers' calls have no id of their own.

    ``named``: what functions in namespaces are called by a model.
    """
    own, name = f"fc_{request_id}_{index}", function_of(call).get("name") or ""
    its = named.get(name)
    return {
        "id": own,
        "type": "function_call",
        "call_id": call.get("id") or own,
        **({"name": name} if its is None else asdict(its)),
        "arguments": "",
        "status": "in_progress",
    }


def events_of(response: Json, begun: Json) -> Iterator[Json]:
    """All events of an answer that is known whole; ``begun``: the response before there was one."""
    yield from beginning(begun)
    for index, item in enumerate(response["output"]):
        yield added(index, _emptied(item))
        yield from _pieces(index, item)
        yield from done(index, item)
    yield ending(response)


def beginning(begun: Json) -> Iterator[Json]:
    """A response has begun."""
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}


def ending(response: Json) -> Json:
    """It is completed, incomplete or failed."""
    return {"type": f"response.{response['status']}", "response": response}


def added(index: int, item: Json) -> Json:
    """An item has begun."""
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def part_added(at: Place, kind: str) -> Json:
    """A part of a message has begun."""
    return {"type": "response.content_part.added", **at.told(), "part": part_of(kind, "")}


def text_piece(at: Place, kind: str, text: str) -> Json:
    """More of a part."""
    logprobs = NO_LOGPROBS if kind == "output_text" else {}
    return {"type": f"response.{kind}.delta", **at.told(), "delta": text, **logprobs}


def arguments_piece(at: Place, text: str) -> Json:
    """More of a call's arguments."""
    return {"type": "response.function_call_arguments.delta", **at.told(), "delta": text}


def done(index: int, item: Json) -> Iterator[Json]:
    """An item is whole, and each part of it."""
    if item["type"] == "message":
        for number, part in enumerate(item["content"]):
            yield from _part_done(Place(item["id"], index, number), part)
    else:
        told = {"name": item["name"], "arguments": item["arguments"]}
        yield {"type": "response.function_call_arguments.done", **Place(item["id"], index).told(), **told}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def error_of(problem: Problem) -> Json:
    """The last event of a stream that fails. ``error`` is what OpenAI's own clients raise."""
    told = {"code": problem.code, "message": problem.message, "param": problem.param}
    return {"type": "error", **told, **from_json(problem.to_json())}


def _part_done(at: Place, part: Json) -> Iterator[Json]:
    kind = part["type"]
    logprobs = NO_LOGPROBS if kind == "output_text" else {}
    yield {"type": f"response.{kind}.done", **at.told(), TEXT_OF[kind]: part[TEXT_OF[kind]], **logprobs}
    yield {"type": "response.content_part.done", **at.told(), "part": part}


def _emptied(item: Json) -> Json:
    nothing: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return {**item, **nothing, "status": "in_progress"}


def _pieces(index: int, item: Json) -> Iterator[Json]:
    if item["type"] != "message":
        at = Place(item["id"], index)
        yield from (arguments_piece(at, text) for text in pieces(item["arguments"]))
        return
    for number, part in enumerate(item["content"]):
        at, kind = Place(item["id"], index, number), part["type"]
        yield part_added(at, kind)
        yield from (text_piece(at, kind, text) for text in pieces(part[TEXT_OF[kind]]))
