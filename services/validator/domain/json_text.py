"""JSON as a client's parser takes it: nothing around it, nothing loose inside it."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

FENCE = re.compile(r"^\s*```")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text is no JSON, and where."""

    detail: str


def read_json(text: str) -> Any | Unreadable:
    """The JSON value of the whole text (RFC 8259; NaN, a fence or prose around it are errors)."""
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        return Unreadable(_explained(text, str(error)))


def _explained(text: str, error: str) -> str:
    if not text.strip():
        return "there is no JSON: the text is empty"
    if FENCE.match(text):
        return "the JSON is inside a ``` fence, which a JSON parser does not take: send the JSON alone"
    if text.lstrip()[0] not in '{["-0123456789tfn':
        return f"the text does not begin with JSON: send the JSON alone, with no words around it ({error})"
    return f"the text is not valid JSON: {error}"


def pointer(path: list[str | int]) -> str:
    """A JSON pointer (RFC 6901) from its steps; the empty string is the whole document."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
