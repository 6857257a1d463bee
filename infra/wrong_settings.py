"""What is wrong with an environment's settings, told without their values: they may be secrets."""

import re
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LENGTH = re.compile(r"(\d+) items after validation.*")
"""Only secrets are counted in our settings, and theirs are characters."""


class WrongSetting(Exception):
    """A setting with which a service cannot run; the message names it, and the remedy, and holds no secret."""


def wrong_settings(error: ValidationError) -> list[str]:
    """What is wrong with which environment variable, without its value; empty when no settings are at fault."""
    read = next((each for each in BaseSettings.__subclasses__() if each.__name__ == error.title), None)
    if read is None:
        return []
    prefix = str(read.model_config.get("env_prefix", ""))
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [_told(prefix, each) for each in found]


def _told(prefix: str, fault: "ErrorDetails") -> str:
    """One fault, by its variable; of what several do together, the message names them."""
    said = LENGTH.sub(r"\1 characters", fault["msg"].removeprefix("Value error, "))
    name = f"{prefix}{'.'.join(map(str, fault['loc']))}".upper()
    return f"{name}: {said}" if fault["loc"] else said
