"""Chromium for tests, and what they do on the console's pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
HOLDERS = {"ann": "viewer", "olga": "operator", "ada": "admin"}
"""Who may sign in, and as what; a holder's key is the name."""


def keys_of(holders: dict[str, str]) -> str:
    """As ``CONSOLE_KEYS`` tells them."""
    return ",".join(f"{name}:{role}:{sha256(name.encode()).hexdigest()}" for name, role in holders.items())


def skip_without_chromium() -> None:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, until the block ends."""
    skip_without_chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        yield started
        started.close()


def signed_in(browser: Browser, url: str, name: str) -> Page:
    """A page of somebody who has signed in."""
    page = browser.new_context(base_url=url).new_page()
    page.goto("/requests")
    page.get_by_label("Your key").fill(name)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Requests", level=1).wait_for()
    return page


def csrf_of(page: str) -> str:
    """The token in a page's form."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]
