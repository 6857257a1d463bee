"""What OpenAI may be told beside what is asked, and changes no answer: sent to who takes it, for others refuse it.

Source: OpenAI's API reference, "Create chat completion": ``prompt_cache_key`` and ``safety_identifier`` replace
``user``. LiteLLM passes both on to OpenAI, and the first to Azure. ``max_completion_tokens`` replaces ``max_tokens``.
"""

from urllib.parse import urlsplit

from schemas.content import Json
from schemas.providers import AdapterKind, Provider

CACHE_KEY, IDENTIFIER, USER = "prompt_cache_key", "safety_identifier", "user"
MAX_COMPLETION, MAX = "max_completion_tokens", "max_tokens"
OPENAI, AZURE = "openai/", "azure/"
OPENAIS_HOSTS = (".openai.com", ".openai.azure.com")


def params_for(params: Json, provider: Provider, model: str) -> Json:
    """The parameters that this provider takes. Who does not take the identifier of a user is told it as ``user``."""
    told = dict(params)
    if not takes_cache_key(provider, model):
        told.pop(CACHE_KEY, None)
    if IDENTIFIER in told and not takes_identifier(provider, model):
        identifier = told.pop(IDENTIFIER)
        told.setdefault(USER, identifier)
    return told


def sets_bound(params: Json) -> bool:
    """Whether the client set a bound of its own, of whatever form."""
    return any(params.get(name) is not None for name in (MAX_COMPLETION, MAX))


def bounded(params: Json, most: int | None, provider: Provider, model: str) -> Json:
    """The parameters of a client that set no bound, with this one on the answer's tokens."""
    if most is None:
        return params
    return params | {MAX_COMPLETION if takes_identifier(provider, model) else MAX: most}


def takes_cache_key(provider: Provider, model: str) -> bool:
    """As the portfolio says of prompt caching; unless it does, where OpenAI or Azure is asked."""
    if provider.cache_control is False:
        return False
    if provider.adapter is AdapterKind.LITELLM:
        return model.startswith((OPENAI, AZURE)) and _is_openais(provider, default=True)
    return provider.cache_control is True or _is_openais(provider, default=False)


def takes_identifier(provider: Provider, model: str) -> bool:
    """Where OpenAI is asked."""
    if provider.adapter is AdapterKind.LITELLM:
        return model.startswith(OPENAI) and _is_openais(provider, default=True)
    return _is_openais(provider, default=False)


def _is_openais(provider: Provider, *, default: bool) -> bool:
    """Whether its address is one of OpenAI's, or of Azure's for it; ``default``: without an address."""
    if not provider.base_url:
        return default
    host = urlsplit(provider.base_url).hostname or ""
    return f".{host}".endswith(OPENAIS_HOSTS)
