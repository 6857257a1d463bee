"""All texts that a request gives a model to read, wherever it holds them, to be looked through."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, cast

from pydantic_core import to_json

from schemas.content import MARK, Json
from schemas.request import RequestSubmitted

NO_CONTENT = frozenset({"role", "type", "id", "tool_call_id", MARK})
"""Words of the form, and ids that models and clients make up."""
ESCAPES = re.compile(r'\\["\\/bfnrt]')
OF_DATA = "data:"
"""What a URL begins with that is the data of an image, a sound or a file itself; ``data`` is called so, too."""
DATA = frozenset({"data", "file_data"})
LONGEST_NUMBER = 40
"""Characters on each side of where one part of a message ends and the next begins in which a value may lie."""


def texts_told(asked: RequestSubmitted) -> Iterator[str]:
    """Each text by itself: of messages and their parts, calls and results of tools, sources, and all beside them."""
    for message in asked.messages:
        yield from _strings(message)
    yield from (source.text for source in asked.sources)
    for beside in (asked.tools, asked.response_format, asked.params, asked.checks):
        if beside:
            yield in_plain(to_json(beside, inf_nan_mode="constants").decode())


def seams_told(asked: RequestSubmitted) -> Iterator[tuple[str, int]]:
    """The texts around the end of each part of a message that another follows, with the place of that end."""
    for message in asked.messages:
        parts: Any = message.get("content")
        if isinstance(parts, list):
            for before, after in pairwise(_texts(cast("Sequence[Any]", parts))):
                end = before[-LONGEST_NUMBER:]
                yield end + after[:LONGEST_NUMBER], len(end)


def in_plain(told: str) -> str:
    """A JSON text whose escapes are spaces: the letter of a line's end would belong to the number behind it."""
    return ESCAPES.sub(" ", told) if "\\" in told else told


def _texts(parts: Sequence[Any]) -> Iterator[str]:
    told = (cast("Json", part).get("text") for part in parts if isinstance(part, dict))
    return (text for text in told if isinstance(text, str))


def _strings(told: Json) -> Iterator[str]:
    """Whatever it is made of. Arguments of a call are JSON text, or an object, which is read as its text."""
    left: list[tuple[str, Any]] = [("", told)]
    while left:
        name, value = left.pop()
        if isinstance(value, str):
            if not value.startswith(OF_DATA):
                yield in_plain(value) if name == "arguments" else value
        elif name == "arguments" and isinstance(value, dict):
            yield in_plain(to_json(value).decode())
        elif isinstance(value, dict):
            left += [(n, v) for n, v in reversed(cast("Json", value).items()) if n not in NO_CONTENT and n not in DATA]
        elif isinstance(value, list):
            left += [(name, each) for each in reversed(cast("list[Any]", value))]
