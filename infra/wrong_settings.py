"""What is wrong with an environment's settings, told without their values: they may be secrets."""

from pydantic import ValidationError
from pydantic_settings import BaseSettings


def wrong_settings(error: ValidationError) -> list[str]:
    """What is wrong with which environment variable, without its value; empty when no settings are at fault."""
    read = next((each for each in BaseSettings.__subclasses__() if each.__name__ == error.title), None)
    if read is None:
        return []
    prefix = str(read.model_config.get("env_prefix", ""))
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{prefix}{'.'.join(map(str, each['loc']))}".upper() + f": {each['msg']}" for each in found]
