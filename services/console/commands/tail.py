"""``tail``: what happens to requests, as it happens."""

import asyncio
import signal
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated

import typer

from services.console.adapters.terminal.screen import Screen, forget_output
from services.console.adapters.terminal.tails import draw, entry_json
from services.console.app import ConsoleApp
from services.console.commands.options import KafkaAt, console_app
from services.console.domain.since import since as moment
from services.console.domain.tail import Filter, Following, State, doubts

Lanes = Annotated[list[str] | None, typer.Option("--lane", metavar="LANE", help="Of this lane only; may be repeated.")]
Tenants = Annotated[
    list[str] | None, typer.Option("--tenant", metavar="TENANT", help="Of this tenant only; may be repeated.")
]
States = Annotated[
    list[State] | None,
    typer.Option("--state", metavar="STATE", help=f"While they are {', '.join(State)}; may be repeated."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Also what was said since: 30s, 15m, 24h ago, or an ISO 8601 time."),
]
AsJsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON document a line, for programs.")]


def tail(
    lane: Lanes = None,
    tenant: Tenants = None,
    state: States = None,
    since: Since = None,
    as_json: AsJsonLines = False,
    kafka: KafkaAt = None,
) -> None:
    """Follow what happens to requests, as it happens.

    From Kafka, without a group: nobody else is disturbed. Ctrl-C, or the reader's end of a pipe, ends it well.

    \b
    Examples:
      portfolio tail
      portfolio tail --lane critical --state failed --state refused
      portfolio tail --since 15m --json | jq -r 'select(.event == "request.completed") | .cost_usd'
    """
    start = moment(since, datetime.now(UTC)) if since else None
    following = Following(Filter(lane or (), tenant or (), state or ()))
    try:
        asyncio.run(_until_told(_follow(console_app(kafka=kafka), start, following, Screen(as_json=as_json))))
    except BrokenPipeError:
        forget_output()


async def _follow(app: ConsoleApp, start: datetime | None, following: Following, screen: Screen) -> None:
    async with app.event_log(start) as log:
        if following.filter.lanes and (current := (await app.history()).current):
            for warning in doubts(following.filter, tuple(current.portfolio.lanes)):
                screen.warn(warning)
        if screen.console.is_terminal:
            screen.say("following requests; Ctrl-C ends it")
        async for heard in log.follow():
            if (entry := following.hear(heard)) is None:
                continue
            if screen.as_json:
                screen.tell_line(entry_json(entry))
            else:
                draw(screen, entry)


async def _until_told(work: Awaitable[None]) -> None:
    """Do it until it ends, or until SIGINT or SIGTERM."""
    doing = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, doing.cancel)
    with suppress(asyncio.CancelledError):
        await doing
