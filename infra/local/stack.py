"""The whole stack on this machine: embedded parts, a portfolio in force, and all services in this process."""

import asyncio
import fcntl
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local.own_kafka import told_as_ours
from infra.local.parts import VARIABLES, Addresses, Parts, Say
from infra.local.places import ADDRESSES
from infra.local.processes import PartError
from infra.local.watching import tell_of_ends
from schemas.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.served import Stack

    Served = Callable[[Portfolio, Addresses, Path, Say], AbstractAsyncContextManager[Stack]]


class AlreadyUp(PartError):
    """Another stack uses the folder."""

    def __init__(self, folder: Path) -> None:
        where = folder / ADDRESSES
        super().__init__(f"a stack is up in {folder} already: its addresses are in {where}; stop it with Ctrl-C there")


@asynccontextmanager
async def running(portfolio: Portfolio, folder: Path, say: Say) -> "AsyncIterator[Stack]":
    """Start everything, and stop it all again, services first. Raises ``PartError``."""
    with _only_one(folder):
        parts = Parts(folder, say, local_model=calls_local_model(portfolio))
        starting = asyncio.get_running_loop().run_in_executor(None, parts.start)
        try:
            served = await asyncio.to_thread(_imported)
            addresses = await asyncio.shield(starting)
            async with told_as_ours(), served(portfolio, addresses, folder, say) as stack:
                _write_addresses(folder, stack)
                watching = asyncio.create_task(tell_of_ends(parts.ended, say))
                try:
                    yield stack
                finally:
                    watching.cancel()
        finally:
            # A Ctrl-C during the start must not leave the parts behind: wait for them, then stop them.
            await asyncio.gather(starting, return_exceptions=True)
            (folder / ADDRESSES).unlink(missing_ok=True)
            await asyncio.to_thread(parts.stop)


def _imported() -> "Served":
    """All services are imported while the parts start: either takes seconds."""
    from infra.local.served import served

    return served


def calls_local_model(portfolio: Portfolio) -> bool:
    """Whether a provider of the portfolio is the small model of this machine."""
    place = f"${{{VARIABLES['model']}}}"
    return any(place in (provider.base_url or "") for provider in portfolio.providers.values())


def _write_addresses(folder: Path, stack: "Stack") -> None:
    """Only its owner may read it, since it holds a password and a key."""
    handle, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w") as file:
        json.dump(stack.told(), file, indent=2)
        file.write("\n")
    Path(name).replace(folder / ADDRESSES)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(folder) from None
        yield
