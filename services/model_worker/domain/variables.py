"""``${VARIABLE}`` in a provider's address or path: filled in from the worker's environment, and nowhere else."""

import re
from collections.abc import Mapping

from schemas.variables import PLACE


class VariableMissing(Exception):
    """A provider needs an environment variable that this worker does not have."""

    def __init__(self, variable: str, provider: str, field: str) -> None:
        self.variable = variable
        super().__init__(
            f"the environment variable {variable} is not set: {field} of provider {provider} needs it; "
            f"set it where this worker runs"
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
