"""What services say of themselves at their health ports: ``/ready`` and ``/metrics``."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import httpx

from services.console.adapters.http_api import trusted
from services.console.domain.exposition import ServiceFigures, figures, rated


@dataclass(frozen=True, slots=True)
class PortStatus:
    """One health port. ``waits_for``: by service, why it is not ready. ``away``: why nothing was heard from it.

    ``exposition``: all that it told. ``seconds``: since the look before, which rates are of.
    """

    url: str
    ready: bool
    waits_for: dict[str, list[str]]
    services: list[ServiceFigures]
    away: str | None = None
    exposition: str = ""
    seconds: float | None = None


class HealthPorts:
    """Asks every port at once; one that does not answer holds up nobody."""

    def __init__(self, urls: Sequence[str], timeout_s: float) -> None:
        self._urls = urls
        self._timeout_s = timeout_s
        self._before: dict[str, tuple[float, dict[str, int]]] = {}

    async def ask(self) -> list[PortStatus]:
        async with httpx.AsyncClient(timeout=self._timeout_s, trust_env=False, verify=trusted()) as client:
            return list(await asyncio.gather(*(self._asked(client, url.rstrip("/")) for url in self._urls)))

    async def _asked(self, client: httpx.AsyncClient, url: str) -> PortStatus:
        told, now = await _answer(client, url), time.monotonic()
        before = self._before.get(url)
        if told.services:
            self._before[url] = now, {each.service: each.heard for each in told.services}
        if before is None:
            return told
        rated(told.services, before[1], now - before[0])
        return replace(told, seconds=now - before[0])


async def _answer(client: httpx.AsyncClient, url: str) -> PortStatus:
    try:
        ready, metrics = await asyncio.gather(client.get(f"{url}/ready"), client.get(f"{url}/metrics"))
        waits = ready.json().get("waits_for", {})
        return PortStatus(url, ready.is_success, waits, figures(metrics.text), exposition=metrics.text)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
        return PortStatus(url, ready=False, waits_for={}, services=[], away=type(error).__name__)
