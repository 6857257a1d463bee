"""``unseal``: events with sealed content, read by who holds the keys."""

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from schemas.content import Json
from services.console.adapters.sealed_content import SealedContent
from services.console.adapters.terminal.screen import Screen
from services.console.app import ConsoleApp
from services.console.commands.files import STDIN, text_of
from services.console.commands.options import AsJson, console_app
from services.console.domain.failures import CommandFailed, Misused, Refused
from services.console.domain.json_lines import lines_of


def unseal(
    file: Annotated[str, typer.Argument(help="JSON documents, one a line; `-` is standard input.")] = STDIN,
    as_json: AsJson = False,
) -> None:
    """Print events with what is sealed in them in the open.

    For answers that came to a Kafka client: each document is a record's value, as of request.completed. It takes
    SEALING_KEYS and OBJECTS_URL, and no Kafka. Prints content, one document a line; one that cannot be read is printed
    as it came, with why on standard error, and the command ends with 1 (3: the object store did not answer).

    \b
    Examples:
      kafka-console-consumer.sh ... --topic request.completed | portfolio unseal
      portfolio unseal answers.jsonl
    """
    asyncio.run(_tell_each(console_app(), _lines(file), Screen(as_json=as_json)))


async def _tell_each(app: ConsoleApp, lines: Iterable[str], screen: Screen) -> None:
    """Every document, in the open where it can be. Raises the gravest failure once all are told."""
    failures: list[CommandFailed] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            event = _document(line, number)
            told = await _opened(app.sealed, event)
            if isinstance(told, CommandFailed):
                screen.warn(f"line {number} stays sealed: {told}")
                failures.append(told)
            screen.tell_line(event if isinstance(told, CommandFailed) else told)
    if failures:
        gravest = max(failures, key=lambda failure: failure.exit_code)
        raise type(gravest)(f"{len(failures)} of the documents stay sealed: why is said above, line by line")


async def _opened(sealed: SealedContent, event: Json) -> Json | CommandFailed:
    try:
        return await in_the_open(sealed, event)
    except CommandFailed as failure:
        return failure
    except ValueError:
        return Refused("it is not as the services write it: give each record's value as it came")


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
    """One after the other, as they come on standard input."""
    return sys.stdin if file == STDIN else lines_of(text_of(Path(file)))
