"""How much work a schema can cause on a value, counted before the work is done.

References make a schema a graph, and a few lines of it can ask for 2^n comparisons: every ``allOf`` of two references
doubles them, every level of a recursive value multiplies the branches that take it in. Without references it is still
each part of the schema, each listed value and each pattern times every item. Nothing can interrupt a validation once it
runs, so it is measured first, with each (schema, value) pair visited once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urldefrag, urljoin

from services.validator.domain.pattern_effort import Matching, matching

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
LISTED = 10
"""Steps for each part of a listed value that is no text or number."""


class TooMuch(Exception):
    """The measure itself grew too large."""


@dataclass(frozen=True, slots=True)
class Effort:
    """``applications``: how many times a part of the schema meets a part of the value. ``steps``: with what is listed
    and what patterns take, of about 20 ns each."""

    applications: int
    steps: int


@dataclass(frozen=True, slots=True)
class Own:
    """What a part of a schema asks for by itself, each time it meets a value: steps, and patterns for a text."""

    steps: int
    pattern: Matching | None
    names: tuple[Matching, ...]

    def on(self, value: Any) -> int:
        """The steps on this value; a pattern is held against a text, those of names against each name."""
        steps = self.steps
        if self.pattern is not None and isinstance(value, str):
            steps += self.pattern.steps(len(value))
        if self.names and isinstance(value, dict):
            names = cast("Node", value)
            steps += sum(each.steps(len(name)) for each in self.names for name in names)
        return steps

    def at_most(self, characters: int) -> int:
        """The steps on any part of a value of so many characters as JSON."""
        patterns = self.names if self.pattern is None else (self.pattern, *self.names)
        return self.steps + sum(each.steps(characters) for each in patterns)


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema, and where its references lead. ``tangled``: its work may grow faster than schema times value."""

    schema: Node | bool
    targets: dict[int, tuple[Node, ...]]
    own: dict[int, Own]
    tangled: bool

    def at_most(self, characters: int) -> Effort:
        """Each part with each part of a value that takes so many characters; nothing of what is tangled."""
        values = characters // 2 + 1
        steps = sum(own.at_most(characters) for own in self.own.values())
        return Effort(len(self.own) * values, steps * values)


def shape_of(schema: Node | bool) -> Shape:
    """Read a schema once. Raises :class:`TooMuch` when it has too many parts or patterns to compile in time."""
    found = _Reader()
    found.read(schema)
    tangled = bool(found.references) or found.looks_back
    targets = {id(node): found.resolved(node, base) for node, base in found.references}
    return Shape(schema, targets, found.own, tangled)


def effort(shape: Shape, value: Any) -> Effort:
    """The effort of a schema on a value, at most. Raises :class:`TooMuch`."""
    try:
        return _Counter(shape).count(shape.schema, value)
    except RecursionError:
        raise TooMuch("schema and value together are nested too deep") from None


def _own(node: Node) -> Own:
    pattern, names = node.get("pattern"), _mapped(node.get("patternProperties"))
    listed = sum(_parts(each) for word in ("enum", "const") for each in (node.get(word),) if word in node)
    required = len(_listed(node.get("required")))
    return Own(
        1 + LISTED * listed + required,
        matching(pattern) if isinstance(pattern, str) else None,
        tuple(map(matching, names)),
    )


def _parts(value: Any) -> int:
    """How many parts a listed value has that are compared one by one; plain ones are looked up together."""
    waiting, count = [value], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict | list):
            inner: Iterable[Any] = cast("Node", part).values() if isinstance(part, dict) else cast("list[Any]", part)
            count += 1
            waiting.extend(inner)
    return count


class _Reader:
    """Collects the parts of a schema: identities, anchors and references, each with its base URI."""

    def __init__(self) -> None:
        self.references: list[tuple[Node, str]] = []
        self.looks_back = False
        self.own: dict[int, Own] = {}
        self._named: dict[str, Any] = {}
        self._dynamic: dict[str, list[Node]] = {}
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
        self._patterns += ("pattern" in node) + len(_mapped(node.get("patternProperties")))
        self.looks_back = self.looks_back or any(word in node for word in LOOKS_BACK)
        if len(self.own) >= MOST_NODES:
            raise TooMuch(f"the schema has more than {MOST_NODES:,} parts")
        if self._patterns > MOST_PATTERNS:
            raise TooMuch(f"the schema has more than {MOST_PATTERNS} patterns")
        self.own[id(node)] = _own(node)

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


ONE, NOTHING = Effort(1, 1), Effort(0, 0)


class _Counter:
    """Counts by pairs: a pair that is met again costs what it cost before."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._counted: dict[tuple[int, int], Effort] = {}

    def count(self, schema: Any, value: Any) -> Effort:
        if not isinstance(schema, dict):
            return ONE
        node = cast("Node", schema)
        pair = (id(node), id(value))
        known = self._counted.get(pair)
        if known is not None:
            return known
        if len(self._counted) > MOST_PAIRS:
            raise TooMuch("schema and value together are too large")
        # A reference that leads back to itself on the same value adds nothing, so it counts as nothing meanwhile.
        self._counted[pair] = NOTHING
        total = self._counted[pair] = self._total(node, value)
        return total

    def _total(self, node: Node, value: Any) -> Effort:
        twice = 2 if any(word in node for word in LOOKS_BACK) else 1
        own = self._shape.own.get(id(node))
        applications, steps = 1, own.on(value) if own else 1
        for part in self._in_place(node):
            each = self.count(part, value)
            applications, steps = applications + twice * each.applications, steps + twice * each.steps
        for part, child in _below(node, value):
            each = self.count(part, child)
            applications, steps = applications + each.applications, steps + each.steps
        return Effort(applications, steps)

    def _in_place(self, node: Node) -> Iterator[Any]:
        yield from self._shape.targets.get(id(node), ())
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
