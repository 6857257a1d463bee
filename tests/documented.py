"""What the documentation tells a reader to do: its ``sh`` blocks, in order, and its ``diff`` blocks for portfolio.yaml.

A comment before a block that no reader sees says what it needs: ``<!-- run by: a test -->``, ``<!-- not run: why -->``
or ``<!-- needs: jaeger -->``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "ARCHITECTURE.md", "docs/**/*.md", "services/*/README.md", "schemas/json/README.md")
_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>run by|not run|needs): (?P<why>[^\n]+) -->\n)?^```(?P<kind>sh|diff)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page. ``run_by``: another test; ``not_run``: why not; ``needs``: what not every machine has."""

    page: str
    kind: str
    text: str
    run_by: str = ""
    not_run: str = ""
    needs: str = ""


def pages() -> list[Path]:
    """Every page that has a block, decisions apart."""
    found = {path for pattern in PAGES for path in ROOT.glob(pattern) if "adr" not in path.parts}
    return sorted(path for path in found if _BLOCK.search(path.read_text()))


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    for found in _BLOCK.finditer(page.read_text()):
        told = {found["mark"].replace(" ", "_"): found["why"]} if found["mark"] else {}
        yield Block(page.relative_to(ROOT).as_posix(), found["kind"], found["text"], **told)


def changed(document: str, diff: str) -> str:
    """The document with a diff carried out: what each part of it leaves or takes away must stand there once."""
    for part in filter(None, diff.split("\n\n")):
        lines = part.strip("\n").splitlines()
        old, new = ("\n".join(line[1:] for line in lines if line[:1] in kept) for kept in (" -", " +"))
        assert document.count(old) == 1, f"stands there {document.count(old)} times:\n{old}"
        document = document.replace(old, new)
    return document
