"""The items of OpenAI's Responses in the intake's words: those of OpenAI's chat completions.

Source: OpenAI's API reference, "Create a model response", ``input``.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, cast

from pydantic import Field

from schemas.content import Json
from schemas.places import Path, place
from services.gateway.domain.json_body import Part, read_kind
from services.gateway.domain.problems import wrong
from services.gateway.domain.responses_tools import flat_name

REASONING = "reasoning"
"""What another endpoint thought in an earlier turn: left out, as the API lets it be."""

REFERENCE = "item_reference"
NOT_REMEMBERED = "no turn is remembered: send the item itself, as the AI SDK does with store: false"


class InputText(Part):
    """``prompt_cache_breakpoint`` is a hint to OpenAI's cache, which changes no answer."""

    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: Json | None = None


class InputImage(Part):
    """An image by its URL or data URL; by a file of OpenAI's it cannot be shown."""

    type: Literal["input_image"]
    image_url: str
    detail: Literal["low", "high", "auto"] | None = None
    file_id: None = None
    prompt_cache_breakpoint: Json | None = None


class OutputText(Part):
    """``annotations`` and ``logprobs`` are of an earlier answer, ``parsed`` is its client's: none is told a model."""

    type: Literal["output_text"]
    text: str
    annotations: tuple[Json, ...] | None = Field(default=None, fail_fast=True)
    logprobs: tuple[Json, ...] | None = Field(default=None, fail_fast=True)
    parsed: Any = None


class Refusal(Part):
    type: Literal["refusal"]
    refusal: str


class Item(Part):
    """One of ``input``. ``id``, ``status``, ``phase`` and ``caller`` come back from an answer's own item."""

    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None


class Message(Item):
    type: Literal["message"] | None = None
    role: Literal["user", "assistant", "system", "developer"]
    content: Any
    phase: str | None = None


class FunctionCall(Item):
    type: Literal["function_call"]
    call_id: str
    name: str = Field(min_length=1)
    arguments: str
    parsed_arguments: Any = None
    caller: Json | None = None
    namespace: str | None = None


class FunctionCallOutput(Item):
    type: Literal["function_call_output"]
    call_id: str
    output: Any
    name: str | None = None
    caller: Json | None = None
    namespace: str | None = None


ITEMS: Mapping[str, type[Item]] = MappingProxyType(
    {"message": Message, "function_call": FunctionCall, "function_call_output": FunctionCallOutput}
)
SHOWN: Mapping[str, type[Part]] = MappingProxyType({"input_text": InputText, "input_image": InputImage})
IN_MESSAGES: Mapping[str, Mapping[str, type[Part]]] = MappingProxyType(
    {
        "user": SHOWN,
        "system": {"input_text": InputText},
        "developer": {"input_text": InputText},
        "assistant": {"output_text": OutputText, "refusal": Refusal},
    }
)


def messages_of(instructions: str | None, asked: Any) -> tuple[Json, ...]:
    """The whole conversation. Raises ``Refused`` that names the item or part that is wrong, or that is not served."""
    chat = _Chat()
    if instructions is not None:
        chat.say({"role": "system", "content": instructions})
    if isinstance(asked, str):
        chat.say({"role": "user", "content": asked})
    else:
        for index, given in enumerate(_list(asked, ("input",))):
            _add(chat, given, ("input", index))
    if not (told := chat.told()):
        raise wrong("input", "input: at least one message is wanted")
    return told


