"""JSON Schema as a Markdown table of fields."""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.content import JsonRead

_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def table(schema: JsonRead) -> str:
    """The fields of an object's schema; empty where it has none."""
    properties: JsonRead = schema.get("properties", {})
    required = set(schema.get("required", ()))
    if not properties:
        return ""
    rows = "\n".join(_row(name, told, required=name in required) for name, told in properties.items())
    return f"| field | type | unless told | |\n|---|---|---|---|\n{rows}\n"


def parts(schema: JsonRead, name: str) -> Iterator[tuple[str, JsonRead]]:
    """The object, and every object and list of words that it is made of, by name."""
    yield name, schema
    yield from schema.get("$defs", {}).items()


def words(schema: JsonRead) -> str:
    """The words that a schema allows, if it lists them."""
    return ", ".join(f"`{word}`" for word in schema.get("enum", ()))


def plain(text: str) -> str:
    """A docstring as Markdown in one line."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


def _row(name: str, told: JsonRead, *, required: bool) -> str:
    default = "**required**" if required else _shown(told.get("default"))
    return f"| `{name}` | {kind(told)} | {default} | {plain(told.get('description', ''))} |"


def _shown(default: Any) -> str:
    return "" if default is None or default in ([], {}) else f"`{default}`"


def kind(told: JsonRead) -> str:
    """The type of a field, in words."""
    if "$ref" in told:
        name = told["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := told.get("anyOf", told.get("oneOf")):
        return " or ".join(dict.fromkeys(kind(each) for each in choices if each.get("type") != "null"))
    if told.get("type") == "array":
        return f"list of {kind(told['items'])}" if isinstance(told.get("items"), Mapping) else "list"
    if (entries := _entries(told)) is not None:
        return f"{kind(entries)} by name"
    if "enum" in told:
        return words(told)
    return _simple(told)


def _entries(told: JsonRead) -> JsonRead | None:
    """What an object holds under names of the writer's own; ``None`` where its fields are fixed or anything."""
    by_pattern: JsonRead = told.get("patternProperties", {})
    further = next(iter(by_pattern.values()), told.get("additionalProperties"))
    return further if isinstance(further, Mapping) and told.get("type") == "object" else None


def _simple(told: JsonRead) -> str:
    bounds = [f"{sign} {told[name]:g}" for name, sign in _BOUNDS.items() if isinstance(told.get(name), int | float)]
    name = str(told.get("const") or told.get("format") or told.get("type", "any JSON"))
    return ", ".join([name, *bounds])
