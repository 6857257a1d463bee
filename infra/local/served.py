"""All services on the parts of a stack, with their ports and keys. It takes seconds to import, all services do."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import SecretStr

from infra.local.bus import bus_config
from infra.local.parts import Addresses, Say
from infra.local.places import CONSOLE_KEY, CONSOLE_PORT, DEVELOPMENT_KEY, GATEWAY_PORT, HEALTH_PORT, LEDGER_PORT
from infra.local.processes import free_port
from infra.local.services import AllServices, apply_portfolio, build_all, told_of_unset
from schemas.portfolio import Portfolio
from services.console.config import PagesConfig


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
async def served(portfolio: Portfolio, addresses: Addresses, folder: Path, say: Say) -> AsyncIterator[Stack]:
    """Start them, and stop them again. Raises the first error of a start."""
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
