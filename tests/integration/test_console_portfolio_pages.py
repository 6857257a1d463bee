"""Changing the portfolio on the console's pages, on real Kafka: checked, compared, applied, taken back."""

import html
import re
from collections.abc import AsyncIterator

import pytest
from console_at_work import PORTFOLIO, Visitor, pages_over, put_in_force, visiting

from infra.bus.config import BusConfig
from services.console.app import ConsoleApp, build_app
from services.console.commands.desk import ConsolePages
from services.console.config import ConsoleConfig

WIDER = PORTFOLIO.replace("context_tokens: 99", "context_tokens: 999", 1)


@pytest.fixture
async def console(bus_config: BusConfig) -> AsyncIterator[ConsolePages]:
    await put_in_force(bus_config)
    async with pages_over(bus_config) as pages:
        yield pages


@pytest.fixture
def app(bus_config: BusConfig) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return html.unescape(found[1])


async def checked_and_applied(admin: Visitor, text: str, note: str = "") -> str:
    """What an admin sees in between."""
    seen = (await admin.send("/portfolio/document", text=text, note=note)).text
    told = {name: hidden(seen, name) for name in ("text", "note", "expect", "confirmed")}
    done = await admin.send("/portfolio/apply", **told)
    assert (done.status_code, done.url.path) == (200, "/portfolio"), done.text
    return seen


async def test_the_document_in_force_is_shown_as_the_same_revision(console: ConsolePages) -> None:
    async with visiting(console.url, "olga") as olga:
        page = (await olga.see("/portfolio/document")).text
        shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
        assert shown is not None
        again = await olga.send("/portfolio/document", text=html.unescape(shown[1]), note="")
        assert (again.status_code, "It is what is in force." in again.text) == (200, True)


async def test_an_admin_applies_what_was_checked_and_takes_it_back(console: ConsolePages, app: ConsoleApp) -> None:
    before = (await app.history()).in_force
    async with visiting(console.url, "ada") as ada:
        seen = await checked_and_applied(ada, WIDER.replace("\n", "\r\n"), "more room")
        assert "models.small.context_tokens" in seen
        current = (await app.history()).current
        assert current is not None
        assert (current.author, current.note, current.revision != before) == ("ada", "more room", True)
        shown = (await ada.see(f"/portfolio?revision={before}&against={current.revision}")).text
        assert "models.small.context_tokens" in shown
        assert f"In force: {current.revision}" in shown

        asked = (await ada.send("/portfolio/rollback", revision=before)).text
        assert "models.small.context_tokens" in asked
        assert (await app.history()).in_force == current.revision, "nothing is done before it is confirmed"
        told = {name: hidden(asked, name) for name in ("revision", "note", "expect", "confirmed")}
        done = await ada.send("/portfolio/rollback", **told)
        assert f"In force: {before}" in done.text
    last = (await app.history()).current
    assert last is not None
    assert (last.revision, last.author) == (before, "ada")


async def test_a_change_that_came_between_is_not_overwritten(console: ConsolePages, app: ConsoleApp) -> None:
    async with visiting(console.url, "ada") as ada, visiting(console.url, "ada") as other:
        seen = (await ada.send("/portfolio/document", text=WIDER, note="")).text
        await checked_and_applied(other, WIDER.replace("999", "500"))
        told = {name: hidden(seen, name) for name in ("text", "note", "expect", "confirmed")}
        refused = await ada.send("/portfolio/apply", **told)
    assert (refused.status_code, "look at it, then apply again" in refused.text) == (409, True)
    current = (await app.history()).current
    assert current is not None
    assert current.portfolio.models["small"].context_tokens == 500


async def test_errors_are_told_with_their_lines_and_nothing_can_be_applied(console: ConsolePages) -> None:
    async with visiting(console.url, "ada") as ada:
        wrong = WIDER.replace("tiers: [[small]", "tiers: [[smal]")
        page = await ada.send("/portfolio/document", text=wrong, note="")
        assert page.status_code == 422
        assert re.search(r"line \d+, column \d+: <code>lanes.simple.tiers", page.text)
        assert "did you mean &#34;small&#34;?" in page.text
        assert "Apply" not in page.text
        unasked = await ada.send("/portfolio/apply", text=WIDER)
        assert (unasked.status_code, "check the document first" in unasked.text) == (422, True)
        forced = await ada.send("/portfolio/apply", text=wrong, expect="none", confirmed="yes")
        assert (forced.status_code, "did you mean" in forced.text) == (409, True)
        large = await ada.send("/portfolio/document", text="x" * 1_100_000)
        assert large.status_code == 413
        unknown = await ada.send("/portfolio/rollback", revision="nothing")
        assert (unknown.status_code, "there is no revision nothing" in unknown.text) == (409, True)


async def test_an_operator_checks_and_rolls_back_and_a_viewer_looks(console: ConsolePages, app: ConsoleApp) -> None:
    async with visiting(console.url, "olga") as olga:
        seen = (await olga.send("/portfolio/document", text=WIDER, note="")).text
        assert "An admin may apply it." in seen
        refused = await olga.send(
            "/portfolio/apply", text=WIDER, expect=(await app.history()).in_force, confirmed="yes"
        )
        assert (refused.status_code, "needs the role admin" in refused.text) == (403, True)
    async with visiting(console.url, "ann") as ann:
        for path in ("/portfolio/document", "/portfolio/rollback", "/breakers/reset"):
            assert (await ann.send(path, revision="x", path="large@acme")).status_code == 403, path
        page = (await ann.see("/portfolio")).text
        assert "/portfolio/document" not in page
        assert "cannot be reached" in page, "all but the scores is told without it"


async def test_a_breaker_is_closed_once_that_is_confirmed(console: ConsolePages, app: ConsoleApp) -> None:
    async with visiting(console.url, "olga") as olga:
        asked = await olga.send("/breakers/reset", path="large@acme")
        assert "Close the breaker of large@acme?" in asked.text
        assert [each.state for each in await app.breakers()] == ["open"]
        page = await olga.send("/breakers/reset", path="large@acme", confirmed="yes")
        assert "Close the breaker" not in page.text, "the page knows it at once"
    assert [(each.state, each.by) for each in await app.breakers()] == [("closed", "olga")]
