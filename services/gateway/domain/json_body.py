"""Reading a JSON body of a client's: what is wrong is named by its place, and what is not served by its name."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, from_json, to_json

from schemas.answer_schema import why_no_schema
from schemas.chat import Unsupported
from schemas.content import Json
from schemas.places import BY_NAME, LONGEST_SHOWN, Path, place, shown, why_of, wrong_at
from services.gateway.domain.problems import Refused, wrong

Shape = TypeVar("Shape", bound=BaseModel)
NOT_JSON = (b"NaN", b"Infinity")
"""Words that some writers use for numbers, and that would become null on the way."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What .NET and PowerShell write before UTF-8; a parser may read past it (RFC 8259, 8.1)."""
TOO_DEEP = "recursion limit exceeded"
"""What the parser says of values that lie in some hundred others."""
MOST_COMPARED = 100
"""Names that a misspelt one is compared with: each takes time."""

Refusals = Mapping[str, Unsupported]


class Closed(BaseModel):
    """An object that takes no names but its own. Only the first other one is an error, for a body may hold millions."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": False})

    @model_validator(mode="after")
    def _takes_no_other(self) -> Self:
        for name in self.model_extra or ():
            raise wrong_at(name, unknown_among(name, type(self)))
        return self


class Part(Closed):
    """A part of a body: nothing else in it is taken."""

    model_config = ConfigDict(strict=True, frozen=True)


def _schema(told: Json) -> Json:
    if why := why_no_schema(told):
        raise ValueError(why)
    return told


Schema = Annotated[Json, AfterValidator(_schema)]
"""A JSON Schema of a client's; what is none is refused."""


def unknown_among(name: str, shape: type[BaseModel]) -> str:
    """What is wrong with a name that an object has not, and the nearest right one."""
    known = (field.alias or own for own, field in shape.model_fields.items())
    return f"there is no such field: {_hint(name, known)}"


def _hint(name: str, known: Iterable[str]) -> str:
    near = near_to(name, known)
    return f"did you mean {near}?" if near else "leave it out"


def near_to(word: str, known: Iterable[str]) -> str | None:
    """The nearest of these names. Words that are longer than names are near to none."""
    few = [name for name in islice(known, MOST_COMPARED) if len(name) <= LONGEST_SHOWN]
    near = get_close_matches(word, few, n=1) if len(word) <= LONGEST_SHOWN else ()
    return next(iter(near), None)


def read_as(shape: type[Shape], body: bytes) -> Shape:
    """The body in this shape. Raises :class:`Refused` that names the first thing wrong."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        if any(word in body for word in NOT_JSON):
            from_json(body, allow_inf_nan=False)
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise explained(error) from None
    except ValueError as error:
        raise not_json(str(error)) from None


def read_kind(given: Any, shapes: Mapping[str, type[Shape]], at: Path) -> Shape:
    """A part in the shape of its ``type``. Raises :class:`Refused` for a type that is not among these."""
    kind: Any = cast("dict[str, Any]", given).get("type") if isinstance(given, dict) else None
    shape = shapes.get(kind) if isinstance(kind, str) else None
    if shape is None:
        where = place((*at, "type"))
        told = f"{where}: {shown(repr(kind))} is not served here: send {' or '.join(shapes)}"
        raise wrong(where, told, "unsupported_parameter")
    try:
        return shape.model_validate_json(to_json(given))
    except ValidationError as error:
        raise explained(error, at) from None


def refuse_undeclared(given: Mapping[str, Any] | None, unsupported: Refusals, known: Collection[str]) -> None:
    """Raises :class:`Refused` for the first parameter that is not served, unless its value asks for nothing."""
    for name, value in (given or {}).items():
        _refuse(name, value, unsupported.get(name), known)


def _refuse(name: str, value: Any, found: Unsupported | None, known: Collection[str]) -> None:
    if found is None:
        says = f"Unknown parameter {shown(name)!r}: {_hint(name, known)}"
        raise wrong(shown(name), says, "unknown_parameter")
    if found.asks_for(value):
        raise wrong(name, f"{name} is not supported: {found.remedy}.", "unsupported_parameter")


def explained(error: ValidationError, within: Path = ()) -> Refused:
    """The first thing wrong, as a refusal. ``within``: where in the body that stands which was validated."""
    first = error.errors(include_url=False)[0]
    said = _said(first)
    if first["type"] == "json_invalid":
        return not_json(said.removeprefix("Invalid JSON: ").replace(TOO_DEEP, "it is nested too deeply"))
    member = (first["ctx"]["name"],) if first["type"] == BY_NAME and "ctx" in first else ()
    at = place((*within, *first["loc"], *member))
    if not at:
        return wrong(None, "The body must be a JSON object", "invalid_type")
    code = "missing_required_parameter" if first["type"] == "missing" else "invalid_value"
    return wrong(at, f"{at}: {said}", code)


def _said(first: ErrorDetails) -> str:
    """What is wrong, in words that name no type of ours; a field that is missing may be there, misspelt."""
    if first["type"] == "too_short" and "ctx" in first:
        return f"at least {first['ctx']['min_length']} is wanted"
    if first["type"] == "union_tag_invalid" and "ctx" in first:
        return f"{shown(repr(first['ctx']['tag']))} is not served here: send one of {first['ctx']['expected_tags']}"
    given: Collection[str] = cast("dict[str, Any]", first["input"]) if isinstance(first["input"], dict) else ()
    near = near_to(str(first["loc"][-1]), given) if first["type"] == "missing" else None
    return f"{why_of(first)}; did you mean it by {near}?" if near else why_of(first)


def not_json(why: str) -> Refused:
    """A body that no JSON parser takes."""
    return wrong(None, f"The body is not JSON: {why}", "invalid_json")
