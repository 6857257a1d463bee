"""``topics``: what the registry asks for, and what is on the cluster."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from schemas.portfolio import Portfolio
from schemas.topics import topics_of
from services.console.adapters.terminal.screen import Screen
from services.console.adapters.terminal.tables import add, plain_table
from services.console.app import ConsoleApp, Difference, TopicSettings
from services.console.commands.options import AsJson, KafkaAt, console_app
from services.console.commands.portfolios import read_portfolio
from services.console.domain.failures import Refused

PortfolioFile = Annotated[
    Path | None,
    typer.Option("--file", help="Whose providers and clients get a topic; else those of the portfolio in force."),
]
ReplyTopics = Annotated[list[str] | None, typer.Option("--reply-topic", help="A topic that answers may go to.")]


def plan(file: PortfolioFile = None, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Say which topics are still to be created, and what is otherwise in those that are there.

    \b
    Example:
      portfolio topics plan --file portfolio.yaml
    """
    missing, unlike = asyncio.run(_plan(console_app(kafka=kafka), file))
    screen = Screen(as_json=as_json)
    told = [asdict(topic) for topic in missing] + [asdict(each) | {"remedy": each.remedy} for each in unlike]
    if as_json or not (missing or unlike):
        screen.show("Nothing is missing, and nothing is otherwise.", told)
        return
    if missing:
        screen.show(_missing(missing), told)
    if unlike:
        screen.show(_unlike(unlike), told)


def _missing(missing: Sequence[TopicSettings]) -> Table:
    table = plain_table("topic", "partitions", "settings", numbers=("partitions",), whole=("topic",))
    for topic in missing:
        settings = ", ".join(f"{name}={value}" for name, value in topic.settings.items())
        add(table, topic.name, str(topic.partitions), settings)
    return table


def _unlike(unlike: Sequence[Difference]) -> Table:
    table = plain_table("topic", "setting", "is", "should be", "remedy", whole=("topic",))
    for each in unlike:
        add(table, each.topic, each.setting, each.found, each.wanted, each.remedy)
    return table


def create(file: PortfolioFile = None, as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """Create the topics that are missing.

    \b
    Example:
      portfolio topics create --file portfolio.yaml
    """
    made = asyncio.run(_create(console_app(kafka=kafka), file))
    Screen(as_json=as_json).show("\n".join(made) or "Nothing was missing.", made)


def listing(as_json: AsJson = False, kafka: KafkaAt = None) -> None:
    """List the topics on the cluster, with their partitions.

    \b
    Example:
      portfolio topics list --json
    """
    found = asyncio.run(console_app(kafka=kafka).partitions())
    table = plain_table("topic", "partitions", numbers=("partitions",), whole=("topic",))
    for name in sorted(found):
        add(table, name, str(found[name]))
    Screen(as_json=as_json).show(table, [{"name": name, "partitions": found[name]} for name in sorted(found)])


def acls(
    file: PortfolioFile = None,
    reply_topic: ReplyTopics = None,
    as_json: AsJson = False,
    kafka: KafkaAt = None,
) -> None:
    """Print what each service may read and write, for Kafka's kafka-acls.sh.

    One user a service, and one a provider's worker. Nothing is changed.

    \b
    Examples:
      portfolio topics acls --file portfolio.yaml
      portfolio topics acls --file portfolio.yaml | while read -r acl; do eval "kafka-acls.sh $SERVER $acl"; done
    """
    app = console_app(kafka=kafka)
    portfolio = asyncio.run(_portfolio(app, file))
    found = app.grants(portfolio, reply_topic or ())
    Screen(as_json=as_json).show("\n".join(grant.command() for grant in found), [asdict(grant) for grant in found])


async def _plan(app: ConsoleApp, file: Path | None) -> tuple[list[TopicSettings], list[Difference]]:
    names = await _names(app, file)
    return await app.missing_topics(names), await app.unlike_topics(names)


async def _create(app: ConsoleApp, file: Path | None) -> list[str]:
    return await app.create_topics(await _names(app, file))


async def _names(app: ConsoleApp, file: Path | None) -> list[str]:
    return topics_of(await _portfolio(app, file))


async def _portfolio(app: ConsoleApp, file: Path | None) -> Portfolio | None:
    if file is not None:
        reading = read_portfolio(file)
        if reading.portfolio is None:
            raise Refused(f"{file} is not valid: `portfolio check {file}` says why")
        return reading.portfolio
    current = (await app.history()).current
    return current.portfolio if current else None


COMMANDS = {"plan": plan, "create": create, "list": listing, "acls": acls}
