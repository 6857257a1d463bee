"""``lanes``, ``reasons``, ``models`` and ``diff``: the portfolio in outline, and what a file would change of it."""

import asyncio
import pathlib
from dataclasses import asdict
from typing import Annotated, Any

import typer

from schemas.portfolio import Lane, Portfolio
from services.console.adapters.terminal.outlines import lanes_view, models_view, reasons_view
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.options import AsJson, KafkaAt, console_app
from services.console.commands.portfolios import FILE, File, valid_portfolio
from services.console.domain.failures import Misused, Refused
from services.console.domain.findings import nearest
from services.console.domain.outline import lanes_of, models_of, reasons_of
from services.console.domain.revisions import changes

OfFile = Annotated[pathlib.Path | None, typer.Option("--file", help="Of this document; else of the one in force.")]


def lanes(file: OfFile = None, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """List the lanes: which tasks each serves, by which tiers, under which checks and limits.

    \b
    Examples:
      portfolio lanes
      portfolio lanes --file portfolio.yaml --json
    """
    found = lanes_of(_portfolio(file, console_app(kafka=kafka)))
    Screen(as_json=as_json).show(lanes_view(found), [asdict(each) for each in found])


def reasons(
    lane: Annotated[str | None, typer.Argument(metavar="[LANE]", help="As it holds in this lane.")] = None,
    file: OfFile = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """List what is done next about each reason why an attempt failed.

    Without a lane: the usual table. A lane's `on_fail` comes before it, by check or by reason.

    \b
    Examples:
      portfolio reasons
      portfolio reasons critical --file portfolio.yaml --json
    """
    if file is not None and lane is None:
        raise Misused("name the lane of the file: `portfolio reasons LANE --file FILE`")
    found = reasons_of(_lane(_portfolio(file, console_app(kafka=kafka)), lane) if lane is not None else None)
    Screen(as_json=as_json).show(reasons_view(found), [asdict(each) for each in found])


def models(file: OfFile = None, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """List the models: what clients call each, where it is called, what it costs and can, and which lanes it serves.

    A price is for a million tokens of which a quarter is written by the model.

    \b
    Examples:
      portfolio models
      portfolio models --file portfolio.yaml --json
    """
    found = models_of(_portfolio(file, console_app(kafka=kafka)))
    Screen(as_json=as_json).show(models_view(found), [asdict(each) for each in found])


def diff(file: File = FILE, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Say what applying a portfolio would change. Nothing is published.

    \b
    Examples:
      portfolio diff
      portfolio diff portfolio.yaml --json
    """
    told = asyncio.run(difference(console_app(kafka=kafka), valid_portfolio(file)))
    screen = Screen(as_json=as_json)
    if as_json:
        screen.tell(told)
    for each in told["changes"]:
        screen.say(f"  {each['path']}: {each['before'] or '(absent)'} → {each['after'] or '(gone)'}")
    in_force, revision = told["in_force"], told["revision"]
    same = f"{file} is revision {in_force}, which is in force"
    screen.say(same if revision == in_force else f"{file} is revision {revision}; in force is {in_force}")


async def difference(app: ConsoleApp, portfolio: Portfolio) -> dict[str, Any]:
    """What applying a portfolio would change; ``in_force`` is ``none`` before the first."""
    past = await app.history()
    found = changes(past.current.portfolio if past.current else None, portfolio)
    return {"in_force": past.in_force, "revision": portfolio.digest(), "changes": [asdict(each) for each in found]}


def _portfolio(file: pathlib.Path | None, app: ConsoleApp) -> Portfolio:
    if file is not None:
        return valid_portfolio(file)
    if (current := asyncio.run(app.history()).current) is None:
        raise Refused("no portfolio has been applied yet: run `portfolio apply portfolio.yaml`, or give --file")
    return current.portfolio


def _lane(portfolio: Portfolio, name: str) -> Lane:
    if (lane := portfolio.lanes.get(name)) is None:
        raise Misused(f'there is no lane "{name}"{nearest(name, tuple(portfolio.lanes))}')
    return lane


COMMANDS = (lanes, reasons, models, diff)
