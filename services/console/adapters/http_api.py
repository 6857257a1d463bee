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
            async with httpx.AsyncClient(timeout=self._timeout_s, trust_env=False, verify=trusted()) as client:
                response = await client.get(f"{self._root}{path}", params=params)
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            response.raise_for_status()
            return response.json()
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                raise Misused(_remedy(error.response)) from error
            raise CannotReach(f"{self._name} at {self._root} answered {error.response.status_code}") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            says = f"{self._name} at {self._root} cannot be reached ({type(error).__name__}): {self._remedy}"
            raise CannotReach(says) from error


def _remedy(response: httpx.Response) -> str:
    """What the service says of a question that it cannot read."""
    try:
        told = response.json()["error"]
        return f"{told['message']}: {told['remedy']}"
    except (ValueError, KeyError, TypeError):
        return "the question cannot be read"
