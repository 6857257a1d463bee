"""Can a reader of one JSON Schema take all that a writer of another may write? Asked both ways: full compatibility.

Covers what pydantic generates from our models (draft 2020-12, local references). A keyword that is not known here is
compared for equality, so that nothing passes by being overlooked.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
TELLING = {"title", "description", "default", "examples", "$schema", "$id", "$defs", "deprecated"}
"""Keywords that constrain nothing."""
AT_LEAST, AT_MOST = (
    {"minimum", "exclusiveMinimum", "minLength", "minItems"},
    {"maximum", "exclusiveMaximum", "maxLength"},
)
TREATED = {"type", "enum", "const", "anyOf", "properties", "required", "items", "additionalProperties", "prefixItems"}


def incompatible(older: Schema, newer: Schema) -> list[str]:
    """Why services of these two versions cannot understand each other; empty when they can."""
    forward = [f"an older reader: {why}" for why in unreadable(newer, older)]
    return forward + [f"a newer reader: {why}" for why in unreadable(older, newer)]


def unreadable(writer: Schema, reader: Schema) -> list[str]:
    """What a reader would refuse of all that a writer may write, with the place."""
    return list(_Comparison(writer, reader).at("", writer, reader))


class _Comparison:
    def __init__(self, writer: Schema, reader: Schema) -> None:
        self._writer, self._reader = writer, reader
        self._seen: set[tuple[str, str]] = set()

    def at(self, path: str, writer: Any, reader: Any) -> Iterator[str]:
        if isinstance(reader, bool) or isinstance(writer, bool):
            if reader is False or (writer is True and reader not in (True, {})):
                yield f"{path}: takes nothing, or not anything"
            return
        pair = (str(writer.get("$ref")), str(reader.get("$ref")))
        if "None" not in pair:
            if pair in self._seen:
                return
            self._seen.add(pair)
        writer, reader = _resolved(writer, self._writer), _resolved(reader, self._reader)
        if "anyOf" in writer or "anyOf" in reader:
            yield from self._alternatives(path, writer, reader)
            return
        yield from _words(path, writer, reader)
        yield from _limits(path, writer, reader)
        yield from self._parts(path, writer, reader)

    def _alternatives(self, path: str, writer: Schema, reader: Schema) -> Iterator[str]:
        """Each form that may be written must be one that can be read."""
        readable = reader.get("anyOf", [reader])
        for option in writer.get("anyOf", [writer]):
            whys = [list(_Comparison(self._writer, self._reader).at(path, option, other)) for other in readable]
            if all(whys):
                yield min(whys, key=len)[0]

    def _parts(self, path: str, writer: Schema, reader: Schema) -> Iterator[str]:
        for name in reader.get("required", ()):
            if name not in writer.get("required", ()):
                yield f"{path}/{name}: needed, and not always written"
        known = reader.get("properties", {})
        for name, part in writer.get("properties", {}).items():
            if name in known:
                yield from self.at(f"{path}/{name}", part, known[name])
            elif reader.get("additionalProperties") is False:
                yield f"{path}/{name}: unknown, and refused"
        for inner in ("items", "additionalProperties"):
            if inner in reader and inner in writer and not isinstance(reader[inner], bool):
                yield from self.at(f"{path}/*", writer[inner], reader[inner])
            elif isinstance(reader.get(inner), Mapping) and reader[inner]:
                yield f"{path}/*: takes only some, and anything may be written"


def _resolved(part: Schema, root: Schema) -> Schema:
    while "$ref" in part:
        part = root["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part


def _words(path: str, writer: Schema, reader: Schema) -> Iterator[str]:
    taken, told = _types(reader), _types(writer)
    if taken and not (told and told <= taken):
        yield f"{path}: takes {'/'.join(sorted(taken))}, and {'/'.join(sorted(told)) or 'anything'} is written"
    words = _listed(reader)
    if words is not None and not (written := _listed(writer)):
        yield f"{path}: takes some words only, and any is written"
    elif words is not None and not set(written or ()) <= set(words):
        yield f"{path}: does not know {sorted(set(written or ()) - set(words))}"


def _types(schema: Schema) -> set[str]:
    """The types of a schema, a number's being both; none when it takes any."""
    named = schema.get("type", [])
    types = {named} if isinstance(named, str) else set(named)
    return types | {"integer"} if "number" in types else types


def _listed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _limits(path: str, writer: Schema, reader: Schema) -> Iterator[str]:
    for name in reader.keys() - TELLING - TREATED:
        limit, kept = reader[name], writer.get(name)
        fits = kept == limit
        if kept is not None and name in AT_LEAST:
            fits = kept >= limit
        if kept is not None and name in AT_MOST:
            fits = kept <= limit
        if not fits:
            yield f"{path}: {name} is {limit!r} for the reader, and {kept!r} for the writer"
