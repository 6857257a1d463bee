"""What a run over recorded answers came to, in tables and in plain sentences."""

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from infra.local.recorded.ladder import Rung
from infra.local.recorded.scoring import Score, Tally
from schemas.money import usd_from_micro
from services.console.adapters.terminal.tables import add, plain_table

ACTIONS = {"agreement": "another model was asked the same", "up": "a stronger model was asked"}


def accepted_table(scores: Iterable[Score]) -> Table:
    """Whose answers were accepted, at which tier, and how many of them are right."""
    numbers = ("tier", "accepted", "right", "wrong")
    table = plain_table("set", "tier", "model", "provider", *numbers[1:], numbers=numbers, title="Accepted answers")
    for score in scores:
        for rung, tally in score.by_rung.items():
            add(table, score.name, str(rung.tier), rung.model, rung.provider, *_counts(tally))
        add(table, score.name, "", "all", "", *_counts(score.accepted))
        table.add_section()
    return table


def _counts(tally: Tally) -> tuple[str, str, Text]:
    return str(tally.accepted), str(tally.right), Text(str(tally.wrong), "red" if tally.wrong else "")


def turns_table(scores: Iterable[Score]) -> Table:
    """What followed an attempt that ended no request, and why; and what was given up."""
    table = plain_table("set", "what", "because", "requests", numbers=("requests",), title="Escalated and failed")
    for score in scores:
        for (action, reason), count in sorted(score.turns.items()):
            add(table, score.name, ACTIONS.get(action, action), reason, str(count))
        for reason, count in sorted(score.failures.items()):
            add(table, score.name, Text("failed", "red"), reason, str(count))
        if score.open:
            add(table, score.name, Text("no end in time", "red"), "", str(score.open))
        if not (score.turns or score.failures or score.open):
            add(table, score.name, "nothing: each first answer was accepted", "", "0")
    return table


def beside_table(scores: Iterable[Score]) -> Table:
    """The portfolio beside its strongest model asked every question."""
    numbers = ("attempts", "right", "of", "right %", "modelled cost", "a right answer", "cost ratio")
    table = plain_table("set", "who answers", *numbers, numbers=numbers, title="Beside always the strongest")
    for score in scores:
        best, dearest = score.strongest, score.strongest.cost_micro_usd
        ours = (score.attempts, score.accepted.right, score.cost_micro_usd)
        add(table, score.name, "this portfolio", *_line(score.asked, *ours, dearest))
        add(table, score.name, f"always {best.model}", *_line(score.asked, score.asked, best.right, dearest, dearest))
        table.add_section()
    return table


def _line(asked: int, attempts: int, right: int, cost: int, dearest: int) -> tuple[str, ...]:
    each = f"${usd_from_micro(round(cost / right))}" if right else "none"
    ratio = _percent(cost, dearest)
    return str(attempts), str(right), str(asked), _percent(right, asked), f"${usd_from_micro(cost)}", each, ratio


def sentences(scores: Sequence[Score], through: str = "the real pipeline") -> Iterator[str]:
    """What must not be overlooked in the tables."""
    for score in scores:
        yield _let_through(score)
        yield _beside(score)
    yield _modelled({rung for score in scores for rung in score.by_rung}, through)


def _let_through(score: Score) -> str:
    if not score.accepted.accepted:
        return f"{score.name}: no answer was accepted."
    told = f"{score.name}: the checks let {_wrong(score.accepted)} through, among {score.accepted.accepted} accepted"
    if not score.verified.accepted:
        return f"{told}; none is called verified, since nothing but its delivery was checked."
    verified = f"{score.verified.wrong} of the {score.verified.accepted} that are called verified"
    return f"{told}: {verified}, {score.unverified.wrong} of the {score.unverified.accepted} unverified."


def _wrong(tally: Tally) -> str:
    return f"{tally.wrong} wrong answer{'' if tally.wrong == 1 else 's'}"


def _beside(score: Score) -> str:
    best = score.strongest
    more = score.accepted.right - best.right
    compared = f"{abs(more)} {'more' if more > 0 else 'fewer'} than" if more else "as many as"
    return (
        f"{score.name}: {score.accepted.right} of {score.asked} are right, {compared} with always {best.model}, at "
        f"{_percent(score.cost_micro_usd, best.cost_micro_usd)} of its modelled cost."
    )


def _modelled(rungs: Iterable[Rung], through: str) -> str:
    days = sorted({str(rung.price.from_) for rung in rungs if rung.price and rung.price.from_})
    return (
        f"Costs are modelled: characters / 4 is a token, at the models' list prices of {', '.join(days)}. No model was "
        f"called: real models' recorded answers went through {through}, and right is what was recorded as right."
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"
