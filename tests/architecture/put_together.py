"""A service, put together from what a container of it is told, and the variables that it reads."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import get_type_hints

import pytest
from pydantic_settings import BaseSettings
from source_tree import ROOT

from infra.site.settings import SHARED, SHARED_BY_ALL, settings_of, variables


def read_by(service: str) -> set[str]:
    """The variables that it reads: its own, and those that services share."""
    own = [f"services.{service}.config"] if (ROOT / "services" / service / "config.py").exists() else []
    settings: list[type[BaseSettings]] = [
        each for module in (*own, *SHARED, *SHARED_BY_ALL) for each in settings_of(module)
    ]
    return {variable for each in settings for variable, _, _ in variables(each)}


def put_together(service: str, told: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Build it where nothing is told but this; pydantic's ``ValidationError`` where that does not do."""
    for variable in list(os.environ):
        monkeypatch.delenv(variable)
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    app = import_module(f"services.{service}.app")
    config = next(iter(get_type_hints(app.build_app).values()))
    own = config.__module__ == f"services.{service}.config"
    assert app.build_app(config()) if own else app.build_app()
    for each in settings_of(f"services.{service}.config") if own else ():
        assert each()
