"""Looking into JSON of strangers: what has another shape than it should counts as absent."""

from typing import Any, cast

from schemas.content import Json


def object_in(value: Any) -> Json:
    """The value, when it is a JSON object; else an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def list_in(value: Any) -> list[Any]:
    """The value, when it is a JSON array; else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text_in(value: Any) -> str:
    """The value, when it is a string; else an empty one."""
    return value if isinstance(value, str) else ""
