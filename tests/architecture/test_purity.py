"""Decisions are pure, and importing a module does nothing."""

import ast
from collections.abc import Iterator

from source_tree import SERVICES, Module, dotted, modules, room

OUTSIDE = {
    "asyncio", "concurrent", "contextvars", "ftplib", "glob", "http", "io", "logging", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess",
    "sys", "tempfile", "threading", "time", "urllib.request", "warnings",
}  # fmt: skip
"""Of the standard library, what does I/O, keeps time, rolls dice or shares state."""
IMPURE_CALLS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now", "datetime.date.today",
    "uuid1", "uuid4", "uuid.uuid1", "uuid.uuid4", "open", "print", "input", "exec", "eval", "breakpoint",
}  # fmt: skip
BUILT_AT_IMPORT = (
    "Config", "Settings", "Client", "Database", "Bus", "Telemetry", "Tracer", "Provider", "Producer", "Consumer",
    "Session", "Pool", "App", "Store", "Standing", "View", "Broker", "Engine", "FastAPI", "Starlette", "Typer",
    "Console", "get_tracer", "create_engine", "create_pool", "connect", "Lock", "Event", "Queue", "Handlers",
)  # fmt: skip
PLAIN_VALUES = ("SettingsConfigDict", "ConfigDict")
THE_GENERATOR = "schemas.generate"
"""The one program in schemas: it writes the committed schemas."""
READS_THE_ENVIRONMENT = {
    "config.py": "settings",
    "app.py": "hands it to what resolves ${...} of the portfolio",
    "litellm.py": "LiteLLM takes some settings as variables only, before it is imported",
}


def decisions() -> list[Module]:
    """The contract, the domains, and the handlers, whose only clock is the record's append time."""
    rooms = [room(service, name) for service in SERVICES for name in ("domain", "handlers")]
    found = [*modules("schemas"), *(module for modules_of_room in rooms for module in modules_of_room)]
    return [module for module in found if module.name != THE_GENERATOR]


def is_a_port(function: ast.AsyncFunctionDef) -> bool:
    """A method of a protocol: it says what an adapter does, and does nothing."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in function.body)


def waits(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and not is_a_port(node):
            yield node


def built_at_import(module: Module) -> Iterator[str]:
    """What module-level names hold that was opened, connected or configured."""
    values = (node.value for node in module.tree.body if isinstance(node, ast.Assign | ast.AnnAssign) and node.value)
    for call in (found for value in values for found in ast.walk(value) if isinstance(found, ast.Call)):
        name = dotted(call.func).rpartition(".")[2]
        if name.endswith(BUILT_AT_IMPORT) and name not in PLAIN_VALUES:
            yield f"{module}:{call.lineno} {name}"


def test_a_decision_imports_nothing_that_reaches_outside() -> None:
    reached = [f"{m}:{line} {name}" for m in decisions() for line, name in m.imports() if name in OUTSIDE]

    assert not reached


def test_a_decision_has_no_clock_and_no_dice() -> None:
    calls = [(module, call) for module in decisions() for call in module.calls]

    assert not [f"{module}:{call.lineno}" for module, call in calls if dotted(call.func) in IMPURE_CALLS]


def test_a_decision_waits_for_nothing() -> None:
    assert not [f"{module}:{node.lineno}" for module in decisions() for node in waits(module.tree)]  # type: ignore[attr-defined]


def test_a_decision_keeps_no_memory_in_globals() -> None:
    assert not [str(module) for module in decisions() for node in ast.walk(module.tree) if isinstance(node, ast.Global)]


def test_nothing_is_opened_or_configured_by_an_import() -> None:
    assert not [place for module in modules() for place in built_at_import(module)]


def test_the_environment_is_read_where_settings_are() -> None:
    readers = {m.path.name: str(m) for m in modules("services") for line, name in m.imports() if name == "os"}

    assert set(readers) <= set(READS_THE_ENVIRONMENT), readers


def test_these_rules_can_be_broken() -> None:
    """The rules above find what they forbid, in a module that breaks them all."""
    tree = ast.parse("import os\nnow = datetime.now()\nCLIENT: Any = httpx.Client()\nasync def read(): await x\n")
    module = Module(modules("schemas")[0].path)
    object.__setattr__(module, "tree", tree)

    assert [name for _, name in module.imports() if name in OUTSIDE] == ["os"]
    assert [dotted(call.func) for call in module.calls if dotted(call.func) in IMPURE_CALLS] == ["datetime.now"]
    assert list(waits(tree))
    assert [place.split()[1] for place in built_at_import(module)] == ["Client"]
