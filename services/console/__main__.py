"""The ``portfolio`` command."""

import errno
import logging
import sys
from collections.abc import Sequence

import typer

from services.console.adapters.terminal.screen import COMMANDS, exit_code_of, forget_output, tell_failure
from services.console.commands import elsewhere
from services.console.commands.groups import ALONE, GROUPS
from services.console.commands.options import refuse_what_is_no_text
from services.console.domain.failures import CommandFailed


def build_cli() -> typer.Typer:
    """The command line, put together."""
    cli = typer.Typer(
        help="Ask a portfolio of language models, follow what happens, and change the portfolio.",
        epilog="Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 a part cannot be reached.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, command in (*((None, own) for own in ALONE), *elsewhere.commands()):
        cli.command(name)(command)
    for name, group in GROUPS.items():
        cli.add_typer(group(), name=name)
    return cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. A failure is one line on standard error, with the remedy."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name in ("aiokafka", "infra.bus"):  # what they would log is told as the command's own failure
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        refuse_what_is_no_text(given)
        build_cli()(given, prog_name="portfolio")
    except SystemExit as end:
        return exit_code_of(end, given)
    except CommandFailed as failure:
        if not failure.told:
            tell_failure(given, str(failure), failure.exit_code)
        sys.stderr.write(f"portfolio: {failure}\n".translate(COMMANDS))
        return failure.exit_code
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        forget_output()
        sys.stderr.write(f"portfolio: the output cannot be written: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
