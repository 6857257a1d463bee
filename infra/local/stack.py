"""The whole stack on this machine: embedded parts, a portfolio in force, and all services in this process."""

import asyncio
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import SecretStr

from infra.local.parts import VARIABLES, Addresses, Parts, Say
from infra.local.processes import PartError, free_port
from infra.local.services import (
    AllServices,
    apply_portfolio,
    build_all,
    bus_config,
    told_of_unset,
)
from schemas.portfolio import Portfolio
from services.console.config import PagesConfig

FOLDER = Path(".portfolio")
ADDRESSES = "addresses.json"
DEVELOPMENT_KEY = "development-key"
CONSOLE_KEY = "console.key"
GATEWAY_PORT, LEDGER_PORT, CONSOLE_PORT, HEALTH_PORT = 8_080, 8_081, 8_082, 9_464


class AlreadyUp(PartError):
    """Another stack uses the folder."""

    def __init__(self, folder: Path) -> None:
        where = folder / ADDRESSES
        super().__init__(f"a stack is up in {folder} already: its addresses are in {where}; stop it with Ctrl-C there")


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack."""

    addresses: Addresses
    gateway: str
    ledger: str
    console: str
    revision: str
    services: AllServices
    api_key: str

    def told(self) -> dict[str, str | None]:
        """The addresses that tools look for."""
        return {
            "kafka": self.addresses.kafka,
            "database": self.addresses.database,
            "gateway": self.gateway,
            "api_key": self.api_key,
            "ledger": self.ledger,
            "console": self.console,
            "metrics": f"{self.services.health.url}/metrics",
            "otlp": self.addresses.otlp,
            "jaeger": self.addresses.jaeger,
        }


@asynccontextmanager
async def running(portfolio: Portfolio, folder: Path, say: Say) -> AsyncIterator[Stack]:
    """Start everything, and stop it all again, services first. Raises ``PartError``."""
    with _only_one(folder):
        parts = Parts(folder, say, local_model=calls_local_model(portfolio))
        starting = asyncio.get_running_loop().run_in_executor(None, parts.start)
        try:
            addresses = await asyncio.shield(starting)
            async with _services(portfolio, addresses, folder, say) as stack:
                _write_addresses(folder, stack)
                yield stack
        finally:
            # A Ctrl-C during the start must not leave the parts behind: wait for them, then stop them.
            await asyncio.gather(starting, return_exceptions=True)
            (folder / ADDRESSES).unlink(missing_ok=True)
            await asyncio.to_thread(parts.stop)


@asynccontextmanager
async def _services(portfolio: Portfolio, addresses: Addresses, folder: Path, say: Say) -> AsyncIterator[Stack]:
    gateway, ledger = _port("the gateway", GATEWAY_PORT, say), _port("the ledger", LEDGER_PORT, say)
    revision = await apply_portfolio(portfolio, addresses, bus_config(addresses))
    health, console = _port("health and metrics", HEALTH_PORT, say), _port("the console", CONSOLE_PORT, say)
    key = _kept_key(folder / DEVELOPMENT_KEY, "mp-dev-")
    pages = PagesConfig(port=console, keys=admin_of(console_key(folder)), health_urls=f"http://127.0.0.1:{health}")
    services = build_all(portfolio, addresses, gateway, ledger, health, admin_key=key, pages=pages)
    for provider, variables in services.unset.items():
        say(f"[yellow]{told_of_unset(provider, variables)}")
    try:
        await services.start()
        say(f"  all services are ready, on revision {revision} of the portfolio")
        at = "http://127.0.0.1"
        yield Stack(addresses, f"{at}:{gateway}", f"{at}:{ledger}", f"{at}:{console}", revision, services, key)
    finally:
        await services.stop()


def calls_local_model(portfolio: Portfolio) -> bool:
    """Whether a provider of the portfolio is the small model of this machine."""
    place = f"${{{VARIABLES['model']}}}"
    return any(place in (provider.base_url or "") for provider in portfolio.providers.values())


def console_key(folder: Path) -> str:
    """The key to the console's pages."""
    return _kept_key(folder / CONSOLE_KEY)


def _kept_key(path: Path, prefix: str = "") -> str:
    """A key of this stack, for its owner to read, and made once: what was told stays true until `make clean`."""
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(f"{prefix}{secrets.token_urlsafe(32)}\n")
        Path(name).replace(path)
    return path.read_text().strip()


def admin_of(key: str) -> SecretStr:
    """What the console is told of a key: whose it is, and its SHA-256."""
    return SecretStr(f"admin:admin:{sha256(key.encode()).hexdigest()}")


def _port(name: str, preferred: int, say: Say) -> int:
    port = free_port(preferred)
    if port != preferred:
        say(f"[yellow]port {preferred} is taken: {name} is at {port}")
    return port


def _write_addresses(folder: Path, stack: Stack) -> None:
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
