"""``python -m infra.local up|demo|services``: what the Makefile calls."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Collection, Coroutine
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from infra.entry import run_until_told, set_up_logging
from infra.local.demo import DemoFailed, demo
from infra.local.parts import VARIABLES, Addresses
from infra.local.processes import PartError
from infra.local.recorded.reading import DataUnreadable
from infra.local.recorded.run import recorded_demo
from infra.local.services import (
    NAMES,
    AllServices,
    PortfolioWrong,
    build_all,
    current_portfolio,
    told_of_unset,
)
from infra.local.stack import GATEWAY_PORT, LEDGER_PORT
from infra.local.up import up
from infra.metrics.config import HealthConfig
from services.console.domain.failures import CannotReach, Refused

PIPED_WIDTH = 160
log = logging.getLogger(__name__)


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
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    if args.command == "services":
        if unknown := set(args.only) - set(NAMES):
            console.print(f"no such service: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", style="red")
            return 2
        return run_until_told(lambda: _services(args.only or NAMES))
    set_up_logging("WARNING")
    # A script's shell lets its background jobs ignore SIGINT, and then SIGTERM, too, would end nothing in good order.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if args.command == "up":
            return uvloop.run(up(args.portfolio, console))
        if args.data is not None:
            return uvloop.run(_told_by_either(recorded_demo(args.data, console)))
        return uvloop.run(_told_by_either(demo(console, live=args.live)))
    except (PartError, PortfolioWrong, DemoFailed, DataUnreadable, CannotReach, Refused, OSError) as error:
        console.print(str(error), style="red", markup=False)
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    return 1


async def _told_by_either(show: Coroutine[Any, Any, int]) -> int:
    """SIGTERM ends it as Ctrl-C does: everything is stopped, and its folder removed, before this process ends."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
    return await show


async def _services(only: Collection[str]) -> AllServices:
    given = {name: os.environ.get(variable, "") for name, variable in VARIABLES.items()}
    addresses = Addresses(given["kafka"], given["database"], given["model"], given["otlp"] or None, None)
    gateway = int(os.environ.get("GATEWAY_PORT", GATEWAY_PORT))
    ledger = int(os.environ.get("LEDGER_PORT", LEDGER_PORT))
    services = build_all(await current_portfolio(addresses), addresses, gateway, ledger, HealthConfig().port, only)
    for provider, variables in services.unset.items():
        log.warning(told_of_unset(provider, variables))
    return services


if __name__ == "__main__":
    sys.exit(main())
