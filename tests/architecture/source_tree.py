"""The source as syntax trees: what the architecture tests look at. Nothing of it is run."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = tuple(sorted(p.name for p in (ROOT / "services").iterdir() if (p / "__init__.py").is_file()))
OURS = ("schemas", "services", "infra")


@dataclass(frozen=True)
class Module:
    """One Python file of ours."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(), str(self.path))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Every module imported, anywhere in the file, with its line; ``from a import b`` gives ``a`` and ``a.b``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, node.module or ""
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]


@cache
def module(path: Path) -> Module:
    """One of each, so that a file is parsed once."""
    return Module(path)


def modules(*parts: str) -> list[Module]:
    """The modules at or below these places: ``modules("services", "router")``; ours, without any."""
    if not parts:
        return [module for part in OURS for module in modules(part)]
    place = ROOT.joinpath(*parts)
    if place.is_file():
        return [module(place)]
    return [module(path) for path in sorted(place.rglob("*.py"))]


def room(service: str, name: str) -> list[Module]:
    """The modules of one room: ``domain`` is ``domain.py`` or all of ``domain/``."""
    return modules("services", service, f"{name}.py") + modules("services", service, name)


def dotted(node: ast.expr) -> str:
    """A name as it is written: ``datetime.now``; empty for what is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def tracked_files() -> list[Path]:
    """What is, or is about to be, in the repository; an unpacked archive without git has all its files looked at."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode == 0:
        return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]
    hidden = (".venv", ".portfolio", ".git", "__pycache__")
    return [p for p in ROOT.rglob("*") if p.is_file() and not any(part in hidden for part in p.parts)]
