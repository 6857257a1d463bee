"""Where a command's result goes: drawn for people, or as one JSON document for programs."""

import errno
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

PIPED_WIDTH = 160
STYLES = {"good": "green", "bad": "red", "": ""}
COMMANDS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - set(map(ord, "\n\t")))
"""Characters that a terminal obeys, by the whole of ISO 6429's C0 and C1, but those that set out text."""


ESCAPED = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
"""Those that JSON lets stand in a text, as JSON writes any character."""


class Terminal(Console):
    """Obeys nobody but us: what clients and models wrote may hold a terminal's commands, which are left out.

    A closed pipe is the caller's to notice, as it is with what is written beside this. No number between colons
    becomes a picture: ``portfolio.yaml:100:`` is a place.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(emoji=False, **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else text.translate(COMMANDS), style, control)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, "nobody reads the output")


def forget_output() -> None:
    """Nobody can read any more: what is left in the buffer goes nowhere, and the end does not complain of it."""
    with suppress(OSError):
        sys.stdout.close()


def exit_code_of(end: SystemExit, arguments: Sequence[str]) -> int:
    """Of a command that ended by itself. Wrong usage, which stands on standard error, is told as JSON, too."""
    exit_code = end.code if isinstance(end.code, int) else 1
    if misused := getattr(end.__context__, "format_message", None):
        tell_failure(arguments, misused(), exit_code)
    return exit_code


def tell_failure(arguments: Sequence[str], message: str, exit_code: int) -> None:
    """How a command failed, as one JSON document, where its arguments ask for JSON."""
    if "--json" in arguments:
        sys.stdout.write(json.dumps({"error": {"message": message, "exit_code": exit_code}}) + "\n")


def _json_of(told: Any, indent: int | None = None) -> str:
    return json.dumps(told, ensure_ascii=False, indent=indent, default=str).translate(ESCAPED) + "\n"


class Screen:
    """Standard output. No colour and no line folding at the terminal's width when it is piped."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.console = Terminal(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)

    def show(self, drawn: RenderableType, told: Any) -> None:
        """One result, in the form that was asked for. ``told`` is plain data."""
        if self.as_json:
            self.tell(told)
        else:
            self.console.print(drawn)

    def tell(self, told: Any) -> None:
        """A JSON document, on one line when piped."""
        sys.stdout.write(_json_of(told, 2 if sys.stdout.isatty() else None))
        sys.stdout.flush()

    def tell_line(self, told: Any) -> None:
        """A JSON document on a line of its own, whoever reads: one of many."""
        sys.stdout.write(_json_of(told))
        sys.stdout.flush()

    def say(self, text: str, mood: str = "") -> None:
        """A line for people; nothing when programs read."""
        if not self.as_json:
            self.console.print(Text(text, STYLES[mood]), soft_wrap=True)

    def warn(self, text: str) -> None:
        """A line on standard error, whatever reads the output."""
        Terminal(stderr=True, highlight=False).print(Text(text, "yellow"), soft_wrap=True)
