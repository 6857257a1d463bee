"""About how many tokens a prompt takes, before a model is chosen whose tokenizer would tell."""

from collections.abc import Sequence
from typing import Any, cast

from pydantic_core import to_json

from schemas.asking import TOKENS_AN_IMAGE, tokens_in
from schemas.content import MARK, Json

IMAGES = ("image_url", "input_image")
DATA = {"input_audio": "data", "file": "file_data"}
"""Of parts that are no text: where their data stands, in base64."""
CHARACTERS_OF_DATA_A_TOKEN = 100
"""As of a PDF's pages with their pictures; of speech there are more, so that it takes rather less than this."""
UNREAD = ("role", "content", MARK)
"""Of a message: ``content`` is reckoned by its parts."""


def prompt_tokens(messages: Sequence[Json], *beside: Any) -> int:
    """About how many tokens a model reads: messages, and the tools and the answer's form ``beside`` them.

    A text counts by its characters, an image as one of any size, sounds and files by their data, and all else that a
    message holds by its JSON.
    """
    told = sum(_as_json(part) for part in beside if part)
    return int(sum(map(_tokens, messages)) + told) + 1


def _tokens(message: Json) -> float:
    content: Any = message.get("content") or ()
    parts: Sequence[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    rest = {name: told for name, told in message.items() if told and name not in UNREAD}
    return sum(map(_of_part, parts)) + (_as_json(rest) if rest else 0)


def _of_part(part: Any) -> float:
    """Also of what is none, which is refused elsewhere: nothing breaks on it."""
    told: Json = cast("Json", part) if isinstance(part, dict) else {}
    kind: Any = told.get("type")
    if kind in IMAGES:
        return TOKENS_AN_IMAGE
    if kind == "text" and isinstance(text := told.get("text"), str):
        return tokens_in(text)
    data = _data_of(told, kind)
    return len(data) / CHARACTERS_OF_DATA_A_TOKEN if isinstance(data, str) else _as_json(part)


def _data_of(part: Json, kind: Any) -> Any:
    inner: Any = part.get(kind) if kind in tuple(DATA) else None
    return cast("Json", inner).get(DATA[kind]) if isinstance(inner, dict) else None


def _as_json(told: Any) -> float:
    return tokens_in(to_json(told, inf_nan_mode="constants").decode())
