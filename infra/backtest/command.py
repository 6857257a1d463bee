"""``backtest``: a command of ``portfolio`` that needs all services, so it is no part of the console.

The console finds it by its entry point. What it needs is imported when it is called: not every installation has it.
"""

import pathlib
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
      portfolio backtest --questions 100 --through-kafka
    """
    try:
        from infra.backtest import screen
    except ModuleNotFoundError as error:
        raise Misused(
            f"a backtest needs all services ({error.name} is missing): install model-portfolio[local]"
        ) from None
    folder = data or usual_folder()
    screen.show(screen.Asked(folder, portfolio, against, questions, sample if through_kafka else None, as_json))
