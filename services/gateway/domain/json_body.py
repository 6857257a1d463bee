"""Reading a JSON body of a client's: what is wrong is named by its place, and what is not served by its name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from services.gateway.domain.problems import Refused, wrong

Shape = TypeVar("Shape", bound=BaseModel)
Path = tuple[int | str, ...]
NOT_JSON = (b"NaN", b"Infinity")
"""Words that some writers use for numbers, and that would become null on the way."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A parameter of an API's that is refused: the remedy, and the values that ask for nothing."""

    remedy: str
    harmless: tuple[Any, ...] = ()


Refusals = Mapping[str, Unsupported]


def read_as(shape: type[Shape], body: bytes) -> Shape:
    """The body in this shape. Raises :class:`Refused` that names the first thing wrong."""
    try:
        if any(word in body for word in NOT_JSON):
            from_json(body, allow_inf_nan=False)
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise explained(error) from None
    except ValueError as error:
        raise not_json(str(error)) from None


def refuse_undeclared(given: Mapping[str, Any] | None, unsupported: Refusals, known: Collection[str]) -> None:
    """Raises :class:`Refused` for the first parameter that is not served, unless its value asks for nothing."""
    for name, value in (given or {}).items():
        _refuse(name, value, unsupported.get(name), known)


def _refuse(name: str, value: Any, found: Unsupported | None, known: Collection[str]) -> None:
    if found is None:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "leave it out"
        raise wrong(name, f"Unknown parameter {name!r}: {hint}", "unknown_parameter")
    if value is not None and not any(type(value) is type(none) and value == none for none in found.harmless):
        raise wrong(name, f"{name} is not supported: {found.remedy}.", "unsupported_parameter")


def explained(error: ValidationError, within: Path = ()) -> Refused:
    """The first thing wrong, as a refusal. ``within``: where in the body that stands which was validated."""
    first = error.errors(include_url=False)[0]
    said = _said(first)
    if first["type"] == "json_invalid":
        return not_json(said.removeprefix("Invalid JSON: "))
    at = place((*within, *first["loc"]))
    if not at:
        return wrong(None, "The body must be a JSON object", "invalid_type")
    code = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
    return wrong(at, f"{at}: {said}", code)


def _said(first: ErrorDetails) -> str:
    """What is wrong, in words that name no type of ours; a field that is missing may be there, misspelt."""
    if first["type"] == "too_short" and "ctx" in first:
        return f"at least {first['ctx']['min_length']} is wanted"
    given = list(cast("Mapping[str, object]", first["input"])) if isinstance(first["input"], dict) else []
    near = get_close_matches(str(first["loc"][-1]), given, n=1) if first["type"] == "missing" else ()
    said = first["msg"].removeprefix("Value error, ")
    return f"{said}; did you mean it by {near[0]}?" if near else said


def not_json(why: str) -> Refused:
    """A body that no JSON parser takes."""
    return wrong(None, f"The body is not JSON: {why}", "invalid_json")


def place(path: Path) -> str:
    """A place in the body as a client writes it: ``messages[0].role``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
