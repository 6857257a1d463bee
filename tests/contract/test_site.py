"""The documentation site: built from the tree, whole, in step with the code, and in need of no network."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from infra.site import settings, tree
from infra.site.__main__ import main
from infra.site.tree import LinkBroken, links
from schemas.generate import FOLDER
from schemas.topics import REGISTRY

FROM_ELSEWHERE = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=[\"']?(?:https?:)?//[^\s\"'>]+")
IN_STYLES = re.compile(r"url\([\"']?(?:https?:)?//[^)]+\)")


def text(site: Path, page: str) -> str:
    return (site / page).read_text()


def test_it_asks_nothing_of_a_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    assert {found for page in pages for found in FROM_ELSEWHERE.findall(page.read_text())} == set()
    assert {found for style in site.rglob("*.css") for found in IN_STYLES.findall(style.read_text())} == set()


class Places(HTMLParser):
    """Where a page can be gone to, and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.leads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.names |= {told.get("id") or "", told.get("name") or ""}
        self.leads += [lead for name in ("href", "src") if (lead := told.get(name))]


def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    pages = {page.resolve(): Places(page.read_text()) for page in site.rglob("*.html") if page.name != "404.html"}
    broken = []
    for page, places in pages.items():
        for lead in places.leads:
            path, _, anchor = lead.partition("#")
            if "://" in path or path.startswith(("data:", "mailto:")):
                continue
            target = (page.parent / unquote(path)).resolve() if path else page
            there = target.exists() and (not anchor or target not in pages or unquote(anchor) in pages[target].names)
            broken += [] if there else [f"{page.relative_to(site.resolve())}: {lead}"]
    assert broken == []


def test_what_is_used_is_found_before_why_it_was_decided(site: Path) -> None:
    found = json.loads((site / "search/search_index.json").read_text())["docs"]
    behind = {entry["location"].split("/")[1] for entry in found if entry.get("boost") == 0.5}
    assert behind == {"adr"}


def test_every_command_has_its_help(site: Path) -> None:
    page = text(site, "docs/reference/commands.html")
    for name in ("portfolio ask", "portfolio dead-letters replay", "portfolio keys rotate", "portfolio doctor"):
        assert f"Usage: {name} " in page


def test_every_setting_of_every_service_is_told(site: Path) -> None:
    page = text(site, "docs/reference/settings.html")
    told = {"KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "HEALTH_PORT", "GATEWAY_MAX_WAITING", "MODEL_WORKER_LEASE_S"}
    for module in (*settings.SHARED, *settings.SHARED_BY_ALL):
        told |= {variable for each in settings.settings_of(module) for variable, _, _ in settings.variables(each)}
    assert [variable for variable in sorted(told) if f"<code>{variable}</code>" not in page] == []


def test_every_topic_and_its_schema_are_there(site: Path) -> None:
    events, channels = text(site, "docs/reference/events.html"), text(site, "docs/reference/asyncapi.html")
    for topic in REGISTRY:
        assert f'id="{topic.event.__name__.lower()}"' in events
        assert topic.name in channels
        schema = json.loads((site / f"schemas/json/v1/{topic.name}.schema.json").read_text())
        assert schema == json.loads((FOLDER / "v1" / f"{topic.name}.schema.json").read_text())
    assert json.loads((site / "schemas/json/asyncapi.json").read_text())["asyncapi"] == "3.0.0"


def test_every_part_of_the_portfolio_is_told(site: Path) -> None:
    page = text(site, "docs/reference/portfolio.html")
    for part in ("portfolio", "provider", "model", "lane", "price", "lifecycle"):
        assert f'id="{part}"' in page
    assert '<a href="#provider">Provider</a> by name' in page


def test_every_page_is_in_the_menu(site: Path) -> None:
    menu = set(re.findall(r'href="([^"]+\.html)"[^>]*class="md-nav__link', text(site, "index.html")))
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    assert pages - menu <= {"index.html", "404.html"}


def test_a_program_is_shown_whole(site: Path) -> None:
    page = text(site, "docs/how-to/publish-from-go.html")
    assert "ListEndOffsets" in page
    assert "readFromTheEndOf" in page
    assert (site / "examples/clients/go/main.go").exists()


@pytest.mark.parametrize("link", ["nowhere.md", "intake.md#no-such-place"])
def test_a_broken_link_fails_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], link: str
) -> None:
    shown = tree.lay_out

    def with_a_broken_link(to: Path, written: object) -> None:
        shown(to, {**written, "docs/reviews.md": lambda: f"# Reviews\n\n[there]({link})\n"})  # type: ignore[dict-item]

    monkeypatch.setattr("infra.site.__main__.lay_out", with_a_broken_link)
    assert main(["--to", str(tmp_path / "site")]) == 1
    assert "the site is not built" in capsys.readouterr().err


def test_a_link_to_what_is_not_in_the_tree_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("[gone](gone.yaml)")
    with pytest.raises(LinkBroken, match=r"page\.md links to gone\.yaml"):
        list(links(page))
