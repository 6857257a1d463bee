"""OpenAI's own words: sent to who takes them, for others refuse them or have older ones.

Source: OpenAI's API reference, "Create chat completion": ``prompt_cache_key`` and ``safety_identifier`` replace
``user``. LiteLLM passes both on to OpenAI, and the first to Azure. ``max_completion_tokens`` replaces ``max_tokens``,
which OpenAI's reasoning models refuse; Ollama passes over the newer word, and Mistral and older vLLMs refuse it.
"""

import re
from urllib.parse import urlsplit

from schemas.asking import answer_bound
from schemas.content import Json
from schemas.providers import AdapterKind, Provider

CACHE_KEY, IDENTIFIER, USER = "prompt_cache_key", "safety_identifier", "user"
DEVELOPER = "developer"
"""OpenAI's newer word for the system; templates of others' models fail on it, or pass it over."""
MAX_COMPLETION, MAX = "max_completion_tokens", "max_tokens"
REASONS = re.compile(r"(^|/)(o\d|gpt-([5-9]|\d\d))")
"""In the names of OpenAI's reasoning models, which others pass requests on to."""
OPENAI, AZURE = "openai/", "azure/"
OPENAIS_HOSTS = (".openai.com", ".openai.azure.com")


def params_for(params: Json, provider: Provider, model: str) -> Json:
    """The parameters that this provider takes, in its words for them: ``user`` for who takes no identifier of one."""
    told = _in_one_bound(params, provider, model)
    if not takes_cache_key(provider, model):
        told.pop(CACHE_KEY, None)
    if IDENTIFIER in told and not takes_identifier(provider, model):
        identifier = told.pop(IDENTIFIER)
        told.setdefault(USER, identifier)
    return told


def messages_for(messages: tuple[Json, ...], provider: Provider, model: str) -> tuple[Json, ...]:
    """The messages in roles that this provider's models know: to all but OpenAI's a developer is the system."""
    if takes_identifier(provider, model) or not any(message.get("role") == DEVELOPER for message in messages):
        return messages
    return tuple(each | {"role": "system"} if each.get("role") == DEVELOPER else each for each in messages)


def reasons(model: str) -> bool:
    """Whether it is one of OpenAI's reasoning models, by its name: they refuse a temperature, and think at length."""
    return REASONS.search(model) is not None


def sets_bound(params: Json) -> bool:
    """Whether the client set a bound of its own, of whatever form."""
    return any(params.get(name) is not None for name in (MAX_COMPLETION, MAX))


def bounded(params: Json, most: int | None, provider: Provider, model: str) -> Json:
    """The parameters of a client that set no bound, with this one on the answer's tokens."""
    return params if most is None else params | {_word_for_a_bound(provider, model): most}


def _in_one_bound(params: Json, provider: Provider, model: str) -> Json:
    """A copy with the client's bound in the provider's word. LiteLLM has Azure's models by names that tell nothing."""
    bound, is_azures = answer_bound(params), provider.adapter is AdapterKind.LITELLM and model.startswith(AZURE)
    if bound is None or (is_azures and params.get(MAX_COMPLETION) is None):
        return dict(params)
    told = {name: value for name, value in params.items() if name not in (MAX_COMPLETION, MAX)}
    return told | {MAX_COMPLETION if is_azures else _word_for_a_bound(provider, model): bound}


def _word_for_a_bound(provider: Provider, model: str) -> str:
    return MAX_COMPLETION if takes_identifier(provider, model) or reasons(model) else MAX


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
