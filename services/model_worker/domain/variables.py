"""``${VARIABLE}`` in a provider's address or path: filled in from the worker's environment, and nowhere else."""

import re
from collections.abc import Mapping

from pydantic import ValidationError

from schemas.connection import Settings
from schemas.providers import Provider
from schemas.variables import PLACE

HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
"""Source: RFC 9110, section 5.5, without the letters that it calls obsolete there."""


class VariableUnfit(Exception):
    """A provider cannot be called with the environment variables that this worker has."""


class VariableMissing(VariableUnfit):
    """A provider needs an environment variable that this worker does not have."""

    def __init__(self, variable: str, provider: str, field: str) -> None:
        self.variable = variable
        super().__init__(
            f"the environment variable {variable} is not set: {field} of provider {provider} needs it; "
            f"set it where this worker runs"
        )


class VariableWrong(VariableUnfit):
    """A variable holds what may not stand where it is wanted. Its value is not told: it may be a secret."""

    def __init__(self, variable: str, provider: str, field: str) -> None:
        super().__init__(
            f"the environment variable {variable} holds what {field} of provider {provider} cannot be; "
            f"correct it where this worker runs"
        )


def resolved(text: str, environ: Mapping[str, str], provider: str, field: str) -> str:
    """The text with its variables filled in. Raises :class:`VariableMissing` for one that is unset or empty."""

    def value(place: re.Match[str]) -> str:
        return variable(place[1], environ, provider, field)

    return PLACE.sub(value, text)


def variable(name: str, environ: Mapping[str, str], provider: str, field: str) -> str:
    """The value of a variable. Raises :class:`VariableMissing`."""
    if not (value := environ.get(name, "")):
        raise VariableMissing(name, provider, field)
    return value


def settings_of(provider: Provider, environ: Mapping[str, str], name: str) -> dict[str, str]:
    """What LiteLLM is told of the provider's cloud, by LiteLLM's names; it may hold secrets.

    Raises :class:`VariableMissing`, and :class:`VariableWrong` for a value that the document could not hold either: a
    region is a part of an address.
    """
    told = provider.settings.told() if provider.settings else {}
    for setting, named in (provider.settings_env.named() if provider.settings_env else {}).items():
        field = f"settings_env.{setting}"
        told[setting] = variable(named, environ, name, field)
        if setting in Settings.model_fields and not _may_be(setting, told[setting]):
            raise VariableWrong(named, name, field)
    return told


def _may_be(setting: str, value: str) -> bool:
    try:
        Settings.of({setting: value})
    except ValidationError:
        return False
    return True


def headers_of(provider: Provider, environ: Mapping[str, str], name: str) -> dict[str, str]:
    """The headers that go along with each call, with their values; they may be secrets.

    Raises :class:`VariableMissing`, and :class:`VariableWrong` for what no header can hold.
    """
    found: dict[str, str] = {}
    for header, named in (provider.headers_env or {}).items():
        field = f"headers_env.{header}"
        found[header] = variable(named, environ, name, field)
        if not HEADER_VALUE.fullmatch(found[header]):
            raise VariableWrong(named, name, field)
    return found
