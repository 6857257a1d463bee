"""Requests as a file holds them: one JSON object, an array of them, or one on each line (JSONL)."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from pydantic import ValidationError

from schemas.request import RequestSubmitted
from services.console.domain.failures import Misused
from services.console.domain.findings import nearest
from services.console.domain.json_lines import lines_of

KNOWN = tuple(RequestSubmitted.model_fields)


@dataclass(frozen=True, slots=True)
class Submission:
    """A request that is ready to go. ``warnings``: fields that nobody will read."""

    request_id: UUID
    value: bytes
    name: str | None
    warnings: tuple[str, ...]


def submissions(text: str, file: str, new_id: Callable[[], UUID]) -> list[Submission]:
    """The requests of a file, each with an id. Raises :class:`Misused`, with a line for each that is no request."""
    found: list[Submission] = []
    errors: list[str] = []
    for line, raw in _documents(text):
        try:
            found.append(submission(json.loads(raw), f"{file}:{line}", new_id))
        except ValueError as error:
            errors.append(f"{file}:{line}: not JSON: {error}")
        except Misused as error:
            errors.append(str(error))
    if errors or not found:
        raise Misused("\n".join(errors) or f"{file} holds no request")
    return found


def submission(request: Any, place: str, new_id: Callable[[], UUID]) -> Submission:
    """One request, with an id of its own where it has none. Raises :class:`Misused`."""
    if not isinstance(request, dict):
        raise Misused(f'{place}: a request is a JSON object: {{"messages": [...]}}')
    given = cast("dict[str, Any]", request)
    value = {**given, "request_id": given.get("request_id") or str(new_id())}
    body = json.dumps(value, ensure_ascii=False).encode()
    try:
        read = RequestSubmitted.read(body)
    except ValidationError as error:
        raise Misused(f"{place}: {_first(error)}") from None
    warnings = tuple(f'{place}: unknown field "{name}"{nearest(name, KNOWN)}' for name in value if name not in KNOWN)
    name = read.metadata.get("name")
    return Submission(cast("UUID", read.request_id), body, name if isinstance(name, str) else None, warnings)


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """The JSON texts of a file, each with the line (from 1) where it begins."""
    try:
        whole = json.loads(text)
    except ValueError:
        for number, line in enumerate(lines_of(text), 1):
            if line.strip():
                yield number, line
        return
    for item in cast("list[Any]", whole) if isinstance(whole, list) else [whole]:
        yield 1, json.dumps(item)


def _first(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(step) for step in told["loc"]) or "the request"
    return f"{place}: {told['msg'].removeprefix('Value error, ')}"
