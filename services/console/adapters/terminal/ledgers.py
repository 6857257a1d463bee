"""What the ledger tells, drawn: a request's story as a tree, and the summary as tables."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from schemas.content import JsonRead
from schemas.vocabulary import CostKind
from services.console.adapters.terminal.tables import add, plain_table
from services.console.domain.contents import Piece, readable
from services.console.domain.story import Node

MOODS = {"good": "green", "bad": "red", "": ""}
COUNTS = ("requests", "completed", "verified", "failed", "open", "attempts")
REASONS = (("escalated", "escalated"), ("failed because", "failed_because"), ("given at a risk", "at_risk"))


def contents_view(pieces: Sequence[Piece]) -> Group:
    """What was asked and answered, under its titles."""
    lines = (f"\n{each.title}\n{each.gone or readable(each.text)}" for each in pieces)
    return Group(*(Text(line) for line in lines))


def story_view(root: Node) -> Tree:
    """The tree, each line with its time after the request was admitted."""
    tree = Tree(Text(root.text, "bold"), guide_style="dim")
    _grow(tree, root)
    return tree


def _grow(tree: Tree, node: Node) -> None:
    for child in node.children:
        when = "" if child.after_ms is None else f"{child.after_ms:+d} ms  "
        _grow(tree.add(Text.assemble((when, "dim"), (child.text, MOODS[child.mood]))), child)


def summary_view(summary: JsonRead) -> RenderableType:
    """All requests and each lane; the models of each lane; and why requests escalated or failed."""
    return Group(*_parts(summary))


def scores_view(told: JsonRead) -> RenderableType:
    """Each model path by task class, each check, what plans came to, and each pair of models by how alike they were."""
    numbers = ("success", "95 %", "recent", "right", "wrong", "false accepts", "set aside", "each", "ms")
    models = plain_table("task", "model", "provider", *numbers, numbers=numbers)
    for each in told["scores"]:
        counts = (str(each["successes"]), str(each["failures"]), f"{each['fresh_false_accepts']:.1f}")
        aside = f"{each['fresh_set_aside']:.1f}" if each["fresh_set_aside"] else ""
        cost = _usd(str(Decimal(each["mean_micro_usd"]) / 1_000_000))
        path = (each["task"], each["model"], each["provider"])
        recent = f"{each['fresh_successes'] + each['fresh_failures']:.1f}"
        sure = (_percent(each["success"]), _between(each["interval"]), recent)
        add(models, *path, *sure, *counts, aside, cost, _ms(each["mean_latency_ms"]))
    columns = ("passed", "but wrong", "share", "95 %", "failed", "but right", "of these", "95 % ")
    checks = plain_table("task", "check", *columns, numbers=columns)
    for each in told["checks"]:
        passed = (str(each["judged"]), str(each["false_accepts"]), _percent(each["share"]), _between(each["interval"]))
        failed = (str(each["rejected"]), str(each["false_rejects"]), _percent(each["reject_share"]))
        add(checks, each["task"], each["check"], *passed, *failed, _between(each["reject_interval"]))
    title = Text("Models by task class: recent answers count most", "bold")
    curves = [part for curve in told.get("curves", ()) for part in _likeness(curve)]
    rest = [*_foreseen(told.get("foreseen", ())), *curves]
    if not told["checks"]:
        nobody = f"Nobody judged an answer (POST /v1/feedback) of a request since {told['since']}."
        return Group(title, models, nobody, *rest)
    judged = Text(f"Checks, on answers that people judged, of requests admitted since {told['since']}", "bold")
    return Group(title, models, judged, checks, *rest)


def _foreseen(plans: Sequence[JsonRead]) -> Iterator[RenderableType]:
    """By lane and what plans expected: what came of the requests, and what people said of their answers."""
    if not plans:
        return
    yield Text("Plans: the success that they expected, and what came of the newest requests", "bold")
    numbers = ("expected", "requests", "right", "share", "95 %", "spoken of", "called right")
    table = plain_table("lane", *numbers, "", numbers=numbers)
    for each in plans:
        came = (str(each["requests"]), str(each["right"]), _percent(each["share"]), _between(each["interval"]))
        said = (str(each["spoken_of"]), str(each["called_right"]))
        add(table, each["lane"], _percent(each["expected"]), *came, *said, _verdict(each))
    yield table


def _verdict(plan: JsonRead) -> str:
    if plan["is_as_expected"]:
        return ""
    return "fewer than expected" if plan["share"] < plan["expected"] else "more than expected"


def _likeness(curve: JsonRead) -> Iterator[RenderableType]:
    """A pair of models: what agreement accepts at each threshold, and how much of it is wrong."""
    counts = f"{curve['answers']} answers, {curve['spoken_of']} of them spoken of by people or judges"
    yield Text(f"{curve['model']} with {curve['by']} in {curve['task']}, by how alike ({counts})", "bold")
    numbers = ("threshold", "accepted", "but wrong", "of spoken of", "95 %", "rejected", "but right")
    table = plain_table(*numbers, numbers=numbers)
    for at in curve["thresholds"]:
        wrong = (str(at["wrong"]), str(at["right"] + at["wrong"]), _between(at["wrong_interval"]))
        add(table, f"{at['threshold']:g}", str(at["accepted"]), *wrong, str(at["rejected"]), str(at["lost"]))
    yield table


def judges_view(told: JsonRead) -> RenderableType:
    """Each judge by task class, with its errors at every threshold."""
    if not told["judges"]:
        return f"No answer that a judge graded twice was judged by people since {told['since']}."
    parts: list[RenderableType] = []
    for each in told["judges"]:
        learned = f"at_least: {each['at_least']}" if each["at_least"] else "too few labels to trust any threshold"
        counts = f"{each['answers']} answers, {each['good']} of them good"
        parts.append(Text(f"{each['judge']} in {each['task']} ({counts}): {learned}", "bold"))
        numbers = ("at_least", "accepted", "but wrong", "95 %", "rejected", "but right", "undecided")
        table = plain_table(*numbers, numbers=numbers)
        for at in each["thresholds"]:
            accepted = (str(at["accepted"]), str(at["wrong"]), _between(at["wrong_interval"]))
            add(table, str(at["at_least"]), *accepted, str(at["rejected"]), str(at["lost"]), str(at["undecided"]))
        parts.append(table)
    return Group(*parts)


def _between(interval: Sequence[float] | None) -> str:
    return f"{_percent(interval[0])} .. {_percent(interval[1])}" if interval else ""


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _parts(summary: JsonRead) -> Iterator[RenderableType]:
    yield Text(f"Requests admitted since {summary['since']}", "bold")
    yield _lanes(summary)
    yield _models(summary)
    if recalled := summary["total"].get("recalled"):
        yield Text(f"from the cache: {recalled} of {summary['total']['completed']} completed")
    for name, told in REASONS:
        reasons = summary["total"].get(told) or {}
        if reasons:
            yield Text(f"{name}: " + ", ".join(f"{reason} {count}" for reason, count in reasons.items()))


def _lanes(summary: JsonRead) -> Table:
    numbers = (*COUNTS, "cost", "each success", "p50 ms", "p95 ms", "at risk")
    table = plain_table("lane", *numbers, numbers=numbers)
    for name, part in [*((lane["lane"], lane) for lane in summary["lanes"]), ("all", summary["total"])]:
        kind = part.get("cost_kind")
        costs = (_usd(part["cost_usd"], kind), _usd(part.get("cost_per_success_usd"), kind))
        latencies = (_ms(part["latency_ms"][share]) for share in ("p50", "p95"))
        add(table, name, *(str(part[count]) for count in COUNTS), *costs, *latencies, _risk(part))
    return table


def _models(summary: JsonRead) -> Table:
    names = ("attempts", "accepted", "rejected", "doubted", "failed")
    numbers = (*names, "cost", "each accepted", "p50 ms")
    table = plain_table("lane", "tier", "model", "provider", *numbers, numbers=numbers)
    for lane in summary["lanes"]:
        for model in lane["models"]:
            tier = "" if model["tier"] is None else str(model["tier"] + 1)
            counts = (str(model[name]) for name in names)
            kind = model.get("cost_kind")
            costs = (_usd(model["cost_usd"], kind), _usd(model["cost_per_accepted_usd"], kind))
            row = (lane["lane"], tier, model["model"] or "none", model["provider"] or "", *counts, *costs)
            add(table, *row, _ms(model["latency_ms"]["p50"]))
    return table


def _risk(part: JsonRead) -> str:
    """An older ledger tells none."""
    return "" if part.get("compliance_risk") is None else f"{part['compliance_risk']} %"


def _usd(amount: str | None, kind: str | None = None) -> str:
    """A bound is marked as one: nobody knows what some failed calls were billed."""
    if amount is None:
        return ""
    return f"≤ ${amount}" if kind == CostKind.BOUNDED else f"${amount}"


def _ms(value: int | None) -> str:
    return "" if value is None else str(value)
