"""About how many tokens a prompt takes, before a model is chosen whose tokenizer would tell."""

from collections.abc import Sequence
from typing import Any, cast

from pydantic_core import to_json

from schemas.asking import TOKENS_AN_IMAGE, tokens_in
from schemas.content import Json


def prompt_tokens(messages: Sequence[Json], *beside: Any) -> int:
    """Of all that a model reads: messages, and the tools and the form of the answer ``beside`` them, where given."""
    told = sum(tokens_in(to_json(part).decode()) for part in beside if part)
    return int(sum(map(_tokens, messages)) + told) + 1


def _tokens(message: Json) -> float:
    content: Any = message.get("content") or ""
    parts: list[Json] = [{"text": content}] if isinstance(content, str) else cast("list[Json]", content)
    texts = sum(tokens_in(part["text"]) for part in parts if isinstance(part.get("text"), str))
    images = sum("image_url" in part for part in parts)
    calls = message.get("tool_calls")
    return texts + images * TOKENS_AN_IMAGE + (tokens_in(to_json(calls).decode()) if calls else 0)
