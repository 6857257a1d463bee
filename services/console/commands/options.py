"""Options that several commands take, and the app that they lead to."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from infra.wrong_settings import wrong_settings
from services.console.app import ConsoleApp, build_app
from services.console.config import configured
from services.console.domain.failures import Misused

PANEL = "Addresses (else the environment, else .portfolio/addresses.json)"

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]
KafkaAt = Annotated[str | None, typer.Option("--kafka", metavar="HOST:PORT", help="Kafka.", rich_help_panel=PANEL)]
LedgerAt = Annotated[str | None, typer.Option("--ledger", metavar="URL", help="The ledger.", rich_help_panel=PANEL)]
GatewayAt = Annotated[str | None, typer.Option("--gateway", metavar="URL", help="The gateway.", rich_help_panel=PANEL)]
JaegerAt = Annotated[str | None, typer.Option("--jaeger", metavar="URL", help="Jaeger.", rich_help_panel=PANEL)]


def refuse_what_is_no_text(arguments: Sequence[str]) -> None:
    """A file's name may hold any bytes; what is sent or asked for may not. Raises :class:`Misused`."""
    for number, argument in enumerate(arguments, 1):
        try:
            argument.encode()
        except UnicodeEncodeError:
            if not _may_be_a_file(Path(argument)):
                raise Misused(f"argument {number} is not UTF-8: see what your terminal's encoding is") from None


def _may_be_a_file(path: Path) -> bool:
    """Whether it is there, or may be made in the folder that it names."""
    try:
        return path.exists() or (len(path.parts) > 1 and path.parent.is_dir())
    except OSError:
        return False


def user_name(told: str | None) -> str:
    """Who does it: the name that was given, else the user's. Raises :class:`Misused` for a user without a name."""
    try:
        return told or getpass.getuser()
    except (KeyError, OSError):  # of a container's user, often
        raise Misused("your user has no name here: say who you are with --author or --reviewer, or set USER") from None


def console_app(
    kafka: str | None = None, ledger: str | None = None, jaeger: str | None = None, gateway: str | None = None
) -> ConsoleApp:
    """The app at these addresses; what is ``None`` is found elsewhere. Raises :class:`Misused` for wrong settings."""
    try:
        return build_app(configured(kafka=kafka, ledger=ledger, jaeger=jaeger, gateway=gateway))
    except ValidationError as error:  # whose own text, and traceback, would hold the values
        raise Misused(f"wrong settings: {'; '.join(wrong_settings(error)) or error.title}") from None
