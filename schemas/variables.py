"""``${VARIABLE}`` in a provider's entry: where one stands, and which a provider needs."""

import re

from schemas.providers import Provider

PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def variables_of(provider: Provider) -> set[str]:
    """The names of all variables of the environment that its worker reads."""
    texts = (provider.base_url or "", provider.answers or "")
    named = {name for text in texts for name in PLACE.findall(text)}
    named |= set(provider.settings_env.named().values() if provider.settings_env else ())
    named |= set((provider.headers_env or {}).values())
    return named | {provider.api_key_env} if provider.api_key_env else named
