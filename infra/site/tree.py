"""Lays the pages out for MkDocs as they lie in the tree, so that every link leads where it leads there."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "ARCHITECTURE.md", "docs", "services", "schemas/json")
"""What is published whole: pages, pictures, schemas and examples."""
LANGUAGES = {".py": "python", ".js": "js", ".go": "go", ".java": "java"}
LESS_SOUGHT = ROOT / "docs/adr"
FOUND_LATER = "---\nsearch:\n  boost: 0.5\n---\n\n"
"""The search puts why something was decided behind how it is used."""
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")
_SHOWN = re.compile(r"^<!-- show: (\S+) -->$", re.MULTILINE)


class LinkBroken(Exception):
    """A page links to what is not in the tree."""

    def __init__(self, page: Path, link: str) -> None:
        super().__init__(f"{page.relative_to(ROOT)} links to {link}, which is not there")


def lay_out(to: Path, written: Mapping[str, Callable[[], str]]) -> None:
    """Copy every page with what it links to, and write those that are read off the code."""
    shutil.rmtree(to, ignore_errors=True)
    for path in published():
        _copy(path, to)
        if path.suffix == ".md":
            _page(path, to)
    for name, write in written.items():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (to / name).write_text(write())


def published() -> list[Path]:
    """Tracked files of the site, and those that the next commit would track."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *PAGES]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    kept = (ROOT / name for name in sorted(set(listed)) if not name.endswith((".py", ".html", ".j2", ".css", ".js")))
    return [path for path in kept if path.exists() and (path.suffix == ".md" or "services" not in path.parts)]


def _page(path: Path, to: Path) -> None:
    for target in links(path):
        if target.is_file() and target.suffix != ".md":
            _copy(target, to)
    text = _SHOWN.sub(_program, _LINK.sub(_to_a_file(path), path.read_text()))
    head = FOUND_LATER if path.is_relative_to(LESS_SOUGHT) else ""
    (to / path.relative_to(ROOT)).write_text(head + text)


def links(path: Path) -> Iterator[Path]:
    """What a page links to in the tree. Raises :class:`LinkBroken`."""
    for link in _LINK.findall(path.read_text()):
        target = (path.parent / link).resolve()
        if not target.exists():
            raise LinkBroken(path, link)
        yield target


def _to_a_file(path: Path) -> Callable[[re.Match[str]], str]:
    """A link to a folder leads to its page."""

    def changed(found: re.Match[str]) -> str:
        return f"{found[0].rstrip('/')}/README.md" if (path.parent / found[1]).is_dir() else found[0]

    return changed


def _program(found: re.Match[str]) -> str:
    file = ROOT / found[1]
    return f"\n```{LANGUAGES[file.suffix]}\n{file.read_text()}```"


def _copy(path: Path, to: Path) -> None:
    target = to / path.relative_to(ROOT)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
