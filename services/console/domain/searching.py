"""The search for requests: from the words of a form to the ledger's parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

STATES = ("open", "completed", "failed", "cancelled", "deferred")
WORDS = ("lane", "task", "model", "tenant", "reason")
LONGEST = 200
PAGE = 50


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for, as it was written; ``asked`` is what the ledger is asked; ``wrong`` names what cannot be."""

    written: Mapping[str, str]
    asked: Mapping[str, str]
    wrong: tuple[str, ...]


def search_of(form: Mapping[str, str]) -> Search:
    """Read a form. What is empty is not asked for; times are UTC, and tiers count from 1 as elsewhere on the pages."""
    names = ("state", *WORDS, "tier", "from", "to", "cursor")
    written = {name: text for name in names if (text := form.get(name, "").strip()[:LONGEST])}
    asked, wrong = {"limit": str(PAGE)}, list[str]()
    for name, text in written.items():
        try:
            asked |= _asked(name, text)
        except ValueError as error:
            wrong.append(str(error))
    return Search(written, asked, tuple(wrong))


def _asked(name: str, text: str) -> dict[str, str]:
    match name:
        case "state":
            if text not in STATES:
                raise ValueError(f"state: one of {', '.join(STATES)}")
            return {"state": text}
        case "tier":
            if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 99:
                raise ValueError("tier: a whole number from 1")
            return {"tier": str(int(text) - 1)}
        case "from":
            return {"since": _moment(name, text)}
        case "to":
            return {"until": _moment(name, text)}
        case _:
            return {name: text}


def _moment(name: str, text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name}: a time in UTC, such as 2026-05-01T14:00") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
