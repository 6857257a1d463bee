"""YAML as plain data that still knows where each key and each value stands."""

# ruamel.yaml's nodes carry no types:
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from schemas.references import Path
from services.console.domain.findings import Finding, Place, Severity, written

MERGE = "tag:yaml.org,2002:merge"
START = Place(1, 1)
MOST_VALUES = 200_000
"""Aliases of aliases make more of a few lines than any memory holds; the shipped portfolio has not two hundred."""


@dataclass(slots=True)
class Document:
    """``data`` is plain; ``keys`` and ``values`` give the place of each path's key and value."""

    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict[Path, Place])
    values: dict[Path, Place] = field(default_factory=dict[Path, Place])
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def mapping(self) -> dict[str, Any] | None:
        """The data, when the document is a mapping."""
        return cast("dict[str, Any]", self.data) if isinstance(self.data, dict) else None

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where this path stands; where its nearest ancestor stands when it does not."""
        for end in range(len(path), -1, -1):
            first, second = (self.keys, self.values) if of_key or end < len(path) else (self.values, self.keys)
            if found := first.get(path[:end]) or second.get(path[:end]):
                return found
        return START


def parse(text: str) -> Document:
    """Read one YAML 1.2 document. What cannot be read is a finding, never an exception."""
    document = Document()
    yaml = YAML(typ="safe", pure=True)
    try:
        root = cast("Node | None", yaml.compose(text))
        document.data = None if root is None else _Reader(yaml, document).value(root, ())
    except YAMLError as error:
        document.findings.append(_of_syntax(error))
        return document
    except RecursionError:
        document.findings.append(Finding(Severity.ERROR, START, "", "lists or mappings stand too deep in one another"))
        return document
    if root is None:
        document.findings.append(Finding(Severity.ERROR, START, "", "the file is empty"))
    return document


def _of_syntax(error: YAMLError) -> Finding:
    if not isinstance(error, MarkedYAMLError):
        return Finding(Severity.ERROR, START, "", f"not YAML: {str(error).splitlines()[0]}")
    says = str(error.problem or error.context or "cannot be read")
    mark = cast("StringMark | None", error.problem_mark or error.context_mark)
    return Finding(Severity.ERROR, _place(mark), "", f"not YAML: {says}")


def _place(mark: StringMark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else START


class _Reader:
    """Turns nodes into data, noting places. The constructor of ruamel.yaml gives each scalar its type."""

    def __init__(self, yaml: YAML, document: Document) -> None:
        self._yaml = yaml
        self._document = document
        self._open: list[Node] = []
        self._read = 0

    def value(self, node: Node, path: Path) -> Any:
        place = _place(cast("StringMark | None", node.start_mark))
        self._read += 1
        if self._read > MOST_VALUES:
            if self._read == MOST_VALUES + 1:
                self._complain(place, path, f"more than {MOST_VALUES} values, with what aliases stand for")
            return None
        self._document.values.setdefault(path, place)
        if node in self._open:
            self._complain(place, path, "an alias stands inside what it names")
            return None
        self._open.append(node)
        try:
            return self._inside(node, path)
        finally:
            self._open.pop()

    def _inside(self, node: Node, path: Path) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: Node, path: Path) -> Any:
        try:
            return self._yaml.constructor.construct_object(node)
        except (YAMLError, ValueError) as error:
            says = getattr(error, "problem", None) or str(error)
            self._complain(_place(node.start_mark), path, f"not a value: {says}")
            return None

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in self._pairs(node, path):
            if key_node.tag == MERGE:
                merged |= self._merged(value_node, path)
                continue
            key = str(key_node.value)
            place = _place(key_node.start_mark)
            if key in data:
                first = self._document.keys[*path, key]
                self._complain(place, (*path, key), f'"{key}" is written twice; the first is in line {first.line}')
                continue
            self._document.keys[*path, key] = place
            data[key] = self.value(value_node, (*path, key))
        return merged | data

    def _pairs(self, node: MappingNode, path: Path) -> Iterator[tuple[ScalarNode, Node]]:
        for key_node, value_node in node.value:
            if isinstance(key_node, ScalarNode):
                yield key_node, value_node
            else:
                self._complain(_place(key_node.start_mark), path, "a key is a word, not a list or a mapping")

    def _merged(self, node: Node, path: Path) -> dict[str, Any]:
        value = self.value(node, path)
        parts = cast("list[Any]", value) if isinstance(value, list) else [value]
        return {key: item for part in reversed(parts) if isinstance(part, dict) for key, item in part.items()}

    def _complain(self, place: Place, path: Path, says: str) -> None:
        self._document.findings.append(Finding(Severity.ERROR, place, written(path), says))
