"""Roads of requests, drawn: a live table while they run, a closing table, and one road in full."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.money import usd_from_micro
from schemas.vocabulary import CostKind
from services.console.adapters.terminal.tables import add, plain_table
from services.console.domain.news import path_of, reason_of
from services.console.domain.road import Road, Step, Verdict

STYLES = {
    Verdict.RUNNING: "cyan",
    Verdict.ANSWERED: "cyan",
    Verdict.ACCEPTED: "green",
    Verdict.DOUBTED: "yellow",
    Verdict.REJECTED: "red",
    Verdict.FAILED: "red",
}
MARKS = {
    Verdict.RUNNING: "…",
    Verdict.ANSWERED: "…",
    Verdict.ACCEPTED: "✓",
    Verdict.DOUBTED: "?",
    Verdict.REJECTED: "✗",
    Verdict.FAILED: "✗",
}
STATUS_STYLES = {"verified": "green", "unverified": "yellow", "human": "green"}


def live_table(roads: Iterable[Road]) -> Table:
    """One line a request: where it is now, and the models that it went through."""
    columns = ("request", "task", "lane", "attempts", "now", "cost", "ms")
    table = plain_table(*columns, numbers=("cost", "ms"), whole=("now",))
    for road in roads:
        end = road.end
        latency = str(end.latency_ms) if end and end.latency_ms is not None else ""
        add(table, name_of(road), road.task, road.lane, trail(road), _now(road), _usd(road), latency)
    return table


def closing_table(roads: Sequence[Road]) -> Table:
    """One line an attempt: model, verdict, reason, cost and latency; and each request's end with its trace."""
    columns = ("request", "task", "attempt", "verdict", "why", "cost", "ms")
    table = plain_table(*columns, numbers=("cost", "ms"), whole=("verdict",))
    for road in roads:
        _add_road(table, road)
    return table


def road_view(road: Road) -> RenderableType:
    """One road, its end, and the answer."""
    parts: list[RenderableType] = [closing_table([road])]
    end = road.end
    if end and end.answer:
        parts.append(Padding(Text(answer_text(end.answer)), (1, 2)))
    if end and end.unread:
        parts.append(Padding(Text(end.unread, "yellow"), (1, 2)))
    if end and end.detail:
        parts.append(Text(f"{end.status}: {end.reason}: {end.detail}", "red"))
    return Group(*parts)


def trail(road: Road) -> Text:
    """The models that were asked, in order, each marked with its verdict."""
    told = Text()
    for number, step in enumerate(road.steps):
        told.append(" → " if number else "")
        told.append(f"{step.model or 'none'}{MARKS[step.verdict]}", STYLES[step.verdict])
    return Text("from the cache", "dim") if road.end and road.end.recalled_from else told


def name_of(road: Road) -> str:
    """The name that its sender gave it (``metadata.name``), else the beginning of its id."""
    name = road.metadata.get("name")
    return name if isinstance(name, str) else road.request_id[:8]


def answer_text(answer: dict[str, Any]) -> str:
    """What the model said: its text, or the tools that it called; of vectors how many."""
    if vectors := answer.get("embeddings"):
        return f"{len(vectors)} vectors"
    message = answer.get("message") or {}
    calls = [call.get("function", {}) for call in message.get("tool_calls") or ()]
    if calls:
        return "\n".join(f"{call.get('name')}({call.get('arguments')})" for call in calls)
    content = message.get("content")
    return content if isinstance(content, str) else str(content or "")


def road_json(road: Road) -> dict[str, Any]:
    """A road as plain data; money as decimal strings of dollars."""
    end = road.end
    return {
        "request_id": road.request_id,
        "name": road.metadata.get("name"),
        "status": end.status if end else "open",
        "reason": end.reason if end else None,
        "detail": end.detail if end else None,
        "task": road.task,
        "lane": road.lane,
        "revision": road.revision,
        "trace_id": road.trace_id,
        "attempts": [_step_json(step) for step in road.steps],
        "model": end.model if end else None,
        "answer": end.answer if end else None,
        "unread": end.unread if end else None,
        **_cost_json(road),
        "latency_ms": end.latency_ms if end else None,
        "recalled_from": end.recalled_from if end else None,
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "role": step.role,
        "tier": step.tier,
        "model": step.model,
        "provider": step.provider,
        "verdict": step.verdict,
        "reason": step.reason,
        "detail": step.detail,
        "checks": [check.model_dump(mode="json", exclude_none=True) for check in step.checks],
        **_cost_json(step),
        "latency_ms": step.latency_ms,
    }


def _add_road(table: Table, road: Road) -> None:
    for number, step in enumerate(road.steps):
        add(
            table,
            name_of(road) if number == 0 else "",
            road.task if number == 0 else "",
            f"{step.number} {path_of(step)}" + ("" if step.role == "primary" else f" ({step.role})"),
            Text(step.verdict, STYLES[step.verdict]),
            reason_of(step) if step.reason else "",
            _usd(step),
            "" if step.latency_ms is None else str(step.latency_ms),
        )
    first = not road.steps
    end = road.end
    latency = str(end.latency_ms) if end and end.latency_ms is not None else ""
    recalled = "from the cache" if end and end.recalled_from else None
    reason = " ".join(
        filter(None, (recalled, end.reason if end else None, f"trace {road.trace_id}" if road.trace_id else None))
    )
    name, task = (name_of(road), road.task) if first else ("", "")
    add(table, name, task, "", _now(road), Text(reason, "dim"), _usd(road), latency)
    table.add_section()


def _now(road: Road) -> Text:
    if road.end:
        return Text(road.end.status, STATUS_STYLES.get(road.end.status, "red"))
    return Text("deferred" if road.deferred_until else "open", "cyan")


def _usd(spent: Road | Step) -> str:
    return f"{'≤ ' if spent.at_most else ''}${usd_from_micro(spent.cost_micro_usd)}"


def _cost_json(spent: Road | Step) -> dict[str, str]:
    return {"cost_usd": usd_from_micro(spent.cost_micro_usd), "cost_kind": str(CostKind.of(spent.at_most))}
