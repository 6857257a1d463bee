"""``make up``: the stack in the foreground, until Ctrl-C or SIGTERM."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from infra.local.documents import read_portfolio
from infra.local.parts import without_password
from infra.local.places import CONSOLE_KEY, DEVELOPMENT_KEY, FOLDER
from infra.local.stack import running
from schemas.portfolio import Portfolio

if TYPE_CHECKING:
    from infra.local.served import Stack

SERVING = "serving"


async def up(portfolio: Path, console: Console) -> int:
    """Run until told to stop; the exit code: 1 when a service broke, 130 when it was stopped while starting."""
    read = read_portfolio(portfolio)
    told = _listen_for_signals()
    console.print("Starting Kafka, PostgreSQL, the small model and all services ...")
    serving = asyncio.create_task(_serve(read, told, console))
    interrupted = asyncio.create_task(told.wait())
    await asyncio.wait([serving, interrupted], return_when=asyncio.FIRST_COMPLETED)
    interrupted.cancel()
    if not told.is_set():
        return await serving
    return await _settled(serving, console)


async def _settled(serving: "asyncio.Task[int]", console: Console) -> int:
    """The end after a signal: in good order when it served, cut short when it was still starting."""
    if not serving.get_name().startswith(SERVING):
        serving.cancel()
    try:
        return await serving
    except asyncio.CancelledError:
        console.print("Stopped while starting.")
        return 130


async def _serve(portfolio: Portfolio, told: asyncio.Event, console: Console) -> int:
    async with running(portfolio, FOLDER, console.print) as stack:
        _greet(stack, console)
        if (this := asyncio.current_task()) is not None:
            this.set_name(SERVING)
        stopped = await _until(told, stack)
        console.print("Stopping ..." if stopped else "[red]A service broke: see the log above. Stopping ...")
    console.print("Stopped. The data stays in .portfolio/ until `make clean`.")
    return 0 if stopped else 1


def _listen_for_signals() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; further ones change nothing, so that stopping is never cut short."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told


async def _until(told: asyncio.Event, stack: "Stack") -> bool:
    waits = [asyncio.create_task(event.wait()) for event in (told, stack.services.broken)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return told.is_set()


def _greet(stack: "Stack", console: Console) -> None:
    for name, address in stack.told().items():
        if name == "api_key":
            continue
        shown = without_password(address) if address else "off: build it once with `make jaeger`, then start again"
        console.print(f"  {name:9} {shown}", highlight=False)
    console.print(f"  The console's pages take the key in {FOLDER / CONSOLE_KEY}.", highlight=False)
    console.print("  The addresses, with the database's password and an API key, are in .portfolio/addresses.json.")
    console.print("\nTry, from another terminal:")
    body = '{"model": "auto", "messages": [{"role": "user", "content": "When is a year a leap year?"}]}'
    for line in (
        '.venv/bin/portfolio ask "How many days has a leap year?"',
        f"curl -s {stack.gateway}/v1/chat/completions -H 'content-type: application/json' "
        f"-H \"authorization: Bearer $(cat {FOLDER / DEVELOPMENT_KEY})\" -d '{body}'",
        ".venv/bin/portfolio trace last",
    ):
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)
    console.print("\nCtrl-C stops it.")
