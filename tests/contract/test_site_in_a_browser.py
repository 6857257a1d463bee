"""The documentation site as it is looked at: on a phone and wide, light and dark, and searched."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import chromium
from playwright.sync_api import Browser, Page

PHONE, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
LOOKED_AT = ("index", "docs/how-to/first-ten-minutes", "docs/reference/commands", "docs/reference/asyncapi")
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
CUT = """() => [...document.querySelectorAll('.md-content pre > code')]
    .filter(code => code.scrollWidth > code.clientWidth).map(code => code.textContent.slice(0, 40))"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class Watched:
    """A page, and what went wrong on it: words in its console, and requests that were refused or went elsewhere."""

    def __init__(self, browser: Browser, root: str, size: dict[str, int], scheme: Literal["light", "dark"]) -> None:
        self.page: Page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
        self.wrong: list[str] = []
        self.page.on(
            "console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda asked: self._elsewhere(root, asked.url))
        self.page.on("response", lambda answer: self.wrong.append(answer.url) if answer.status >= 400 else None)

    def _elsewhere(self, root: str, url: str) -> None:
        if not url.startswith((root, "data:", "blob:")):
            self.wrong.append(url)


def test_every_page_fits_on_a_phone(browser: Browser, served: str, site: Path) -> None:
    watched = Watched(browser, served, PHONE, "light")
    pages = sorted(page.relative_to(site).as_posix() for page in site.rglob("*.html"))
    too_wide = []
    for name in pages:
        watched.page.goto(served + name)
        too_wide += [name] if watched.page.evaluate(TOO_WIDE) else []
    watched.page.close()
    assert (too_wide, watched.wrong) == ([], [])
    assert len(pages) > 40


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (WIDE, "dark")], ids=["phone-light", "wide-dark"])
def test_pages_have_no_serious_fault(
    browser: Browser, served: str, size: dict[str, int], scheme: Literal["light", "dark"]
) -> None:
    watched = Watched(browser, served, size, scheme)
    faults = {}
    for name in LOOKED_AT:
        watched.page.goto(f"{served}{name}.html")
        shown = watched.page.locator("body").get_attribute("data-md-color-scheme")
        assert shown == ("slate" if scheme == "dark" else "default")
        found = Axe().run(watched.page).response["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        faults |= {(name, each["id"]): [node["html"][:150] for node in each["nodes"][:5]] for each in serious}
    watched.page.close()
    assert (faults, watched.wrong) == ({}, [])


def test_the_picture_on_the_first_page_is_seen_whole(browser: Browser, served: str) -> None:
    watched = Watched(browser, served, WIDE, "light")
    watched.page.goto(f"{served}index.html")
    assert watched.page.evaluate(CUT) == []
    watched.page.close()


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_the_search_finds_how_to_use_it(browser: Browser, served: str, size: dict[str, int]) -> None:
    watched = Watched(browser, served, size, "light")
    watched.page.goto(f"{served}index.html")
    if size is PHONE:
        watched.page.locator("label[for=__search]").first.click()
    else:
        watched.page.get_by_placeholder("Search").click()
    watched.page.get_by_text("Type to start searching").wait_for()
    watched.page.get_by_placeholder("Search").press_sequentially("add a provider")
    found = watched.page.locator(".md-search-result__link").first
    found.wait_for()
    found.click()
    watched.page.get_by_role("heading", level=1).wait_for()
    assert "add-a-provider.html" in watched.page.url
    watched.page.close()
    assert watched.wrong == []
