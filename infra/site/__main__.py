"""Build the site: ``python -m infra.site`` (``make docs``). A broken link fails it."""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

from infra.site import asyncapi, commands, document, events, settings
from infra.site.tree import ROOT, LinkBroken, lay_out

HERE = Path(__file__).parent
SITE = ROOT / ".portfolio" / "site"
WRITTEN = {
    "docs/reference/commands.md": commands.page,
    "docs/reference/settings.md": settings.page,
    "docs/reference/events.md": events.page,
    "docs/reference/asyncapi.md": asyncapi.page,
    "docs/reference/portfolio.md": document.page,
    "site.css": (HERE / "site.css").read_text,
}
"""What is not in the tree as it is published: pages that are read off the code, and how they look."""


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when a link is broken."""
    parser = argparse.ArgumentParser(prog="python -m infra.site", description="Build the documentation site.")
    parser.add_argument("--to", type=Path, default=SITE, help="the folder of the site")
    to = parser.parse_args(arguments).to
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    try:
        write(to)
    except (Abort, LinkBroken) as broken:
        sys.stderr.write(f"the site is not built: {broken}\n")
        return 1
    sys.stdout.write(f"the site is in {to}; look at it with: python -m http.server --bind 127.0.0.1 --directory {to}\n")
    return 0


def write(to: Path) -> None:
    """Lay out the pages beside the site, and build it. Raises ``Abort`` and :class:`LinkBroken`."""
    pages = to.with_name(f"{to.name}-pages")
    lay_out(pages, WRITTEN)
    config = load_config(str(HERE / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(to))
    config.nav = [*(config.nav or ()), *further(config.nav, pages)]
    config.plugins.on_startup(command="build", dirty=False)
    try:
        build(config)
    finally:
        config.plugins.on_shutdown()


def further(menu: Any, pages: Path) -> list[dict[str, list[str]]]:
    """What the menu does not name: every decision, and pages that came since."""
    listed = set(_named(menu))
    rest = [path.relative_to(pages).as_posix() for path in sorted(pages.rglob("*.md"))]
    decisions = sorted(
        (page for page in rest if page.startswith("docs/adr/")), key=lambda page: ("README" not in page, page)
    )
    others = [page for page in rest if page not in listed and page not in decisions]
    return [{title: found} for title, found in (("Decisions", decisions), ("Further pages", others)) if found]


def _named(menu: Any) -> Iterator[str]:
    if isinstance(menu, str):
        yield menu
    for each in menu.values() if isinstance(menu, dict) else menu if isinstance(menu, list) else ():
        yield from _named(each)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
