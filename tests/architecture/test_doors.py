"""Doors open one way: app, then handlers and adapters, then domain, then schemas."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from source_tree import ROOT, SERVICES, Module, modules, room

SEES_THE_BUS = ("app.py", "__main__.py")
PURE_LIBRARIES = {
    "": {"pydantic", "pydantic_core", "typing_extensions"},
    "schemas": {"jsonschema_rs"},
    "validator": {"jsonschema_rs"},
    "console": {"ruamel"},
}
"""Beside the standard library and schemas, what a domain may use: parsers of text in memory, which do no I/O."""


def test_the_contracts_of_import_linter_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 broken" in run.stdout


def test_each_service_stands_in_the_contracts() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    listed = [set(contract[part]) for contract in contracts for part in ("modules", "containers") if part in contract]

    assert listed == [{f"services.{service}" for service in SERVICES}] * 2


@pytest.mark.parametrize("service", SERVICES)
def test_only_the_app_sees_the_bus(service: str) -> None:
    found = [
        f"{module}:{line}"
        for module in modules("services", service)
        for line, name in module.imports()
        if name.startswith("infra.bus") and not may_see_the_bus(service, module)
    ]

    assert not found


def may_see_the_bus(service: str, module: Module) -> bool:
    """The console is a client with a topic or two to read and write; its adapters speak to Kafka themselves."""
    return module.path.name in SEES_THE_BUS or (service == "console" and "adapters" in module.path.parts)


@pytest.mark.parametrize("service", SERVICES)
def test_handlers_know_decisions_and_the_contract_only(service: str) -> None:
    ours = ("schemas", f"services.{service}.domain")

    assert not strangers(room(service, "handlers"), ours, set())


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_knows_the_contract_only(service: str) -> None:
    libraries = PURE_LIBRARIES[""] | PURE_LIBRARIES.get(service, set())

    assert not strangers(room(service, "domain"), ("schemas", f"services.{service}.domain"), libraries)


def test_the_contract_imports_pydantic_and_nothing_of_ours() -> None:
    """And what holds a JSON Schema to its draft, which two services that let requests in have in their extras."""
    assert not strangers(modules("schemas"), ("schemas",), PURE_LIBRARIES[""] | PURE_LIBRARIES["schemas"])


def strangers(found: list[Module], ours: tuple[str, ...], libraries: set[str]) -> list[str]:
    """Imports of anything else than these and the standard library."""
    known = libraries | set(sys.stdlib_module_names)
    return [
        f"{module}:{line} imports {name}"
        for module in found
        for line, name in module.imports()
        if not name.startswith(ours) and name.split(".")[0] not in known
    ]
