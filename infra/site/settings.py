"""The page of settings: every environment variable that a service reads, off its settings classes."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from infra.site.fields import kind, plain
from schemas.topics import SERVICES

SHARED = ("infra.bus.config", "infra.store.config", "infra.objects.config", "infra.telemetry.config")
SHARED_BY_ALL = ("infra.metrics.config", "infra.log_config")
TITLES = {
    "infra.bus.config": "Kafka",
    "infra.store.config": "PostgreSQL",
    "infra.objects.config": "Large content, and what is sealed",
    "infra.telemetry.config": "Traces, and metrics that are pushed",
    "infra.metrics.config": "Health and metrics",
    "infra.log_config": "Logs",
}
HEAD = "# Settings\n\nRead off the settings classes: environment variables, for each service.\n"
COLUMNS = "| variable | type | unless told | |\n|---|---|---|---|\n"
SOURCE = Path(__file__).parents[2] / "services"


def page() -> str:
    """Markdown."""
    shared = [f"## {TITLES[name]}\n\n{_users(name)}\n\n{_tables(name)}" for name in (*SHARED, *SHARED_BY_ALL)]
    own = [f"## {service}\n\n{told}" for service in SERVICES if (told := _own(service))]
    return "\n".join([HEAD, *shared, *own])


def settings_of(module: str) -> list[type[BaseSettings]]:
    """The settings classes that a module defines."""
    found = inspect.getmembers(import_module(module), inspect.isclass)
    return [each for _, each in found if issubclass(each, BaseSettings) and each.__module__ == module]


def variables(settings: type[BaseSettings]) -> Iterator[tuple[str, str, FieldInfo]]:
    """The environment variable of each field, with the field's name."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        yield (alias if isinstance(alias, str) else f"{prefix}{name}").upper(), name, field


def _users(module: str) -> str:
    if module in SHARED_BY_ALL:
        return "Read by every service."
    read = [name for name in SERVICES if any(module in file.read_text() for file in (SOURCE / name).rglob("*.py"))]
    return f"Read by {', '.join(read)}." if read else "Read by every service."


def _own(service: str) -> str:
    module = f"services.{service}.config"
    return _tables(module) if (SOURCE / service / "config.py").exists() else ""


def _tables(module: str) -> str:
    return "\n".join(f"{plain(each.__doc__ or '')}\n\n{_table(each)}" for each in settings_of(module))


def _table(settings: type[BaseSettings]) -> str:
    shape = settings.model_json_schema(by_alias=False)["properties"]
    rows = (f"| `{variable}` | {_kind(shape[name])} | {_default(field)} | {plain(field.description or '')} |\n"
            for variable, name, field in variables(settings))  # fmt: skip
    return COLUMNS + "".join(rows)


def _kind(told: dict[str, object]) -> str:
    """A type that has a page of its own elsewhere is only named here."""
    return kind(told).partition("](#")[0].lstrip("[")


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "" if field.default_factory else "**required**"
    return "" if field.default in (None, "", ()) or "Secret" in type(field.default).__name__ else f"`{field.default}`"
