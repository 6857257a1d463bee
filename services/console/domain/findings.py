"""What is wrong, or unwise, at a place in a file."""

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from enum import StrEnum

from schemas.references import Path


class Severity(StrEnum):
    """An error keeps a document from being applied; advice does not."""

    ERROR = "error"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What to think about, and the path of what it is about."""

    path: Path
    says: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error), or to think about (advice)."""

    severity: Severity
    place: Place
    path: str
    says: str

    def line(self, file: str) -> str:
        """``file:line:column: path: what is wrong``, as editors and compilers write it."""
        path = f"{self.path}: " if self.path else ""
        return f"{file}:{self.place.line}:{self.place.column}: {path}{self.says}"

    def as_json(self) -> dict[str, object]:
        """As plain data, its place as ``line`` and ``column``."""
        told = asdict(self)
        return {**told.pop("place"), **told}


def written(path: Path) -> str:
    """A path as people write it: ``models.small.endpoints[0].provider``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def nearest(word: str, known: tuple[str, ...]) -> str:
    """The end of a sentence that helps: the nearest right word, or all the right words when they are few."""
    if close := get_close_matches(word.lower(), {name.lower(): name for name in known}, n=1, cutoff=0.55):
        right = next(name for name in known if name.lower() == close[0])
        return f'; did you mean "{right}"?'
    return f"; there is {', '.join(known)}" if 0 < len(known) <= 12 else ""
