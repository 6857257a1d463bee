"""The providers behind the portfolio's entries: one adapter an entry, built when it is first needed."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from schemas.providers import AdapterKind, Provider
from services.model_worker.adapters.openai_compatible import OpenAICompatible
from services.model_worker.adapters.replay import Replay, read_recordings
from services.model_worker.domain.calls import Adapter
from services.model_worker.domain.variables import headers_of, resolved, settings_of, variable


class Providers:
    """Adapters of one provider, by its entry: two revisions of the portfolio may say different things of it.

    ``environ`` fills in ``${VARIABLE}`` and holds what ``api_key_env``, ``settings_env`` and ``headers_env`` name.
    """

    def __init__(self, name: str, environ: Mapping[str, str], most_bytes: int) -> None:
        self._name = name
        self._environ = environ
        self._most_bytes = most_bytes
        self._adapters: dict[Provider, Adapter] = {}
        self._building = asyncio.Lock()

    async def adapter_of(self, provider: Provider) -> Adapter:
        """The adapter of this entry.

        Raises :class:`~services.model_worker.domain.variables.VariableUnfit`,
        :class:`~services.model_worker.adapters.replay.AnswersUnreadable`,
        or ``ImportError`` for LiteLLM without its extra.
        """
        if found := self._adapters.get(provider):
            return found
        async with self._building:
            if provider not in self._adapters:
                self._adapters[provider] = await self._build(provider)
            return self._adapters[provider]

    async def close(self) -> None:
        """Close every connection."""
        for adapter in self._adapters.values():
            await adapter.close()

    async def _build(self, provider: Provider) -> Adapter:
        match provider.adapter:
            case AdapterKind.OPENAI_COMPATIBLE:
                base_url = self._filled(provider.base_url, "base_url") or ""
                return OpenAICompatible(base_url, self._key(provider), self._most_bytes, self._headers(provider))
            case AdapterKind.REPLAY:
                path = Path(self._filled(provider.answers, "answers") or "")
                return Replay(await asyncio.to_thread(read_recordings, path))
            case AdapterKind.LITELLM:
                return await self._build_litellm(provider)

    async def _build_litellm(self, provider: Provider) -> Adapter:
        from services.model_worker.adapters.litellm import LiteLLM, import_litellm

        base_url, key = self._filled(provider.base_url, "base_url"), self._key(provider)
        settings, headers = settings_of(provider, self._environ, self._name), self._headers(provider)
        litellm = await asyncio.to_thread(import_litellm, self._most_bytes)
        return LiteLLM(litellm, base_url, key, settings, headers)

    def _filled(self, text: str | None, field: str) -> str | None:
        return None if text is None else resolved(text, self._environ, self._name, field)

    def _key(self, provider: Provider) -> str | None:
        name = provider.api_key_env
        return None if name is None else variable(name, self._environ, self._name, "api_key_env")

    def _headers(self, provider: Provider) -> dict[str, str]:
        return headers_of(provider, self._environ, self._name)
