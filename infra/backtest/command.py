"""``backtest`` and ``priors``: commands of ``portfolio`` that need all services, so they are no part of the console.

The console finds them by their entry points. What they need is imported when they are called: not every installation
has it.
"""

import pathlib
from types import ModuleType
from typing import Annotated

import typer

from infra.local.recorded.folder import USUAL, VARIABLE, usual_folder
from services.console.commands.options import AsJson
from services.console.domain.failures import Misused

PORTFOLIO = pathlib.Path("examples/portfolio.recorded.yaml")
SAMPLE = 50


def backtest(
    data: Annotated[
        pathlib.Path | None, typer.Option("--data", help=f"Recorded answers; else {VARIABLE}, else {USUAL}.")
    ] = None,
    portfolio: Annotated[pathlib.Path, typer.Option("--portfolio", help="The document that decides.")] = PORTFOLIO,
    against: Annotated[
        pathlib.Path | None, typer.Option("--against", help="Another document: print what this one changes.")
    ] = None,
    questions: Annotated[
        int | None, typer.Option("--questions", min=1, help="At most so many of each set; all unless told.")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, max=20, help="Learn in turn: each part is planned by what the others taught."),
    ] = None,
    through_kafka: Annotated[
        bool,
        typer.Option("--through-kafka", help="Run a sample through the real pipeline, too: fails where it differs."),
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=1, help="Questions of each set that go through Kafka.")
    ] = SAMPLE,
    as_json: AsJson = False,
) -> None:
    """Say what a portfolio would have done with recorded questions.

    The services' own decisions, in memory: nobody is called, and no Kafka is needed. A set is asked where the document
    has a task of its name (gsm8k, ifeval); an endpoint's `model` is the name under which its answers are recorded.

    \b
    Examples:
      portfolio backtest --data ../shared/data
      portfolio backtest --portfolio changed.yaml --against examples/portfolio.recorded.yaml
      portfolio backtest --portfolio learning.yaml --folds 5
      portfolio backtest --questions 100 --through-kafka
    """
    if folds is not None and through_kafka:
        raise Misused(
            "--folds plans each part by priors of its own, and one document goes through Kafka: leave out one"
        )
    screen = _screen()
    sent = sample if through_kafka else None
    screen.show(screen.Asked(data or usual_folder(), portfolio, against, questions, folds, sent, as_json))


def priors(
    data: Annotated[
        pathlib.Path | None, typer.Option("--data", help=f"Recorded answers; else {VARIABLE}, else {USUAL}.")
    ] = None,
    portfolio: Annotated[pathlib.Path, typer.Option("--portfolio", help="The document to seed.")] = PORTFOLIO,
    questions: Annotated[
        int | None, typer.Option("--questions", min=1, help="At most so many of each set; all unless told.")
    ] = None,
    write: Annotated[
        pathlib.Path | None, typer.Option("--write", help="A new file for the seeded document; else it is printed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Seed a document with what its models achieved on recorded questions, so that the router plans from the start.

    Each model is asked alone, as its lane would ask it: nobody is called. The document comes back with `priors` by task
    under its models, all of one `source`, which each choice made by them names. `portfolio apply` puts it in force.
    Comments are not kept.

    \b
    Examples:
      portfolio priors --data ../shared/data --write seeded.yaml
      portfolio check seeded.yaml
    """
    screen = _screen()
    screen.seed(screen.Seeding(data or usual_folder(), portfolio, questions, write, as_json))


def _screen() -> ModuleType:
    try:
        from infra.backtest import screen
    except ModuleNotFoundError as error:
        raise Misused(
            f"a backtest needs all services ({error.name} is missing): install model-portfolio[local]"
        ) from None
    return screen
