"""Anthropic's turns and content blocks in the intake's words: those of OpenAI's chat completions.

Source: Anthropic's API reference, "Create a Message".
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from pydantic_core import to_json

from schemas.content import MARK, Json
from schemas.places import Path, place
from services.gateway.domain.json_body import Part, read_kind
from services.gateway.domain.problems import wrong

FAILED = "Error: "
"""Stands before the result of a tool that failed: OpenAI's tool messages have no flag for it."""


class Block(Part):
    """A content block. ``cache_control`` is a hint to the provider, which changes no answer."""

    cache_control: Json | None = None


class Text(Block):
    """``citations`` are of an earlier answer, and say nothing to a model."""

    type: Literal["text"]
    text: str
    citations: tuple[Json, ...] | None = Field(default=None, fail_fast=True)


class Base64(Part):
    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str


class Url(Part):
    type: Literal["url"]
    url: str


class Image(Block):
    type: Literal["image"]
    source: Annotated[Base64 | Url, Field(discriminator="type")]


class ToolUse(Block):
    """``caller`` comes back from an answer's own block."""

    type: Literal["tool_use"]
    id: str
    name: str
    input: Json
    caller: Json | None = None
    toolset_name: None = None


class ToolResult(Block):
    type: Literal["tool_result"]
    tool_use_id: str
    content: Any = None
    is_error: bool | None = None
    toolset_name: None = None


class Thinking(Block):
    """What another endpoint thought in an earlier turn. The API lets it be left out, and it is."""

    type: Literal["thinking"]
    thinking: str
    signature: str | None = None


class RedactedThinking(Block):
    type: Literal["redacted_thinking"]
    data: str


BLOCKS: Mapping[str, type[Block]] = MappingProxyType(
    {
        "text": Text,
        "image": Image,
        "tool_use": ToolUse,
        "tool_result": ToolResult,
        "thinking": Thinking,
        "redacted_thinking": RedactedThinking,
    }
)
IN_TURNS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "system": ("text",),
        "user": ("text", "image", "tool_result"),
        "assistant": ("text", "tool_use", "thinking", "redacted_thinking"),
    }
)
IN_RESULTS = ("text", "image")
ACCOUNTS = "x-anthropic-billing-header:"
"""Begins a system's block of Claude Code's, with its version and a number of the turn."""


class Turn(Part):
    """One of ``messages``."""

    role: Literal["user", "assistant", "system"]
    content: Any


def messages_of(system: Any, turns: Sequence[Turn]) -> tuple[Json, ...]:
    """The whole conversation. Raises ``Refused`` that names the block that is wrong, or that is not served."""
    found = [] if system is None else [{"role": "system", "content": _system(system, ("system",))}]
    for index, turn in enumerate(turns):
        found += _turn(turn, ("messages", index, "content"))
    if turns[-1].role == "assistant":
        told = "messages: the last one must not be the assistant's: answers that are begun for a model are not served"
        raise wrong("messages", told, "unsupported_parameter")
    return tuple(found)


def _turn(turn: Turn, at: Path) -> Iterator[Json]:
    if turn.role == "system":
        yield {"role": "system", "content": _system(turn.content, at)}
    elif isinstance(turn.content, str):
        yield {"role": turn.role, "content": turn.content}
    elif turn.role == "user":
        yield from _asked(_blocks(turn.content, IN_TURNS["user"], at), at)
    else:
        yield _said(_blocks(turn.content, IN_TURNS["assistant"], at))


def _asked(blocks: Sequence[Block], at: Path) -> Iterator[Json]:
    """First the results of tools, which must follow their calls, then what the user says and shows."""
    seen: list[Block] = []
    for index, block in enumerate(blocks):
        if isinstance(block, ToolResult):
            result = _result(block, (*at, index, "content"))
            seen += [each for each in result if isinstance(each, Image)]
            text = "\n\n".join(each.text for each in result if isinstance(each, Text))
            content = FAILED + text if block.is_error else text
            yield {"role": "tool", "tool_call_id": block.tool_use_id, "content": content, **_mark((block,))}
    seen += [block for block in blocks if isinstance(block, Text | Image)]
    if seen:
        yield {"role": "user", "content": _parts(seen)}


def _result(block: ToolResult, at: Path) -> Sequence[Block]:
    if isinstance(block.content, str):
        return (Text(type="text", text=block.content),)
    return () if block.content in (None, []) else _blocks(block.content, IN_RESULTS, at)


def _parts(blocks: Sequence[Block]) -> str | list[Json]:
    if len(blocks) == 1 and isinstance(blocks[0], Text) and blocks[0].cache_control is None:
        return blocks[0].text
    return _marked(blocks)


def _marked(blocks: Sequence[Block]) -> list[Json]:
    return [{**_part(block), **_mark((block,))} for block in blocks]


def _mark(blocks: Sequence[Block]) -> Json:
    """The last mark of prompt caching among these blocks."""
    marks = [block.cache_control for block in blocks if block.cache_control is not None]
    return {MARK: marks[-1]} if marks else {}


def _part(block: Block) -> Json:
    if isinstance(block, Text):
        return {"type": "text", "text": block.text}
    source = cast("Image", block).source
    url = source.url if isinstance(source, Url) else f"data:{source.media_type};base64,{source.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _said(blocks: Sequence[Block]) -> Json:
    text = "".join(block.text for block in blocks if isinstance(block, Text))
    calls = [_call(block) for block in blocks if isinstance(block, ToolUse)]
    told: Json = {"role": "assistant", "content": text or (None if calls else ""), **_mark(blocks)}
    return {**told, "tool_calls": calls} if calls else told


def _call(block: ToolUse) -> Json:
    function = {"name": block.name, "arguments": to_json(block.input).decode()}
    return {"id": block.id, "type": "function", "function": function}


def _system(told: Any, at: Path) -> str | list[Json]:
    if isinstance(told, str):
        return told
    blocks = _without_accounts(_blocks(told, IN_TURNS["system"], at))
    if _mark(blocks):
        return _marked(blocks)
    return "\n\n".join(cast("Text", block).text for block in blocks)


def _without_accounts(blocks: Sequence[Block]) -> Sequence[Block]:
    """Without what Claude Code tells Anthropic of itself there: it is another at each turn, and no cache knows such a
    beginning.
    """
    return [each for each in blocks if not cast("Text", each).text.startswith(ACCOUNTS)] or blocks


def _blocks(told: Any, served: Sequence[str], at: Path) -> Sequence[Block]:
    if not isinstance(told, list) or not told:
        raise wrong(place(at), f"{place(at)}: a string or a list of at least one content block is wanted")
    shapes = {kind: BLOCKS[kind] for kind in served}
    return [read_kind(each, shapes, (*at, index)) for index, each in enumerate(cast("list[Any]", told))]
