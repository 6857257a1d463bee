"""Reading a chat message, whatever shape its content has."""

from typing import Any, cast

from schemas.content import Json


def text_of(message: Json) -> str:
    """All the text of a message: its content, or the text parts of it, in order."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(_text_of_part(part) for part in cast("list[Any]", content))


def ends_of(text: str, characters: int) -> str:
    """So many characters of a text's beginning, and as many of its end; a text that has no more than both is whole."""
    return text if len(text) <= 2 * characters else f"{text[:characters]}\n{text[-characters:]}"


def tool_calls_of(message: Json) -> list[Any]:
    """The tool calls of a message, unread; empty when it makes none."""
    calls = message.get("tool_calls")
    return cast("list[Any]", calls) if isinstance(calls, list) else []


def refusal_of(message: Json) -> str:
    """What the provider itself marked as a refusal."""
    refusal = message.get("refusal")
    return refusal.strip() if isinstance(refusal, str) else ""


def _text_of_part(part: object) -> str:
    if not isinstance(part, dict):
        return ""
    text = cast("Json", part).get("text")
    return text if isinstance(text, str) else ""
