"""Servers of open models on this machine, and what their answers say of the models there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

OLLAMA_CONTEXT = 4_096
"""What Ollama reads of a prompt, however much its model could, unless OLLAMA_CONTEXT_LENGTH says more."""
UNTOLD_CONTEXT = 4_096
LONGEST_NAME = 200
OLLAMA_PORT, VLLM_PORT = 11_434, 8_000
HERE, ANYWHERE = "127.0.0.1", ("0.0.0.0", "::")  # noqa: S104 where a server listens, which nobody can ask
EMBEDDINGS = "embeddings"


class Tag(BaseModel):
    """A model in Ollama's ``/api/tags``."""

    name: str
    size: int = 0


class Tags(BaseModel):
    """Ollama's ``/api/tags``."""

    models: list[Tag]


class Shown(BaseModel):
    """Ollama's ``/api/show``. Older ones tell no ``capabilities``."""

    capabilities: list[str] | None = None
    model_info: dict[str, Any] = Field(default_factory=dict[str, Any])

    def reads(self) -> int:
        """The model's own context in tokens; 0 where nothing is said."""
        told = self.model_info.get(f"{self.model_info.get('general.architecture')}.context_length")
        return told if isinstance(told, int) else 0


class Card(BaseModel):
    """A model in the list of an OpenAI-compatible server; ``max_model_len`` is vLLM's own."""

    id: str
    owned_by: str = ""
    max_model_len: int | None = None


class Cards(BaseModel):
    """``/v1/models``."""

    data: list[Card]


class Version(BaseModel):
    """vLLM's ``/version``."""

    version: str


@dataclass(frozen=True, slots=True)
class LocalModel:
    """``size`` orders models of one server: bytes of weights, or 0 where the server does not say."""

    model: str
    context_tokens: int
    abilities: tuple[str, ...]
    size: int = 0
    reads: int = 0
    """Tokens that the model itself could read; 0 where nothing is said."""

    @property
    def embeds(self) -> bool:
        """Whether it makes vectors of texts, and answers none."""
        return EMBEDDINGS in self.abilities


@dataclass(frozen=True, slots=True)
class LocalServer:
    """One that answers. ``kind`` is ``ollama`` or ``vllm``; ``locked``: it wants a key, and tells nothing without."""

    kind: str
    url: str
    models: tuple[LocalModel, ...] = ()
    key: str | None = None
    locked: bool = False

    @property
    def chats(self) -> tuple[LocalModel, ...]:
        """Its models that answer."""
        return tuple(each for each in self.models if not each.embeds)

    @property
    def embedders(self) -> list[LocalModel]:
        """Its models that make vectors, the smallest first."""
        return ladder(each for each in self.models if each.embeds)


def address(told: str, port: int) -> str:
    """The URL to ask, of a host, a host and port, or a URL. A password in it is left out; so is a path.

    An address to listen at, as ``OLLAMA_HOST`` may be, becomes this machine's own. Raises ``ValueError``.
    """
    parts = urlsplit(told if "//" in told else f"//{told}", scheme="http")
    host = parts.hostname or HERE
    host = HERE if host in ANYWHERE else f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}:{parts.port or (443 if parts.scheme == 'https' else port)}"


def is_plain(name: str) -> bool:
    """Whether a document can hold a server's name for a model: one line of what can be printed."""
    return name.isprintable() and name.isascii() and 0 < len(name) <= LONGEST_NAME


def ollama_model(tag: Tag, shown: Shown, window: int | None) -> LocalModel | None:
    """A model of Ollama; ``None`` for one that neither chats nor embeds."""
    untold = {"embedding"} if "embed" in tag.name else {"completion"}
    can = untold if shown.capabilities is None else set(shown.capabilities)
    if not is_plain(tag.name) or not can & {"completion", "embedding"}:
        return None
    reads = shown.reads()
    context = min(window or OLLAMA_CONTEXT, reads or OLLAMA_CONTEXT)
    chats = ("chat", "json", *(each for each in ("tools", "vision") if each in can))
    return LocalModel(tag.name, context, chats if "completion" in can else (EMBEDDINGS,), tag.size, reads)


def vllm_models(cards: Iterable[Card]) -> tuple[LocalModel, ...]:
    """vLLM's models; other servers that answer at the same path say another owner, and are left alone."""
    ours = (card for card in cards if card.owned_by == "vllm" and is_plain(card.id))
    return tuple(LocalModel(card.id, card.max_model_len or UNTOLD_CONTEXT, ("chat", "json")) for card in ours)


def ladder(models: Iterable[LocalModel]) -> list[LocalModel]:
    """At most three, from the smallest to the largest: more rungs would only make a request wait."""
    ordered = sorted(models, key=lambda each: (each.size, each.model))
    places = sorted({0, len(ordered) // 2, len(ordered) - 1})
    return [ordered[place] for place in places if 0 <= place < len(ordered)]


def name_of(model: str) -> str:
    """A name for the portfolio: the last part of the path, with what a name may hold."""
    last = model.removesuffix(":latest").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._") or "model"
