"""What docker-compose.yml tells each container, against what its service reads: no word is lost, and each takes it."""

import os
from importlib import import_module
from typing import get_type_hints

import pytest
from compose_file import Container, containers
from pydantic_settings import BaseSettings
from source_tree import ROOT

from infra.site.settings import SHARED, SHARED_BY_ALL, settings_of, variables

NOT_OURS = {"LOCAL_MODEL_URL", "PYTHONUNBUFFERED"}
"""What portfolio.yaml has its workers read, and Python."""
EACH = pytest.mark.parametrize("container", list(containers()), ids=lambda container: container.name)


def settings(service: str) -> list[type[BaseSettings]]:
    own = [f"services.{service}.config"] if (ROOT / "services" / service / "config.py").exists() else []
    return [each for module in (*own, *SHARED, SHARED_BY_ALL) for each in settings_of(module)]


@EACH
def test_each_variable_is_one_that_the_service_reads(container: Container) -> None:
    service, told = container.service, container.environment
    read = {variable for each in settings(service) for variable, _, _ in variables(each)}
    assert set(told) - read - NOT_OURS == set()


@EACH
def test_each_service_is_put_together_from_exactly_its_environment(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, told = container.service, container.environment
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
