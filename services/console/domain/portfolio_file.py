"""A portfolio file, read and judged: every error at once, each with its line, its path and the nearest right word."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.portfolio import CheckName, Portfolio
from schemas.references import LooseEnd, Path, loose_ends
from services.console.domain.addresses import wrong_addresses
from services.console.domain.document import Document, parse
from services.console.domain.findings import Finding, Severity, nearest, written
from services.console.domain.lane_checks import wrong_settings

CHECKS = tuple(name.value for name in CheckName)
RULES = {
    "string_pattern_mismatch": "has a character that a name may not have",
    "dict_type": "should be a mapping of names",
    "tuple_type": "should be a list",
    "model_type": "should be a mapping",
    "model_attributes_type": "should be a mapping",
    "string_type": "should be text, in quotes",
    "too_short": "should have one entry at least",
    "decimal_parsing": "should be an amount of dollars",
    "date_from_datetime_parsing": "should be a day, such as 2027-03-01",
}
ENVIRONMENT = frozenset({"api_key_env", "settings_env", "headers_env"})
"""Where names of variables stand, and keys are pasted by mistake."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a file. ``portfolio`` is ``None`` when ``findings`` hold an error."""

    portfolio: Portfolio | None
    findings: tuple[Finding, ...]
    document: Document


def read(text: str) -> Reading:
    """Read a portfolio. Never raises: what is wrong is in the findings, ordered by place."""
    document = parse(text)
    errors = list(document.findings)
    portfolio = None
    if not errors or document.data is not None:
        portfolio, wrong = _validated(document)
        errors += wrong
    ordered = sorted(set(errors), key=lambda each: (each.place.line, each.place.column, each.says))
    return Reading(None if ordered else portfolio, tuple(ordered), document)


def _validated(document: Document) -> tuple[Portfolio | None, list[Finding]]:
    if (data := document.mapping) is None:
        return None, [_error(document, (), "a portfolio is a mapping: defaults, providers, models, lanes")]
    loose = [_of_loose_end(document, end) for end in loose_ends(data, CHECKS)]
    settings = [_error(document, each.path, each.says, of_key=each.of_key) for each in wrong_settings(data)]
    settings += [_error(document, each.path, each.says) for each in wrong_addresses(data)]
    try:
        return Portfolio.model_validate(data), loose + settings
    except ValidationError as error:
        return None, loose + settings + list(_of_shape(document, error, any_loose=bool(loose)))


def _of_loose_end(document: Document, end: LooseEnd) -> Finding:
    says = end.says + (nearest(end.word, end.known) if end.word else "")
    is_key = len(end.path) > 1 and end.path[-2] == "on_fail"
    return _error(document, end.path, says, of_key=is_key)


def _of_shape(document: Document, error: ValidationError, *, any_loose: bool) -> Iterator[Finding]:
    """One finding for each place; a union's several complaints about one place become one."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for each in error.errors(include_url=False, include_input=False):
        if any_loose and each["loc"] == () and each["type"] == "value_error":
            continue  # the document's own check of references, which has been told with its place
        by_path.setdefault(_real_path(document.data, each), []).append(each)
    for path, group in by_path.items():
        if not _follows_from_another(document.data, path, group[0]):
            yield _of_details(document, path, group)


def _real_path(data: Any, error: ErrorDetails) -> Path:
    """The error's location without pydantic's own steps, such as the name of a union's branch."""
    path: list[str | int] = []
    location = error["loc"]
    for number, step in enumerate(location):
        last = number == len(location) - 1
        if isinstance(data, Mapping) and (step in data or (last and error["type"] == "missing")):
            data = cast("Mapping[Any, Any]", data).get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(cast("list[Any]", data)):
            data = cast("list[Any]", data)[step]
        else:
            continue
        path.append(step)
    return tuple(path)


def _follows_from_another(data: Any, path: Path, error: ErrorDetails) -> bool:
    """A list that is too short only because its items are wrong: they have been told already."""
    for step in path:
        data = data[step] if not isinstance(data, Mapping) else cast("Mapping[Any, Any]", data).get(step)
    return error["type"] == "too_short" and bool(data)


def _of_details(document: Document, path: Path, group: list[ErrorDetails]) -> Finding:
    error = group[0]
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _keys_known_at(path[:-1])
        return _error(document, path, f'unknown key "{path[-1]}"{nearest(str(path[-1]), known)}', of_key=True)
    if kind == "missing":
        return _error(document, path, f'"{path[-1]}" is missing', of_key=True)
    if error["loc"][-1] == "[key]":
        return _error(document, path, _of_key(path, error), of_key=True)
    return _error(document, path, _of_value(document, path, group))


def _of_key(path: Path, error: ErrorDetails) -> str:
    if words := _words(error):
        return f'unknown word "{path[-1]}"{nearest(str(path[-1]), words)}'
    return "a name has letters, digits, '.', '_' and '-', and begins with a letter or a digit"


def _of_value(document: Document, path: Path, group: list[ErrorDetails]) -> str:
    error = group[0]
    if words := _words(error):
        word = str(_at(document.data, path))
        return f'unknown word "{word}"{nearest(word, words)}'
    if ENVIRONMENT.intersection(path[-2:]) and error["type"] == "string_pattern_mismatch":
        return "should be the name of an environment variable, such as AZURE_API_KEY, and never a key itself"
    return " or ".join(dict.fromkeys(_plainly(each) for each in group))


def _words(error: ErrorDetails) -> tuple[str, ...]:
    """The words of an enumeration, when the error is about one."""
    expected = error.get("ctx", {}).get("expected", "") if error["type"] == "enum" else ""
    return tuple(str(expected).split("'")[1::2])


def _plainly(error: ErrorDetails) -> str:
    told = RULES.get(error["type"])
    return told or error["msg"].removeprefix("Value error, ").replace("Input should", "should")


def _keys_known_at(path: Path) -> tuple[str, ...]:
    """The keys that the document's own types take at this path."""
    kind: Any = Portfolio
    for step in path:
        kind = _inner(kind, step)
    fields = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else {}
    return tuple(each.alias or name for name, each in fields.items())


def _inner(kind: Any, step: str | int) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        named = {each.alias or name: each.annotation for name, each in kind.model_fields.items()}
        return _unwrapped(named.get(str(step)))
    arguments = get_args(kind)
    if get_origin(kind) is dict:
        return _unwrapped(arguments[1])
    return _unwrapped(arguments[0]) if get_origin(kind) is tuple else None


def _unwrapped(kind: Any) -> Any:
    """The one type inside ``X | None``."""
    options = [each for each in get_args(kind) if each is not type(None)]
    return options[0] if len(options) == 1 and get_origin(kind) not in (dict, tuple) else kind


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _error(document: Document, path: Path, says: str, *, of_key: bool = False) -> Finding:
    return Finding(Severity.ERROR, document.place(path, of_key=of_key), written(path), says)
