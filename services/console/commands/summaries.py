"""``summary``: what requests cost and achieved."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.console.adapters.terminal.ledgers import summary_view
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
