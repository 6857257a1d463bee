"""Every command: those that stand alone, in the order of the help, and those in groups, by the group's name."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import typer

from services.console.commands import (
    breakers,
    dead_letters,
    doctor,
    erasing,
    init,
    keys,
    outlines,
    portfolios,
    rebuilding,
    requests,
    reviews,
    serve,
    summaries,
    tail,
    topics,
    traces,
    unsealing,
)
from services.console.commands.profilers import profiler_commands

Group = Callable[[], typer.Typer]
ALONE: Sequence[Callable[..., None]] = (
    *requests.COMMANDS,
    tail.tail,
    traces.trace,
    *summaries.COMMANDS,
    *outlines.COMMANDS,
    init.init,
    *portfolios.COMMANDS,
    erasing.erase,
    unsealing.unseal,
    doctor.doctor,
    serve.serve,
)


def _group(about: str, commands: Mapping[str, Callable[..., None]]) -> typer.Typer:
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
    for command, function in commands.items():
        group.command(command)(function)
    return group


GROUPS: Mapping[str, Group] = {
    "topics": partial(_group, "Plan, create and list Kafka's topics.", topics.COMMANDS),
    "dead-letters": partial(_group, "What services could not process.", dead_letters.COMMANDS),
    "ledger": partial(_group, "The ledger: how far back it reaches; let it read the log again.", rebuilding.COMMANDS),
    "breakers": breakers.group,
    "reviews": partial(_group, "What people are asked where no model is left, and their answers.", reviews.COMMANDS),
    "profiler": profiler_commands,
    "keys": partial(_group, "API keys of the gateway: make, list, revoke and rotate them.", keys.COMMANDS),
}
