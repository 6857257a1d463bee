"""The room plan: one who knows one service knows all."""

import ast
from collections import Counter

import pytest
from source_tree import ROOT, SERVICES, Module, modules, room

ROOMS = {"__init__", "__main__", "config", "app", "handlers", "routes", "loops", "domain", "adapters"}
OF_ITS_OWN = {"console": {"commands"}}
"""The console's commands are to it what routes are to others."""
ALWAYS = {"__init__", "__main__", "app"}
VAGUE = {"utils", "util", "common", "helpers", "helper", "core", "base", "manager", "misc", "shared", "lib"}
LONGEST = 350
SCREEN_LINES, SCREEN_COLUMNS = 60, 160


def rooms_of(service: str) -> set[str]:
    folder = ROOT / "services" / service
    found = {p.stem for p in folder.glob("*.py")}
    return found | {p.name for p in folder.iterdir() if p.is_dir() and p.name != "__pycache__"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_rooms_of_the_plan_and_no_others(service: str) -> None:
    rooms = rooms_of(service)

    assert rooms <= ROOMS | OF_ITS_OWN.get(service, set())
    assert rooms >= ALWAYS


@pytest.mark.parametrize("service", SERVICES)
def test_a_folder_of_a_service_holds_only_what_belongs_there(service: str) -> None:
    others = {p.name for p in (ROOT / "services" / service).iterdir() if p.is_file() and p.suffix != ".py"}

    assert others <= {"README.md"}


@pytest.mark.parametrize("service", SERVICES)
def test_domain_is_a_module_or_a_package_and_not_both(service: str) -> None:
    folder = ROOT / "services" / service

    assert not ((folder / "domain.py").exists() and (folder / "domain").exists())


@pytest.mark.parametrize("service", SERVICES)
def test_a_room_exists_only_when_it_holds_something(service: str) -> None:
    empty = {name for name in rooms_of(service) - {"__init__"} if not any(map(defines, room(service, name)))}

    assert not empty


def defines(module: Module) -> bool:
    """Whether there is more in it than its docstring."""
    return any(not isinstance(node, ast.Expr) for node in module.tree.body)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_explained_on_one_screen(service: str) -> None:
    readme = ROOT / "services" / service / "README.md"
    assert readme.is_file(), f"{service} has no README.md"
    lines = readme.read_text().splitlines()
    told = readme.read_text().lower()

    assert 5 <= len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) <= SCREEN_COLUMNS
    assert not [subject for subject in ("hears", "says", "decides", "settings", "fail") if subject not in told]


@pytest.mark.parametrize("service", SERVICES)
def test_a_main_module_only_reads_the_settings_builds_and_runs(service: str) -> None:
    assert [len(main.lines) <= 60 for main in room(service, "__main__")] == [True]


def test_a_module_is_named_after_its_subject() -> None:
    assert not [str(module) for module in modules() if VAGUE & set(module.name.split("."))]


def test_a_module_can_be_read_in_one_go() -> None:
    assert not [f"{m}: {len(m.lines)} lines" for m in [*modules(), *modules("tests")] if len(m.lines) > LONGEST]


def test_a_module_says_what_it_is_for() -> None:
    assert not [str(module) for module in modules() if not ast.get_docstring(module.tree)]


def test_no_two_modules_of_tests_have_one_name() -> None:
    """pytest imports each by its last name alone."""
    names = Counter(module.path.stem for module in modules("tests") if module.path.stem.startswith("test_"))
    assert not [name for name, count in names.items() if count > 1]