class _Chat:
    """Messages as they come, but results right behind their calls: chats take them nowhere else.

    Images that tools gave back are shown once all results beside them are told.
    """

    def __init__(self) -> None:
        self._turns: list[list[Json]] = []
        self._called: dict[str, list[Json]] = {}
        self._seen: list[Json] = []

    def told(self) -> tuple[Json, ...]:
        self.show()
        return tuple(message for turn in self._turns for message in turn)

    def say(self, message: Json) -> None:
        self.show()
        self._turns.append([message])

    def call(self, call: Json) -> None:
        """A call belongs to what the assistant said right before it."""
        self.show()
        if not self._turns or self._turns[-1][-1]["role"] != "assistant":
            self._turns.append([{"role": "assistant", "content": None}])
        turn = self._called[call["id"]] = self._turns[-1]
        turn[-1].setdefault("tool_calls", []).append(call)

    def give_back(self, result: Json, images: Sequence[Json]) -> None:
        if (turn := self._called.get(result["tool_call_id"])) is None:
            self._turns.append(turn := [])
        turn.append(result)
        self._seen += images

    def show(self) -> None:
        if self._seen:
            self._turns.append([{"role": "user", "content": self._seen}])
            self._seen = []


def _add(chat: _Chat, given: Any, at: Path) -> None:
    if not isinstance(given, dict) or cast("Json", given).get("type") != REASONING:
        item = _item(given, at)
        if isinstance(item, Message):
            chat.say(_message(item, (*at, "content")))
        elif isinstance(item, FunctionCall):
            chat.call(_call(item))
        else:
            chat.give_back(*_result(cast("FunctionCallOutput", item), (*at, "output")))


def _item(given: Any, at: Path) -> Item:
    """An item without a type is a message, as long as somebody says it."""
    told = cast("Json", given) if isinstance(given, dict) else {}
    if told.get("type") == REFERENCE:
        where = place((*at, "type"))
        raise wrong(where, f"{where}: {REFERENCE} is not served here: {NOT_REMEMBERED}", "unsupported_parameter")
    return read_kind({**told, "type": "message"} if told.get("type") is None and "role" in told else told, ITEMS, at)


def _message(item: Message, at: Path) -> Json:
    if isinstance(item.content, str):
        return {"role": item.role, "content": item.content}
    parts = _parts(item.content, IN_MESSAGES[item.role], at)
    if item.role == "assistant":
        return _said(parts)
    return {"role": item.role, "content": _content(parts)}


def _said(parts: Sequence[Part]) -> Json:
    texts = [part.text for part in parts if isinstance(part, OutputText)]
    refusals = [part.refusal for part in parts if isinstance(part, Refusal)]
    told: Json = {"role": "assistant", "content": "".join(texts) if texts else None}
    return {**told, "refusal": "".join(refusals)} if refusals else told


def _content(parts: Sequence[Part]) -> str | list[Json]:
    if len(parts) == 1 and isinstance(parts[0], InputText):
        return parts[0].text
    return [_part(part) for part in parts]


def _part(part: Part) -> Json:
    if isinstance(part, InputText):
        return {"type": "text", "text": part.text}
    image = cast("InputImage", part)
    detail = {"detail": image.detail} if image.detail else {}
    return {"type": "image_url", "image_url": {"url": image.image_url, **detail}}


def _call(item: FunctionCall) -> Json:
    function = {"name": flat_name(item.name, item.namespace), "arguments": item.arguments}
    return {"id": item.call_id, "type": "function", "function": function}


def _result(item: FunctionCallOutput, at: Path) -> tuple[Json, Sequence[Json]]:
    """A tool's result, and the images in it, which OpenAI's tool messages cannot hold."""
    told: Json = {"role": "tool", "tool_call_id": item.call_id}
    if isinstance(item.output, str):
        return {**told, "content": item.output}, ()
    parts = _parts(item.output, SHOWN, at)
    text = "\n\n".join(part.text for part in parts if isinstance(part, InputText))
    return {**told, "content": text}, [_part(part) for part in parts if isinstance(part, InputImage)]


def _parts(told: Any, served: Mapping[str, type[Part]], at: Path) -> Sequence[Part]:
    return [read_kind(each, served, (*at, index)) for index, each in enumerate(_list(told, at))]


def _list(told: Any, at: Path) -> Sequence[Any]:
    if not isinstance(told, list) or not told:
        raise wrong(place(at), f"{place(at)}: a string or a list of at least one entry is wanted")
    return cast("list[Any]", told)
