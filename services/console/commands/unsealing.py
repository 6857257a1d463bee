"""``unseal``: events with sealed content, read by who holds the keys."""

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.adapters.sealed_content import SealedContent
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.options import AsJson, console_app
from services.console.domain.failures import Misused

Json = dict[str, Any]


def unseal(
    file: Annotated[str, typer.Argument(help="JSON documents, one a line; `-` is standard input.")] = "-",
    as_json: AsJson = False,
) -> None:
    """Print events with what is sealed in them in the open.

    For answers that came to a Kafka client: each document is a record's value, as of request.completed. It takes
    SEALING_KEYS and OBJECTS_URL, and no Kafka. Prints content, one document a line.

    \b
    Examples:
      kafka-console-consumer.sh ... --topic request.completed | portfolio unseal
      portfolio unseal answers.jsonl
    """
    asyncio.run(_tell_each(console_app(), _lines(file), Screen(as_json=as_json)))


async def _tell_each(app: ConsoleApp, lines: Iterable[str], screen: Screen) -> None:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            screen.tell_line(await in_the_open(app.sealed, _document(line, number)))


async def in_the_open(sealed: SealedContent, event: Json) -> Json:
    """The event with its content; an answer where it stands when nothing is sealed."""
    told = await sealed.whole(event)
    if "status" in event and "answer" not in event and "key_id" in (event.get("body") or {}):
        told["answer"] = json.loads(told.pop("body")["inline"])
    return told


def _document(line: str, number: int) -> Json:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Misused(f"line {number} is no JSON object: give one document a line")
    return found


def _lines(file: str) -> Iterable[str]:
    if file == "-":
        return sys.stdin
    try:
        return Path(file).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{file} cannot be read: {getattr(error, 'strerror', None) or type(error).__name__}") from error
