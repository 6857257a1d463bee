"""What an answer may come down to: a type for each kind, which says when two of it are the same."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from services.validator.domain.measured import Measured

Kind = Literal["tool_calls", "json", "number", "choice", "text"]


@dataclass(frozen=True, slots=True)
class Calls:
    """Tools with their arguments as text, sorted: in which order they are called says nothing."""

    kind: ClassVar[Kind] = "tool_calls"
    calls: tuple[tuple[str, str], ...]

    @property
    def told(self) -> str:
        """Nothing that a text could say as well."""
        return ""

    def is_same(self, other: object) -> bool:
        """The same calls."""
        return self == other


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON answer, in one way of writing."""

    kind: ClassVar[Kind] = "json"
    told: str

    def is_same(self, other: object) -> bool:
        """The same members with the same values."""
        return self == other


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit."""

    kind: ClassVar[Kind] = "number"
    measured: Measured

    @property
    def told(self) -> str:
        """The number alone."""
        return str(self.measured.value)

    def is_same(self, other: object) -> bool:
        """The same number, of no other unit."""
        return isinstance(other, Number) and self.measured.is_same(other.measured)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several options, by its letter; or ``yes`` or ``no``."""

    kind: ClassVar[Kind] = "choice"
    told: str

    def is_same(self, other: object) -> bool:
        """The same option."""
        return self == other


@dataclass(frozen=True, slots=True)
class Words:
    """A text of its own, of which likeness is a matter of degree."""

    kind: ClassVar[Kind] = "text"
    told: str


Final = Calls | Document | Number | Choice | Words
