"""Whether the schema that an answer is wanted in is one: against one that is not, no answer can be held."""

import json
from collections.abc import Iterator, Sequence
from functools import cache

import jsonschema_rs

from schemas.content import Json
from schemas.places import shown

DRAFTS = (
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-04/schema#",
    "https://json-schema.org/draft/2020-12/schema",
)
"""A schema that names no draft is right if it is so in one of these: clients still write all three.

The one that is soonest held goes first, and what is wrong is said of the newest.
"""
LONGEST_SAID = 160
"""Of what is wrong, which quotes the schema."""
LARGEST_EXPLAINED = 16 * 1024
"""Characters as JSON: below an ``anyOf`` of a draft all errors are collected, which takes a second for a large one."""
OF_NAMES = frozenset(
    "$defs $vocabulary definitions dependencies dependentRequired dependentSchemas patternProperties properties".split()
)
"""Keywords whose members are named by whoever wrote the schema."""
MASK = "it"


def why_no_schema(schema: Json, *, quoted: bool = True) -> str | None:
    """What is wrong with it, and where; ``None`` where nothing is, or where it names a draft that is not known here.

    Of one that is larger than :data:`LARGEST_EXPLAINED` it is told only that it is none.

    ``quoted``: with the words of its own that are wrong, and their names, for nobody but who wrote it.
    """
    named = schema.get("$schema")
    drafts = DRAFTS if named is None else tuple(draft for draft in DRAFTS if draft == named)
    if not drafts or any(_schemas_of(draft).is_valid(schema) for draft in drafts):
        return None
    if len(json.dumps(schema)) > LARGEST_EXPLAINED:
        return "it is no JSON Schema; of one this large it is not told where"
    error = _error(schema, _schemas_of(drafts[-1], None if quoted else MASK))
    steps = [shown(str(step)) for step in error.instance_path]
    at = "".join(f"/{step}" for step in (steps if quoted else _unnamed(steps)))
    return f"it is no JSON Schema: at {at or 'its root'}: {error.message[:LONGEST_SAID]}"


def _error(schema: Json, held_to: jsonschema_rs.Validator) -> jsonschema_rs.ValidationError:
    """The first one: ``iter_errors`` collects all of them before it gives one."""
    try:
        held_to.validate(schema)
    except jsonschema_rs.ValidationError as error:
        return error
    raise ValueError("it was held to be no schema, and is one")


def _unnamed(steps: Sequence[str]) -> Iterator[str]:
    for before, step in zip(("", *steps), steps, strict=False):
        yield "*" if before in OF_NAMES else step


@cache
def _schemas_of(draft: str, mask: str | None = None) -> jsonschema_rs.Validator:
    """Holds schemas to a draft, and not the patterns and references in them to Rust's own: JavaScript's are others."""
    return jsonschema_rs.validator_for({"$schema": draft, "$ref": draft}, validate_formats=False, mask=mask)
