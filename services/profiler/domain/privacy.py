"""The data class of a request: what its client declares, raised by what its text holds, never lowered."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from schemas.request import RequestSubmitted
from schemas.sensitive import Kind, find
from schemas.vocabulary import DataClass
from services.profiler.domain.features import texts_of

RISING = tuple(DataClass)
"""The classes, the least sensitive first."""

LEAST = {
    Kind.EMAIL: DataClass.INTERNAL,
    Kind.PHONE: DataClass.INTERNAL,
    Kind.IP_ADDRESS: DataClass.INTERNAL,
    Kind.CARD: DataClass.CONFIDENTIAL,
    Kind.IBAN: DataClass.CONFIDENTIAL,
    Kind.NATIONAL_ID: DataClass.CONFIDENTIAL,
    Kind.SECRET: DataClass.CONFIDENTIAL,
}
"""The least class of a text that holds a kind. None is restricted: that is for people to say."""


def sensitive_kinds(asked: RequestSubmitted) -> tuple[Kind, ...]:
    """The kinds that its messages, the tool calls in them and its sources hold, in the order of ``Kind``."""
    found = {finding.kind for text in _all_texts(asked) for finding in find(text)}
    return tuple(kind for kind in Kind if kind in found) if found else ()


def raised(declared: DataClass, kinds: Iterable[Kind]) -> DataClass:
    """The declared class, or the least that every kind found may have."""
    return max((declared, *(LEAST[kind] for kind in kinds)), key=RISING.index)


def _all_texts(asked: RequestSubmitted) -> Iterator[str]:
    yield from texts_of(asked.messages)
    yield from (source.text for source in asked.sources)
    for message in asked.messages:
        yield from _arguments(message.get("tool_calls"))


def _arguments(calls: object) -> Iterator[str]:
    """What earlier tool calls were given, as JSON text, which most clients send back and some as the object itself."""
    for call in cast("Sequence[Any]", calls) if isinstance(calls, list) else ():
        function: Any = cast("dict[str, Any]", call).get("function") if isinstance(call, dict) else None
        arguments: Any = cast("dict[str, Any]", function).get("arguments") if isinstance(function, dict) else None
        if isinstance(arguments, str):
            yield arguments
        elif isinstance(arguments, dict):
            yield json.dumps(arguments, ensure_ascii=False)
