"""A backtest in tables."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from infra.backtest.figures import Changed, Found
from infra.backtest.priors import Learned
from infra.backtest.run import Differing
from infra.evals.study import Figure
from infra.local.recorded.closing import accepted_table, sentences, turns_table
from schemas.money import usd_from_micro
from services.console.adapters.terminal.tables import add, plain_table

PERCENT = 100
SHOWN = 20
"""Questions that differ, on a screen; `--json` has all."""


def tables(found: Sequence[Found]) -> Iterator[Table]:
    """Accepted, escalated and why, and beside always the strongest."""
    scores = [each.score for each in found]
    yield accepted_table(scores)
    yield turns_table(scores)
    yield _beside(found)
    if timed := [each for each in found if "p95_s" in each.figures]:
        yield _latency(timed)


def _beside(found: Sequence[Found]) -> Table:
    numbers = ("questions", "attempts", "right", "right %", "points", "modelled cost", "of the strongest's %")
    table = plain_table("set", "who answers", *numbers, numbers=numbers, title="Beside always the strongest (95 %)")
    for each in found:
        its, best, told = each.score, each.score.strongest, each.figures
        ours = (str(its.asked), str(its.attempts), str(its.accepted.right), _shares(told["success"]))
        cost = f"${usd_from_micro(its.cost_micro_usd)}"
        add(table, each.name, "this portfolio", *ours, _points(told["gain_points"]), cost, _shares(told["cost_share"]))
        theirs = (str(its.asked), str(its.asked), str(best.right), _shares(told["strongest_success"]))
        add(table, each.name, f"always {best.model}", *theirs, "", f"${usd_from_micro(best.cost_micro_usd)}", "100")
        table.add_section()
    return table


def _latency(found: Sequence[Found]) -> Table:
    numbers = ("this portfolio", "always the strongest", "change %")
    table = plain_table("set", *numbers, numbers=numbers, title="P95 latency in seconds, modelled (95 %)")
    for each in found:
        told = each.figures
        add(table, each.name, _plain(told["p95_s"]), _plain(told["strongest_p95_s"]), _shares(told["p95_change"], "+"))
    return table


def words(found: Sequence[Found], folds: int | None = None) -> Iterator[str]:
    """What must not be overlooked."""
    yield from sentences([each.score for each in found], "the services' own decisions")
    if folds is None:
        yield "Nothing was learned from these questions, so none is kept apart: the document decides as it stands."
    else:
        yield f"Each of {folds} parts was planned by what the others taught, in lanes that learn."


def change_table(changes: Sequence[Changed], now: str, other: str) -> Table:
    """One portfolio less the other, on the same questions."""
    numbers = ("right, points", "modelled cost %", "right here alone", "right there alone")
    table = plain_table("set", *numbers, numbers=numbers, title=f"{now} instead of {other} (95 %)")
    for each in changes:
        only = (str(len(each.better)), str(len(each.worse)))
        add(table, each.name, _points(each.success_points), _shares(each.cost, sign="+"), *only)
    return table


def differing_lines(differing: Differing, asked: int) -> Iterator[str]:
    """Whether the loop and the pipeline agree, and where they do not."""
    if not differing:
        yield f"Loop and pipeline agree on all {asked} questions: models, checks, verdicts, reasons, costs, answers."
        return
    yield f"{len(differing)} of {asked} questions went another way through Kafka:"
    for name, told in list(differing.items())[:SHOWN]:
        yield f"  {name}: {'; '.join(told)}"


def _plain(figure: Figure) -> str:
    return f"{figure.value:.1f} ({figure.low:.1f} .. {figure.high:.1f})"


def _points(figure: Figure) -> str:
    return f"{figure.value:+.1f} ({figure.low:+.1f} .. {figure.high:+.1f})"


def _shares(figure: Figure, sign: str = "") -> str:
    value, low, high = (f"{PERCENT * each:{sign}.1f}" for each in (figure.value, figure.low, figure.high))
    return f"{value} ({low} .. {high})"


def priors_table(found: Sequence[Learned], source: str) -> Table:
    """What each model achieved, asked as its lane would ask it: in both ways where its plan says who must agree."""
    numbers = ("questions", "right %", "wrong and accepted %", "an answer")
    table = plain_table("task", "model", *numbers, numbers=numbers, title=f"Priors of {source}")
    for each, name in (line for one in found for line in _ways(one)):
        shares = (f"{PERCENT * count / each.asked:.1f}" for count in (each.right, each.wrong))
        add(table, each.task, name, str(each.asked), *shares, f"${usd_from_micro(each.micro_usd // each.asked)}")
    return table


def _ways(one: Learned) -> Iterator[tuple[Learned, str]]:
    """What was learned of a model, in each way that it was asked, and the way in words."""
    yield one, f"{one.model}, as {one.by} agrees" if one.by else one.model
    if (both := one.confirmed) is not None:
        yield both, f"{one.model}, as {both.by} agrees"
        if both.third is not None:
            yield both.third, f"{one.model} or {both.by}, as {both.third.by} settles"
