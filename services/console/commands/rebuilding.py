"""``ledger``: how far back it reaches, and letting it read the log again after its database was restored."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.console.adapters.group_offsets import Back
from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.tables import add, plain_table
from services.console.commands.options import AsJson, KafkaAt, LedgerAt, console_app
from services.console.domain.since import since as time_of

Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="An hour before the backup was made: a time, or 24h, 7d.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be read again, and change nothing.")]


def rebuild(since: Since, dry_run: DryRun = False, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Let the ledger read all since a time again. It must not run; started again, it reads.

    What it reads twice changes nothing, so too early a time costs only time. Kafka keeps seven days.

    \b
    Examples:
      portfolio ledger rebuild --since 24h --dry-run
      portfolio ledger rebuild --since 2026-05-01T12:00
    """
    at = time_of(since, datetime.now(UTC))
    back = asyncio.run(console_app(kafka=kafka).read_again("ledger", at, dry_run=dry_run))
    events = _events(back)
    table = plain_table("topic", "events", numbers=("events",), whole=("topic",))
    for topic, count in sorted(events.items()):
        add(table, topic, str(count))
    told = {"since": at.isoformat(), "dry_run": dry_run, "events": events}
    Screen(as_json=as_json).show(
        table if back else "Nothing was read since then: the ledger reads on where it was.", told
    )


def _events(back: Sequence[Back]) -> dict[str, int]:
    events = Counter[str]()
    for each in back:
        events[each.topic] += each.stood - each.to
    return dict(events)


def kept(as_json: AsJson = False, ledger: LedgerAt = None) -> None:
    """Say how far back the ledger keeps requests, and through when it let go of them (LEDGER_KEEP_DAYS).

    \b
    Example:
      portfolio ledger kept
    """
    told = asyncio.run(console_app(ledger=ledger).ledger.kept())
    oldest, gone = told.get("oldest") or "none", told.get("gone_through") or "none yet"
    Screen(as_json=as_json).show(f"oldest request: {oldest}\nlet go of, through: {gone}", told)


COMMANDS = {"kept": kept, "rebuild": rebuild}
