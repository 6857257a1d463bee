"""The ``portfolio`` command."""

import json
import logging
import sys
from collections.abc import Sequence

import typer

from services.console.commands import portfolios, requests, summaries, topics, traces
from services.console.domain.failures import CommandFailed

EXIT_CODES = "Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 a part cannot be reached."


def build_cli() -> typer.Typer:
    """The command line, put together."""
    cli = typer.Typer(
        name="portfolio",
        help="Ask a portfolio of language models, follow what happens, and change the portfolio.",
        epilog=EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in (requests.ask, requests.submit, requests.show, traces.trace, summaries.summary):
        cli.command()(command)
    for command in (portfolios.check, portfolios.apply, portfolios.rollback):
        cli.command()(command)
    about_topics = typer.Typer(
        help="Plan, create and list Kafka's topics.", no_args_is_help=True, rich_markup_mode=None
    )
    about_topics.command("plan")(topics.plan)
    about_topics.command("create")(topics.create)
    about_topics.command("list")(topics.listing)
    cli.add_typer(about_topics, name="topics")
    return cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. A failure is one line on standard error, with the remedy."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would log is told as the command's own failure
    logging.getLogger("infra.bus").setLevel(logging.CRITICAL)
    try:
        build_cli()(given, prog_name="portfolio")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except CommandFailed as failure:
        if "--json" in given and not failure.told:
            sys.stdout.write(json.dumps({"error": {"message": str(failure), "exit_code": failure.exit_code}}) + "\n")
        sys.stderr.write(f"portfolio: {failure}\n")
        return failure.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
