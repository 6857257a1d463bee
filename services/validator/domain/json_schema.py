"""A value against a whole JSON Schema: draft 2020-12, or the draft that ``$schema`` names.

The schema comes from a client and the value from a model, so neither is trusted: nothing is fetched, patterns
backtrack within a limit, and what would take too long is said to be unknown instead of being tried.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, cast

import jsonschema_rs
from jsonschema_rs import FancyRegexOptions, ValidationError, ValidationErrorKind, Validator

from schemas.vocabulary import Verdict
from services.validator.domain.json_text import pointer
from services.validator.domain.pattern_effort import BACKTRACK_LIMIT
from services.validator.domain.results import shortened
from services.validator.domain.schema_effort import Effort, Shape, TooMuch, effort, shape_of

REGEX_BYTES = 1_000_000
# Steps are about 20 ns each. To explain, an application takes 10 us, and 100 us where references led to it.
MOST_TO_DECIDE = 10_000_000
MOST_TO_EXPLAIN = 2_000
MOST_TO_EXPLAIN_ONE = 50_000
LONGEST_TO_EXPLAIN_ALL = 10_000
SHOWN = 4
SHOWN_CHARACTERS = 240
VALUE = "this value"

Undecided = ValidationErrorKind.BacktrackLimitExceeded | ValidationErrorKind.RegexEngineFailure


@dataclass(frozen=True, slots=True)
class Finding:
    """What a schema says of a value, and where (a JSON pointer into the value)."""

    verdict: Verdict
    at: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A schema, ready."""

    validator: Validator
    shape: Shape


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a schema cannot be used; the client is at fault, not the model."""

    detail: str


FITS = Finding(Verdict.PASS)


class SchemaChecker:
    """Checks values, and keeps the ``kept`` schemas used last ready. ``characters`` is the value's length as text."""

    def __init__(self, kept: int) -> None:
        self._compiled = lru_cache(maxsize=kept)(compiled)

    def check(self, schema: Any, value: Any, characters: int) -> Finding:
        """Pass, fail with the first place that fails, or cannot tell; never raises on account of its input."""
        found = self._compiled(json.dumps(schema, separators=(",", ":")))
        if isinstance(found, Unusable):
            return Finding(Verdict.CANNOT_TELL, detail=found.detail)
        try:
            return _checked(found, value, characters)
        except TooMuch as error:
            return Finding(Verdict.CANNOT_TELL, detail=f"not checked against the schema: {error}")
        except ValueError as error:
            # The library's own limit on nesting.
            return Finding(Verdict.CANNOT_TELL, detail=f"not checked against the schema: {error}")

    def kept(self) -> int:
        """How many schemas are ready now."""
        return self._compiled.cache_info().currsize


def compiled(text: str) -> Compiled | Unusable:
    """A schema's JSON text, compiled. A reference to anywhere outside the schema is refused, never fetched."""
    schema = json.loads(text)
    if not isinstance(schema, dict | bool):
        return Unusable("the request's schema is neither an object nor a boolean")
    schema = cast("dict[str, Any] | bool", schema)
    options = FancyRegexOptions(BACKTRACK_LIMIT, REGEX_BYTES, REGEX_BYTES)
    try:
        shape = shape_of(schema)
        return Compiled(jsonschema_rs.validator_for(schema, mask=VALUE, pattern_options=options, offline=True), shape)
    except ValidationError as error:
        where = pointer(error.instance_path) or "its root"
        return Unusable(f"the request's schema is not usable: at {where}: {_short(error.message)}")
    except (ValueError, TooMuch) as error:
        return Unusable(f"the request's schema is not usable: {error}")


def _checked(schema: Compiled, value: Any, characters: int) -> Finding:
    found = _effort(schema.shape, value, characters)
    if found.steps > MOST_TO_DECIDE:
        raise TooMuch("its parts, patterns and references ask for too many comparisons")
    if schema.validator.is_valid(value):
        return FITS
    if found.applications > (MOST_TO_EXPLAIN if schema.shape.tangled else MOST_TO_EXPLAIN_ONE):
        return Finding(Verdict.FAIL, "", "it does not satisfy the schema (too entangled to say where)")
    is_small = characters <= LONGEST_TO_EXPLAIN_ALL and found.applications <= MOST_TO_EXPLAIN
    return _explained(_errors(schema.validator, value, is_small and not schema.shape.tangled))


def _effort(shape: Shape, value: Any, characters: int) -> Effort:
    """Counted only where schema times value may be too much: most are small, and the count takes longer than they."""
    most = shape.at_most(characters)
    is_little = not shape.tangled and most.applications <= MOST_TO_EXPLAIN and most.steps <= MOST_TO_DECIDE
    return most if is_little else effort(shape, value)


def _errors(validator: Validator, value: Any, all_of_them: bool) -> list[ValidationError]:
    if all_of_them:
        return list(islice(validator.iter_errors(value), SHOWN + 1))
    try:
        validator.validate(value)
    except ValidationError as error:
        return [error]
    return []


def _explained(errors: Sequence[ValidationError]) -> Finding:
    real = [error for error in errors if not isinstance(error.kind, Undecided)]
    if not real:
        return Finding(Verdict.CANNOT_TELL, detail="a pattern of the schema took too long on the answer")
    told = [_place(error) for error in real[:SHOWN]]
    more = "; and more" if len(errors) > SHOWN else ""
    return Finding(Verdict.FAIL, told[0][0], "; ".join(f"{at or 'the whole'}: {why}" for at, why in told) + more)


def _place(error: ValidationError) -> tuple[str, str]:
    """Where it failed and why, in the schema's words: the answer's own values are masked."""
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        branches = [branch[0] for branch in kind.context if branch]
        deepest = max(branches, key=lambda branch: len(branch.instance_path), default=error)
        if len(deepest.instance_path) > len(error.instance_path):
            return _place(deepest)
        why = " or ".join(dict.fromkeys(branch.message for branch in branches)) or error.message
        return pointer(error.instance_path), _short(why)
    if isinstance(kind, ValidationErrorKind.FalseSchema):
        members = error.schema_path[-1:] == ["additionalProperties"]
        return pointer(error.instance_path), f"{'no members are allowed' if members else 'nothing may stand'} here"
    return pointer(error.instance_path), _short(error.message)


def _short(text: str) -> str:
    return shortened(text, SHOWN_CHARACTERS)
