"""Whether the schema that an answer is wanted in is one: against one that is not, no answer can be held."""

from functools import cache

import jsonschema_rs

from schemas.content import Json
from services.gateway.domain.json_body import shown

DRAFTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-04/schema#",
)
"""A schema that names no draft is right if it is so in one of these: clients still write all three."""
LONGEST_SAID = 160
"""Of what is wrong, which quotes the schema."""


def why_no_schema(schema: Json) -> str | None:
    """What is wrong with it, and where; ``None`` where nothing is, or where it names a draft that is not known here."""
    named = schema.get("$schema")
    if named is not None:
        return _wrong_in(named, schema) if named in DRAFTS else None
    newest, *older = DRAFTS
    why = _wrong_in(newest, schema)
    return why if why and all(_wrong_in(draft, schema) for draft in older) else None


def _wrong_in(draft: str, schema: Json) -> str | None:
    error = next(_schemas_of(draft).iter_errors({**schema, "$schema": draft}), None)
    if error is None:
        return None
    at = "".join(f"/{shown(str(step))}" for step in error.instance_path)
    return f"it is no JSON Schema: at {at or 'its root'}: {error.message[:LONGEST_SAID]}"


@cache
def _schemas_of(draft: str) -> jsonschema_rs.Validator:
    """Holds schemas to a draft, and not the patterns and references in them to Rust's own: JavaScript's are others."""
    return jsonschema_rs.validator_for({"$schema": draft, "$ref": draft}, validate_formats=False)
