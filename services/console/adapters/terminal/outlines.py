"""Lanes and models of a portfolio, drawn as trees: a table of so many columns loses some in a narrow terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from services.console.adapters.terminal.tables import add, plain_table
from services.console.domain.outline import EndpointOutline, LaneOutline, ModelOutline, ReasonRow

UNPRICED = "priced by LiteLLM's list"


def lanes_view(lanes: Sequence[LaneOutline]) -> Group:
    """A tree for each lane; tiers from the cheapest to the strongest."""
    return Group(*map(_lane, lanes))


def models_view(models: Sequence[ModelOutline]) -> Group:
    """A tree for each model, with a branch for each of its paths."""
    return Group(*map(_model, models))


def reasons_view(rows: Sequence[ReasonRow]) -> Table:
    """A row for each reason; a lane's own are marked."""
    table = plain_table("reason", "next, the first that is possible", "", whole=("reason",))
    for row in rows:
        reason = f"{row.reason} ({row.check})" if row.check else row.reason
        add(table, reason, ", then ".join(row.actions) or "the end", "the lane's own" if row.own else "")
    return table


def _lane(lane: LaneOutline) -> Tree:
    budget = f", at most ${lane.budget_usd}" if lane.budget_usd else ""
    return _tree(
        lane.lane,
        "default" if lane.default else "",
        (
            ("also called", ", ".join(lane.also_called)),
            ("tiers", " → ".join(", ".join(tier) for tier in lane.tiers)),
            ("tasks", ", ".join(lane.tasks)),
            ("checks", ", ".join(lane.checks)),
            ("on fail", ", ".join(f"{name}: {action}" for name, action in lane.on_fail.items())),
            ("limits", f"priority {lane.priority}, {lane.max_attempts} attempts, {lane.deadline_s:g} s{budget}"),
        ),
    )


def _model(model: ModelOutline) -> Tree:
    retires = f", retires {model.retires}" if model.retires else ""
    return _tree(
        model.model,
        f"{model.kind}, {model.lifecycle}{retires}",
        (
            ("also called", ", ".join(model.also_called)),
            *(("path", _path(end)) for end in model.endpoints),
            ("reads", f"{model.context_tokens} tokens"),
            ("can", ", ".join(model.abilities)),
            ("lanes", ", ".join(model.lanes)),
        ),
    )


def _path(end: EndpointOutline) -> str:
    region = f", {end.region}" if end.region else ""
    price = UNPRICED if end.usd_per_million is None else f"${end.usd_per_million:.3g} a million tokens"
    weight = "" if end.weight is None else f" (weight {end.weight:.12g})"
    part = weight if end.part is None else f", {end.part:.0%} of what equal paths share{weight}"
    return f"{end.path}{region}, there {end.name}, {price}{part}"


def _tree(name: str, note: str, branches: Iterable[tuple[str, str]]) -> Tree:
    """Names come from documents, so none is read as markup."""
    tree = Tree(Text.assemble((name, "bold"), (f" {note}" if note else "", "dim")), guide_style="dim")
    for label, text in branches:
        if text:
            tree.add(Text.assemble((f"{label} ", "dim"), text))
    return tree
