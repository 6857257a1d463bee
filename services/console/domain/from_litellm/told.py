"""What a person is told of a setting that was not simply carried over."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a setting. ``SAME`` ones are carried over, and nothing is said of them."""

    SAME = "the same"
    OTHERWISE = "works otherwise"
    MISSING = "no counterpart"
    TO_DO = "yours to do"


@dataclass(frozen=True, slots=True)
class Told:
    """``setting`` as the configuration writes it; ``of``: the model groups it stands at, where it stands at any.

    ``says`` is what holds here, or what to do instead. It never quotes a value that may be a secret.
    """

    setting: str
    fate: Fate
    says: str
    of: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """As plain data."""
        return {"setting": self.setting, "of": list(self.of), "fate": self.fate.value, "says": self.says}


def printable(text: str) -> str:
    """A text that may stand in a comment: one line, and nothing that a terminal obeys."""
    return "".join(each if each.isprintable() else "?" for each in text)


def together(told: Iterable[Told]) -> tuple[Told, ...]:
    """Each thing once, with all groups that it is said of: what is to be done first, then what is missing."""
    groups: dict[tuple[str, Fate, str], dict[str, None]] = {}
    for each in told:
        key = (printable(each.setting), each.fate, printable(each.says))
        groups.setdefault(key, {}).update(dict.fromkeys(map(printable, each.of)))
    merged = [Told(*key, of=tuple(of)) for key, of in groups.items()]
    return tuple(sorted(merged, key=lambda each: ORDER.index(each.fate)))


ORDER = (Fate.TO_DO, Fate.MISSING, Fate.OTHERWISE, Fate.SAME)
