"""Reviews, drawn."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.content import JsonRead
from services.console.adapters.terminal.tables import add, plain_table
from services.console.domain.contents import readable
from services.console.domain.since import in_words

FACTS = (
    "request_id",
    "state",
    "asked",
    "lane",
    "task",
    "data_class",
    "reason",
    "detail",
    "due_at",
    "claimed_by",
    "reviewer",
    "note",
)


def reviews_table(lines: Sequence[JsonRead]) -> Table:
    """One line a review."""
    heads = ("request", "state", "asked", "lane", "reason", "due", "left", "claimed by", "reviewer")
    table = plain_table(*heads, whole=("request", "due"))
    for each in lines:
        facts = (each[name] for name in ("request_id", "state", "asked", "lane", "reason"))
        add(table, *facts, each["due_at"][:19] + "Z", left(each), each["claimed_by"], each["reviewer"])
    return table


def left(told: JsonRead) -> str | None:
    """How long a person has still, and whether the client's deadline is past; nothing of one that is over."""
    if told["left_s"] is None:
        return None
    return f"{in_words(told['left_s'])}{', past the deadline' if told['deferred'] else ''}"


def review_view(told: JsonRead) -> RenderableType:
    """All that a person needs to answer."""
    facts = plain_table("review", "", whole=("review",))
    for name in FACTS:
        if told[name]:
            add(facts, name, told[name])
    if told["left_s"] is not None:
        add(facts, "left", left(told))
    tried = plain_table("tried", "at", "ended with")
    for each in told["tried"]:
        add(tried, each["model"], each["provider"], each["reason"])
    checks = [f"{each['name']}: {each['verdict']} {each.get('detail', '')}" for each in told["checks"]]
    texts = [("question", told["question"]), ("last answer", told["last_answer"]), ("checks", "\n".join(checks))]
    return Group(facts, tried, *(Text(f"{name}\n{readable(text)}\n") for name, text in texts if text))
