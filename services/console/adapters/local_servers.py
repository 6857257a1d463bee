"""Ollama and vLLM, asked over HTTP whether they are here and which models they have."""

import asyncio
from collections.abc import Awaitable

import httpx

from services.console.adapters.http_api import trusted
from services.console.domain.local_models import Cards, LocalServer, Shown, Tags, Version, ollama_model, vllm_models

VLLM_KEY = "VLLM_API_KEY"
LOCKED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
MOST_MODELS = 40
NOTHING = (httpx.HTTPError, httpx.InvalidURL, ValueError)
"""No such server there, or another one: what answers in a shape of its own is not what is looked for."""


class LocalServers:
    """Asks all at once; ``timeout_s`` is short, since a server on this machine answers soon or not at all."""

    def __init__(self, timeout_s: float, window: int | None, vllm_key: str | None) -> None:
        self._timeout_s = timeout_s
        self._window = window
        self._vllm_key = vllm_key

    async def ask(self, ollama: str, vllm: str) -> list[LocalServer]:
        """Those that answer, at the roots given."""
        async with httpx.AsyncClient(timeout=self._timeout_s, trust_env=False, verify=trusted()) as client:
            asked = (self._ollama(client, ollama.rstrip("/")), self._vllm(client, vllm.rstrip("/")))
            return [found for found in await asyncio.gather(*asked) if found is not None]

    async def _ollama(self, client: httpx.AsyncClient, url: str) -> LocalServer | None:
        try:
            tags = Tags.model_validate_json(await _body(client.get(f"{url}/api/tags"))).models[:MOST_MODELS]
        except NOTHING:
            return None
        shown = await asyncio.gather(*(self._shown(client, url, tag.name) for tag in tags))
        found = (ollama_model(tag, about, self._window) for tag, about in zip(tags, shown, strict=True))
        return LocalServer("ollama", url, tuple(each for each in found if each is not None))

    async def _shown(self, client: httpx.AsyncClient, url: str, name: str) -> Shown:
        """What it says of one model; nothing where it fails at that one."""
        try:
            return Shown.model_validate_json(await _body(client.post(f"{url}/api/show", json={"model": name})))
        except NOTHING:
            return Shown()

    async def _vllm(self, client: httpx.AsyncClient, url: str) -> LocalServer | None:
        headers = {"authorization": f"Bearer {self._vllm_key}"} if self._vllm_key else {}
        key = VLLM_KEY if self._vllm_key else None
        try:
            cards = Cards.model_validate_json(await _body(client.get(f"{url}/v1/models", headers=headers)))
        except httpx.HTTPStatusError as error:
            locked = error.response.status_code in LOCKED and await self._says_version(client, url)
            return LocalServer("vllm", url, key=key, locked=True) if locked else None
        except NOTHING:
            return None
        models = vllm_models(cards.data)
        return LocalServer("vllm", url, models, key) if models else None

    async def _says_version(self, client: httpx.AsyncClient, url: str) -> bool:
        """vLLM tells its version without a key, as our own gateway and others do not."""
        try:
            Version.model_validate_json(await _body(client.get(f"{url}/version")))
        except NOTHING:
            return False
        return True


async def _body(asking: Awaitable[httpx.Response]) -> bytes:
    response = await asking
    response.raise_for_status()
    return response.content
