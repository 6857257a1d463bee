"""``python -m infra.local up|demo|services``: what the Makefile calls."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import uvloop

from infra.local.documents import PortfolioWrong
from infra.local.names import NAMES
from infra.local.processes import PartError
from infra.local.recorded.reading import DataUnreadable
from infra.logs import set_up_logging
from infra.open_files import allow_many_open_files
from services.console.adapters.terminal.screen import Terminal
from services.console.domain.failures import CannotReach, Refused

PIPED_WIDTH = 160
TOLD = (PartError, PortfolioWrong, DataUnreadable, CannotReach, Refused, OSError)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    ups = commands.add_parser("up", help="the stack in the foreground, until Ctrl-C")
    ups.add_argument("--portfolio", type=Path, default=Path("portfolio.yaml"))
    demos = commands.add_parser("demo", help="the samples through the whole pipeline, then an end")
    instead = demos.add_mutually_exclusive_group()
    instead.add_argument("--data", type=Path, help="a folder of recorded real answers to run instead of the samples")
    instead.add_argument("--live", action="store_true", help="with a hosted model, under a cap")
    services = commands.add_parser("services", help="services in one process, over parts whose addresses are given")
    services.add_argument("only", nargs="*", metavar="NAME", help=f"only these of {', '.join(NAMES)}; all when none")
    return parser.parse_args()


def main() -> int:
    """Run a command; its exit code."""
    args = arguments()
    console = Terminal(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    if args.command == "services":
        return _services(args.only, console)
    set_up_logging("WARNING")
    allow_many_open_files()
    # A script's shell lets its background jobs ignore SIGINT, and then SIGTERM, too, would end nothing in good order.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return uvloop.run(_shown(args, console))
    except TOLD as error:
        console.print(str(error), style="red", markup=False)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    return 1


# Each command imports what it needs: all services take seconds, in which `up` starts its parts.
def _services(only: list[str], console: Terminal) -> int:
    from infra.local.chosen import run_chosen

    if unknown := set(only) - set(NAMES):
        console.print(f"no such service: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", style="red")
        return 2
    return run_chosen(only or NAMES)


def _shown(args: argparse.Namespace, console: Terminal) -> Coroutine[Any, Any, int]:
    if args.command == "up":
        from infra.local.up import up

        return up(args.portfolio, console)
    if args.data is not None:
        from infra.local.recorded.run import recorded_demo

        return _told_by_either(recorded_demo(args.data, console))
    from infra.local.demo import demo

    return _told_by_either(demo(console, live=args.live))


async def _told_by_either(show: Coroutine[Any, Any, int]) -> int:
    """SIGTERM ends it as Ctrl-C does: everything is stopped, and its folder removed, before this process ends."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    return await show


if __name__ == "__main__":
    sys.exit(main())
