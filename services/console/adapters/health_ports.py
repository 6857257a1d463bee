"""What services say of themselves at their health ports: ``/ready`` and ``/metrics``."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from services.console.adapters.http_api import trusted
from services.console.domain.exposition import ServiceFigures, figures


@dataclass(frozen=True, slots=True)
class PortStatus:
    """One health port. ``waits_for``: by service, why it is not ready. ``away``: why nothing was heard from it."""

    url: str
    ready: bool
    waits_for: dict[str, list[str]]
    services: list[ServiceFigures]
    away: str | None = None


class HealthPorts:
    """Asks every port at once; one that does not answer holds up nobody."""

    def __init__(self, urls: Sequence[str], timeout_s: float) -> None:
        self._urls = urls
        self._timeout_s = timeout_s

    async def ask(self) -> list[PortStatus]:
        async with httpx.AsyncClient(timeout=self._timeout_s, trust_env=False, verify=trusted()) as client:
            return list(await asyncio.gather(*(_asked(client, url.rstrip("/")) for url in self._urls)))


async def _asked(client: httpx.AsyncClient, url: str) -> PortStatus:
    try:
        ready, metrics = await asyncio.gather(client.get(f"{url}/ready"), client.get(f"{url}/metrics"))
        waits = ready.json().get("waits_for", {})
        return PortStatus(url, ready.is_success, waits, figures(metrics.text))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        return PortStatus(url, ready=False, waits_for={}, services=[], away=type(error).__name__)
