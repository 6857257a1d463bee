"""How much work a schema can cause on a value, counted before the work is done.

References make a schema a graph, and a few lines of it can ask for 2^n comparisons: every ``allOf`` of two references
doubles them, every level of a recursive value multiplies the branches that take it in. Nothing can interrupt a
validation once it runs, so it is measured first, with each (schema, value) pair visited once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urldefrag, urljoin

Node = dict[str, Any]

IN_PLACE = ("not", "if", "then", "else")
IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
IN_PLACE_MAPS = ("dependentSchemas", "dependencies")
OF_EVERY_MEMBER = ("additionalProperties", "unevaluatedProperties")
OF_EVERY_ITEM = ("items", "additionalItems", "unevaluatedItems", "contains")
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
ANCHORS = ("$anchor", "$dynamicAnchor")
LOOKS_BACK = ("unevaluatedProperties", "unevaluatedItems")

MOST_NODES = 10_000
MOST_PATTERNS = 200
MOST_PAIRS = 50_000


class TooMuch(Exception):
    """The measure itself grew too large."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema, and where its references lead. ``tangled``: its work may grow faster than schema times value."""

    schema: Node | bool
    targets: dict[int, tuple[Node, ...]]
    tangled: bool


def shape_of(schema: Node | bool) -> Shape:
    """Read a schema once. Raises :class:`TooMuch` when it has too many parts or patterns to compile in time."""
    found = _Reader()
    found.read(schema)
    tangled = bool(found.references) or found.looks_back
    return Shape(schema, {id(node): found.resolved(node, base) for node, base in found.references}, tangled)


def applications(shape: Shape, value: Any) -> int:
    """How many times a part of the schema meets a part of the value, at most. Raises :class:`TooMuch`."""
    try:
        return _Counter(shape.targets).count(shape.schema, value)
    except RecursionError:
        raise TooMuch("schema and value together are nested too deep") from None


class _Reader:
    """Collects the parts of a schema: identities, anchors and references, each with its base URI."""

    def __init__(self) -> None:
        self.references: list[tuple[Node, str]] = []
        self.looks_back = False
        self._named: dict[str, Any] = {}
        self._dynamic: dict[str, list[Node]] = {}
        self._nodes = 0
        self._patterns = 0

    def read(self, schema: Node | bool) -> None:
        self._named[""] = schema
        waiting: list[tuple[Any, str]] = [(schema, "")]
        while waiting:
            part, base = waiting.pop()
            if isinstance(part, dict):
                node = cast("Node", part)
                base = self._take(node, base)
                waiting.extend((child, base) for child in node.values())
            elif isinstance(part, list):
                waiting.extend((child, base) for child in cast("list[Any]", part))

    def resolved(self, node: Node, base: str) -> tuple[Node, ...]:
        """The schemas that a node's references lead to; those outside the document are the metaschemas."""
        found: list[Node] = []
        for word in REFERENCES:
            reference = node.get(word)
            if isinstance(reference, str):
                found.extend(self._dynamic.get(urldefrag(reference).fragment, ()) if word == "$dynamicRef" else ())
                found.extend(self._looked_up(urljoin(base, reference)))
        return tuple(found)

    def _take(self, node: Node, base: str) -> str:
        identity = node.get("$id")
        if isinstance(identity, str):
            base = urljoin(base, identity)
            self._named.setdefault(base.removesuffix("#"), node)
        for word in ANCHORS:
            if isinstance(node.get(word), str):
                self._named.setdefault(f"{urldefrag(base).url}#{node[word]}", node)
        if isinstance(node.get("$dynamicAnchor"), str):
            self._dynamic.setdefault(node["$dynamicAnchor"], []).append(node)
        if any(word in node for word in REFERENCES):
            self.references.append((node, base))
        self._weigh(node)
        return base

    def _weigh(self, node: Node) -> None:
        self._nodes += 1
        patterns = node.get("patternProperties")
        self._patterns += ("pattern" in node) + (len(cast("Node", patterns)) if isinstance(patterns, dict) else 0)
        self.looks_back = self.looks_back or any(word in node for word in LOOKS_BACK)
        if self._nodes > MOST_NODES:
            raise TooMuch(f"the schema has more than {MOST_NODES:,} parts")
        if self._patterns > MOST_PATTERNS:
            raise TooMuch(f"the schema has more than {MOST_PATTERNS} patterns")

    def _looked_up(self, address: str) -> Iterator[Node]:
        url, fragment = urldefrag(address)
        found = self._named.get(address.removesuffix("#"))
        if found is None and (not fragment or fragment.startswith("/")):
            found = _at_pointer(self._named.get(url), unquote(fragment))
        if isinstance(found, dict):
            yield cast("Node", found)


def _at_pointer(document: Any, fragment: str) -> Any:
    for step in fragment.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = cast("Node", document).get(name)
        else:
            items = _listed(document)
            document = items[int(name)] if name.isdecimal() and int(name) < len(items) else None
    return document


class _Counter:
    """Counts by pairs: a pair that is met again costs what it cost before."""

    def __init__(self, targets: dict[int, tuple[Node, ...]]) -> None:
        self._targets = targets
        self._counted: dict[tuple[int, int], int] = {}

    def count(self, schema: Any, value: Any) -> int:
        if not isinstance(schema, dict):
            return 1
        node = cast("Node", schema)
        pair = (id(node), id(value))
        known = self._counted.get(pair)
        if known is not None:
            return known
        if len(self._counted) > MOST_PAIRS:
            raise TooMuch("schema and value together are too large")
        # A reference that leads back to itself on the same value adds nothing, so it counts as nothing meanwhile.
        self._counted[pair] = 0
        in_place = sum(self.count(part, value) for part in self._in_place(node))
        if any(word in node for word in LOOKS_BACK):
            in_place *= 2
        total = 1 + in_place + sum(self.count(part, child) for part, child in _below(node, value))
        self._counted[pair] = total
        return total

    def _in_place(self, node: Node) -> Iterator[Any]:
        yield from self._targets.get(id(node), ())
        for word in IN_PLACE:
            if word in node:
                yield node[word]
        for word in IN_PLACE_LISTS:
            yield from _listed(node.get(word))
        for word in IN_PLACE_MAPS:
            yield from _mapped(node.get(word)).values()


def _below(node: Node, value: Any) -> Iterator[tuple[Any, Any]]:
    """The parts of a schema that apply to the parts of a value; more rather than fewer."""
    if isinstance(value, dict):
        members = cast("Node", value)
        properties = _mapped(node.get("properties"))
        yield from ((part, members[name]) for name, part in properties.items() if name in members)
        each: Iterable[Any] = [node[word] for word in OF_EVERY_MEMBER if word in node]
        each = [*each, *_mapped(node.get("patternProperties")).values()]
        yield from ((part, child) for part in each for child in members.values())
        if "propertyNames" in node:
            yield from ((node["propertyNames"], name) for name in members)
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        for word in ("prefixItems", "items"):
            yield from zip(_listed(node.get(word)), items, strict=False)
        each = [node[word] for word in OF_EVERY_ITEM if isinstance(node.get(word), dict)]
        yield from ((part, child) for part in each for child in items)


def _listed(part: Any) -> list[Any]:
    return cast("list[Any]", part) if isinstance(part, list) else []


def _mapped(part: Any) -> Node:
    return cast("Node", part) if isinstance(part, dict) else {}
