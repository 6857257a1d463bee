"""``breakers``: which model paths are set aside and why, and closing them by hand."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from schemas.standing import BreakerChanged
from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.tables import add, plain_table
from services.console.app import ConsoleApp
from services.console.commands.options import AsJson, KafkaAt, console_app, user_name
from services.console.domain.breakers import closings, path_of, state_of, until_of

Path = Annotated[str, typer.Argument(metavar="MODEL@PROVIDER", help="A model path; @PROVIDER: all of its paths.")]
Author = Annotated[str | None, typer.Option("--author", help="Who; your user name unless told.")]


def group() -> typer.Typer:
    """The commands; without a name, the list."""
    breakers = typer.Typer(help=listing.__doc__, invoke_without_command=True, rich_markup_mode=None)
    breakers.callback()(listing)
    breakers.command("reset")(reset)
    return breakers


def listing(context: typer.Context, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """List the circuit breakers that ever opened, with their states.

    \b
    Example:
      portfolio breakers --json
    """
    if context.invoked_subcommand is not None:
        return
    stand = asyncio.run(console_app(kafka=kafka).breakers())
    now = datetime.now(UTC)
    table = plain_table("path", "state", "reason", "since", "until", "by", whole=("path", "state"))
    for each in stand:
        add(
            table,
            each.subject,
            state_of(each, now),
            each.reason,
            f"{each.at:%Y-%m-%d %H:%M:%S}Z",
            until_of(each),
            each.by,
        )
    told = [{"path": each.subject, **each.model_dump(mode="json")} for each in stand]
    Screen(as_json=as_json).show(table if stand else "No breaker ever opened.", told)


def reset(path: Path, author: Author = None, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Close a breaker: the path is used again at once, by the router and by every worker.

    \b
    Examples:
      portfolio breakers reset small@acme
      portfolio breakers reset @acme
    """
    closed = asyncio.run(close(console_app(kafka=kafka), path, user_name(author)))
    paths = [each.subject for each in closed]
    told: list[dict[str, Any]] = [{"path": name, "state": "closed"} for name in paths]
    Screen(as_json=as_json).show("\n".join(f"{name} is closed" for name in paths), told)


async def close(app: ConsoleApp, path: str, author: str) -> list[BreakerChanged]:
    """Close what ``path`` names. Raises :class:`Misused` and :class:`Refused`."""
    model, provider = path_of(path)
    events = closings(model, provider, await app.breakers(), author, datetime.now(UTC))
    await app.say(events)
    return events
