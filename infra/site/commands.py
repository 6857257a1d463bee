"""The page of commands: the help of each, as the command line itself gives it."""

from collections.abc import Iterator
from typing import Any

import typer

from services.console.__main__ import build_cli

WIDTH = 110


def page() -> str:
    """Markdown."""
    root: Any = typer.main.get_command(build_cli())
    told = "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(root, "portfolio", None))
    return f"# Commands\n\nRead off the `portfolio` command itself: each command's `--help`.\n\n{told}"


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    settings = command.context_settings
    context = command.context_class(command, parent, name, max_content_width=WIDTH, terminal_width=WIDTH, **settings)
    yield context.command_path, command.get_help(context)
    for each in getattr(command, "commands", {}).values():
        yield from _helps(each, each.name, context)
