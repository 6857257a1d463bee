"""Content, apart from facts: prompts and answers travel as an opaque body, parsed only where they are needed."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from struct import pack, unpack
from typing import Any, NamedTuple, Protocol, Self, cast
from uuid import UUID

from pydantic import Field

from schemas.fact import Fact

Json = dict[str, Any]
JsonRead = Mapping[str, Any]
"""The same where it is read alone."""
FLOAT_BYTES = 4
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
CANONICAL_ASCII = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
"""The same of what holds nothing to escape as ``\\u...``, in a third of the time."""


class Body(Fact):
    """Content in place (``inline``: JSON text), or by reference (``ref`` into the object store).

    ``key_id``: sealed under this data key of its request, in place as base64; ``sha256`` and ``bytes`` are then of
    what is sealed.
    """

    inline: str | None = None
    ref: str | None = None
    sha256: str
    bytes: int = Field(ge=0)
    key_id: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is in place and not sealed: its :meth:`text` can be read as it is."""
        return self.inline is not None and not self.is_sealed

    @property
    def is_sealed(self) -> bool:
        """Whether it is sealed under a key of its request."""
        return self.key_id is not None

    def text(self) -> str:
        """The content. Raises ``ValueError`` when it is by reference or sealed: have it fetched or opened first."""
        if self.is_sealed:
            raise ValueError(f"the body {self.sha256[:12]} is sealed: open it first")
        if self.inline is None:
            raise ValueError(f"the body {self.sha256[:12]} is by reference: fetch it from the object store first")
        return self.inline


class Owner(NamedTuple):
    """Whose content is sealed: the request, its tenant, and the day under which the data key is kept."""

    request_id: UUID
    tenant: str
    day: date


class Kin(NamedTuple):
    """Other sealed content of the same request: what is sealed beside it goes under its key."""

    request_id: UUID
    body: Body


class Contents(Protocol):
    """Gives the text of a body, wherever it is kept, and seals content."""

    @property
    def can_seal(self) -> bool:
        """Whether there are keys to seal with."""
        ...

    def text(self, body: Body, request_id: UUID) -> str:
        """Raises :class:`schemas.reaction.ContentAway` while the content has not been fetched, or opened."""
        ...

    def sealed(self, content: bytes, under: Owner | Kin, *, by_reference: bool = False) -> Body:
        """Raises :class:`schemas.reaction.ContentOpen` while it has not been sealed."""
        ...


class InlineContents:
    """Contents where nothing travels by reference, and nothing is sealed."""

    can_seal = False

    def text(self, body: Body, request_id: UUID) -> str:
        return body.text()

    def sealed(self, content: bytes, under: Owner | Kin, *, by_reference: bool = False) -> Body:
        return body_of(content)


INLINE = InlineContents()


def body_of(text: bytes) -> Body:
    """An inline body of this JSON text."""
    return Body(inline=text.decode(), sha256=sha256(text).hexdigest(), bytes=len(text))


class Source(Fact):
    """A text that an answer may cite."""

    id: str
    text: str


class Question(Fact):
    """What is asked: the content of a request, in the words of OpenAI's chat completions."""

    messages: tuple[Json, ...] = Field(min_length=1)
    tools: tuple[Json, ...] | None = None
    response_format: Json | None = None
    params: Json = Field(default_factory=dict)
    checks: tuple[Json, ...] = ()
    sources: tuple[Source, ...] = ()


MARK = "cache_control"
"""Anthropic's mark of how far a provider may keep what it read of a prompt: a hint, which changes no answer."""


def without_marks(message: Json) -> Json:
    """A message without the marks of prompt caching, in the form that it would have had without them."""
    content = message.get("content")
    parts: list[Any] = cast("list[Any]", content) if isinstance(content, list) else []
    if not any(MARK in each for each in (message, *parts) if isinstance(each, dict)):
        return message
    told = {name: value for name, value in message.items() if name != MARK}
    return {**told, "content": _plain([_unmarked(part) for part in parts], message.get("role"))} if parts else told


def tool_without_mark(tool: Json) -> Json:
    """A tool without its mark."""
    return {name: value for name, value in tool.items() if name != MARK} if MARK in tool else tool


def _unmarked(part: Any) -> Any:
    return {n: v for n, v in cast("Json", part).items() if n != MARK} if isinstance(part, dict) else part


def _plain(parts: list[Any], role: Any) -> str | list[Any]:
    """Parts as they are written where nothing is marked: a text of its own is no list, nor is what the system says."""
    texts = [cast("Json", part).get("text") for part in parts if isinstance(part, dict)]
    plain = [text for text in texts if isinstance(text, str)]
    if len(plain) == len(parts) and (len(plain) == 1 or role == "system"):
        return "\n\n".join(plain)
    return parts


def fingerprint(messages: Sequence[Json], tools: Sequence[Json] | None, response_format: Json | None) -> str:
    """Sixteen hex digits that name what was asked: how a replaying provider finds the answer it holds."""
    asked = {
        "messages": [without_marks(message) for message in messages],
        "tools": [tool_without_mark(tool) for tool in tools] if tools else None,
        "response_format": response_format,
    }
    told = {name: value for name, value in asked.items() if value is not None}
    return sha256(_canonical(told).encode()).hexdigest()[:16]


def _canonical(value: Json) -> str:
    text = CANONICAL_ASCII.encode(value)
    return CANONICAL.encode(value) if "\\u" in text else text


class Vector(Fact):
    """The vector of input ``index``, counted from 0: base64 of its little-endian 32-bit floats."""

    index: int
    embedding: str

    @classmethod
    def at(cls, index: int, numbers: Sequence[float]) -> Self:
        """The vector of these numbers. Raises ``OverflowError`` for one that 32 bits cannot hold."""
        return cls(index=index, embedding=b64encode(pack(f"<{len(numbers)}f", *numbers)).decode())

    def numbers(self) -> tuple[float, ...]:
        """The vector's numbers. Raises ``ValueError`` for what is no vector."""
        raw = b64decode(self.embedding, validate=True)
        if len(raw) % FLOAT_BYTES:
            raise ValueError(f"a vector takes {FLOAT_BYTES} bytes a number")
        return unpack(f"<{len(raw) // FLOAT_BYTES}f", raw)


class Vectors(Fact):
    """What a model answered that was asked for embeddings."""

    embeddings: tuple[Vector, ...]


class Answer(Fact):
    """What a model answered: an assistant message, and why it stopped."""

    message: Json
    finish_reason: str

    def content(self) -> str:
        """The text of the message; empty when it has none."""
        text = self.message.get("content")
        return text if isinstance(text, str) else ""
