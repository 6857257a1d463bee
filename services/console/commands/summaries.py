"""``summary``, ``scores``, ``judges``: what requests cost and achieved, and what was learned of models and checks."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.console.adapters.terminal.ledgers import judges_view, scores_view, summary_view
from services.console.adapters.terminal.screen import Screen
from services.console.commands.options import AsJson, LedgerAt, console_app
from services.console.domain.since import since as moment


def summary(
    since: Annotated[
        str, typer.Option("--since", help="A time (ISO 8601), or how long ago: 30m, 24h, 7d, 2w.")
    ] = "24h",
    as_json: AsJson = False,
    ledger: LedgerAt = None,
) -> None:
    """Print what requests cost and achieved.

    From the ledger, lane by lane and model by model.

    \b
    Examples:
      portfolio summary
      portfolio summary --since 7d --json
    """
    start = moment(since, datetime.now(UTC)).isoformat()
    told = asyncio.run(console_app(ledger=ledger).ledger.summary(start))
    Screen(as_json=as_json).show(summary_view(told), told)


def scores(
    since: Annotated[
        str, typer.Option("--since", help="Of checks and plans: a time (ISO 8601), or how long ago: 24h, 7d, 2w.")
    ] = "30d",
    as_json: AsJson = False,
    ledger: LedgerAt = None,
) -> None:
    """Print what was learned of models and checks.

    What each model achieves in a task class, as the router plans by it; and of answers that people judged, how many
    that passed a check were wrong, and how many that failed it were right. Of the newest requests (five thousand at
    most): the success that their plans expected, and how many came right. Where another model was asked to agree: how
    many of the newest thousand answers each threshold would let pass, and how many of these were called wrong.

    \b
    Examples:
      portfolio scores
      portfolio scores --since 7d --json
    """
    start = moment(since, datetime.now(UTC)).isoformat()
    told = asyncio.run(console_app(ledger=ledger).ledger.scores(start))
    Screen(as_json=as_json).show(scores_view(told), told)


def judges(
    since: Annotated[str, typer.Option("--since", help="A time (ISO 8601), or how long ago: 24h, 7d, 2w.")] = "30d",
    most_wrong: Annotated[
        float, typer.Option("--most-wrong", min=0.001, max=0.999, help="Of what a judge accepts, borne to be wrong.")
    ] = 0.1,
    as_json: AsJson = False,
    ledger: LedgerAt = None,
) -> None:
    """Hold judges against what people said of answers.

    At each threshold how many answers a judge would accept and reject, and how many of those wrongly; and the lowest
    threshold to trust with 95 % confidence, for `at_least` in the lane's check.

    \b
    Examples:
      portfolio judges
      portfolio judges --since 90d --most-wrong 0.05 --json
    """
    start = moment(since, datetime.now(UTC)).isoformat()
    told = asyncio.run(console_app(ledger=ledger).ledger.judges(start, most_wrong))
    Screen(as_json=as_json).show(judges_view(told), told)


COMMANDS = (summary, scores, judges)
