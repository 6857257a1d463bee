"""JSON over HTTP, with the console's own errors."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from math import ceil
from typing import Any

import httpx

from services.console.domain.failures import CannotReach, Misused

PAUSE_S = 0.25
KEPT_S = 60.0
"""Shorter than servers of ours keep an idle connection."""


@cache
def trusted() -> ssl.SSLContext:
    """The authorities that are trusted, read once: reading them takes longer than most questions."""
    return httpx.create_ssl_context(trust_env=False)


class HttpApi:
    """GETs of one service's read API. ``name`` and ``remedy`` are for the error's one line."""

    def __init__(self, name: str, root: str, remedy: str, timeout_s: float) -> None:
        self._name = name
        self._root = root.rstrip("/")
        self._remedy = remedy
        self._timeout_s = timeout_s
        self._kept: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Keep connections from now on: a page does not wait for a new one. Until then each question has its own."""
        self._kept = self._client()

    async def close(self) -> None:
        """Let the connections go. Harmless when none are kept."""
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept.aclose()

    async def get_soon(self, path: str, patience_s: float) -> Any | None:
        """As :meth:`get`, asked again for a while when the server does not know it yet."""
        for _ in range(ceil(patience_s / PAUSE_S)):
            if (told := await self.get(path)) is not None:
                return told
            await asyncio.sleep(PAUSE_S)
        return await self.get(path)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any | None:
        """The JSON at a path; ``None`` when the server knows no such thing.

        Raises :class:`CannotReach`, and :class:`Misused` when the question cannot be read.
        """
        try:
            response = await self._answer(f"{self._root}{path}", params)
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            response.raise_for_status()
            return response.json()
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                raise Misused(_remedy(error.response)) from error
            raise CannotReach(f"{self._name} at {self._root} answered {error.response.status_code}") from error
        except httpx.ReadTimeout as error:
            late = f"{self._name} at {self._root} is there, and did not answer {path} within {self._timeout_s:g} s"
            raise CannotReach(f"{late}: ask again, of a shorter time, or give CONSOLE_TIMEOUT_S") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            says = f"{self._name} at {self._root} cannot be reached ({type(error).__name__}): {self._remedy}"
            raise CannotReach(says) from error

    async def _answer(self, url: str, params: Mapping[str, str] | None) -> httpx.Response:
        if self._kept is not None:
            return await self._kept.get(url, params=params)
        async with self._client() as client:
            return await client.get(url, params=params)

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(keepalive_expiry=KEPT_S)
        return httpx.AsyncClient(timeout=self._timeout_s, trust_env=False, verify=trusted(), limits=limits)


def _remedy(response: httpx.Response) -> str:
    """What the service says of a question that it cannot read."""
    try:
        told = response.json()["error"]
        return f"{told['message']}: {told['remedy']}"
    except (ValueError, KeyError, TypeError):
        return "the question cannot be read"
