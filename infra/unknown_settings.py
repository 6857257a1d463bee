"""Variables under the prefix of some settings that none of them knows: most often a name that is written wrong."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from pydantic_settings import BaseSettings


def unknown_settings(environment: Mapping[str, str], settings: Iterable[type[BaseSettings]]) -> list[str]:
    """What to say of each, without its value. Settings that share a prefix know each other's names."""
    known: dict[str, set[str]] = {}
    for each in settings:
        if prefix := str(each.model_config.get("env_prefix", "")):
            known.setdefault(prefix, set()).update(_names(each, prefix))
    return [
        _told(name, prefix, names)
        for prefix, names in known.items()
        for name in sorted(environment)
        if name.startswith(prefix) and name not in names
    ]


def _names(settings: type[BaseSettings], prefix: str) -> set[str]:
    fields = settings.model_fields.items()
    return {f"{prefix}{name}".upper() for name, _ in fields} | {str(field.validation_alias) for _, field in fields}


def _told(name: str, prefix: str, names: set[str]) -> str:
    ends = sorted(each.removeprefix(prefix) for each in names)
    near = get_close_matches(name.removeprefix(prefix), ends, n=1)
    return f"{name} is no setting, and changes nothing{f': is {prefix}{near[0]} meant?' if near else ''}"
