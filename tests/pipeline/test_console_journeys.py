"""Ways that an operator goes through the console's pages in Chromium, over all services at work."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from browsers import HOLDERS, chromium, keys_of, signed_in
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from infra.bus.config import BusConfig
from infra.bus.dead_letter import ORIGIN
from pipeline.conftest import PREFIX
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, says
from pipeline.stack import Background, Pipeline
from pipeline.test_reviews import asked
from pipeline.waiting import until
from schemas.outcome import RequestCompleted
from schemas.portfolio import Portfolio
from services.console.adapters.portfolio_text import text_of
from services.console.app import ConsoleApp, build_app
from services.console.commands.desk import build_pages
from services.console.commands.portfolios import put_in_force, take_back
from services.console.config import ConsoleConfig, PagesConfig
from services.console.domain.portfolio_file import Reading, read
from services.console.domain.revisions import Signature


@pytest.fixture(scope="module")
def url(pipeline: Pipeline, background: Background) -> Iterator[str]:
    """Where the pages are."""
    config = ConsoleConfig(kafka=pipeline.bootstrap, ledger=pipeline.services.ledger)
    app = build_app(config, BusConfig(kafka_bootstrap_servers=pipeline.bootstrap))
    pages = build_pages(app, PagesConfig(port=0, keys=SecretStr(keys_of(HOLDERS))))
    background.run(pages.start())
    yield pages.url
    background.run(pages.stop())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def main_of(page: Page) -> str:
    return page.locator("main").inner_text()


def put_aside(pipeline: Pipeline, body: bytes, key: bytes) -> str:
    """A letter as the profiler would have written it; its name."""
    origin = ("handler_error", "a bug, mended since", f"{PREFIX}request.submitted", "0", "7", "1700000000000")
    headers = [(f"dl_{name}", value.encode()) for name, value in zip(ORIGIN, origin, strict=True)]
    _, offset = pipeline.client.send("dead-letters.profiler", body, key, headers)
    return f"profiler@{offset}"


def test_an_operator_answers_a_review_and_the_request_ends_by_his_word(
    pipeline: Pipeline, url: str, browser: Browser
) -> None:
    request_id, _ = asked(pipeline, "staffed")
    page = signed_in(browser, url, "olga")
    page.get_by_role("link", name="Reviews").click()
    page.get_by_role("link", name=str(request_id)[:8]).click()
    assert '{"number": 0}' in main_of(page)
    page.get_by_label("Your answer").fill(RIGHT)
    page.get_by_label("A word on it").fill("read it myself")
    page.get_by_role("button", name="Answer …").click()
    expect(page.get_by_role("heading", name="Answer with this?")).to_be_visible()
    assert not pipeline.ends(request_id), "nothing is said before it is confirmed"
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("main")).to_contain_text("olga says: read it myself")

    end = pipeline.completed(request_id)
    assert (end.status, end.answer and end.answer["message"]["content"]) == ("human", RIGHT)
    page.get_by_role("link", name="Reviews").click()
    assert str(request_id)[:8] not in main_of(page)


def test_an_operator_rejects_a_review_and_the_client_is_told_why(
    pipeline: Pipeline, url: str, browser: Browser
) -> None:
    request_id, _ = asked(pipeline, "staffed")
    page = signed_in(browser, url, "olga")
    page.goto(f"/reviews/{request_id}")
    page.get_by_label("Reason").fill("not ours to decide")
    page.get_by_role("button", name="Reject …").click()
    page.get_by_role("button", name="Reject").click()
    expect(page.locator("main")).to_contain_text("rejected")

    end = pipeline.failed(request_id)
    assert (end.reason, end.detail) == ("review_rejected", "not ours to decide")


def test_an_operator_replays_a_dead_letter_once_it_was_seen_what_that_does(
    pipeline: Pipeline, url: str, browser: Browser
) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Back from the dead.")]})
    request_id = uuid4()
    body = json.dumps({**script.request(), "request_id": str(request_id)}).encode()
    letter = put_aside(pipeline, body, str(request_id).encode())
    page = signed_in(browser, url, "olga")
    page.get_by_role("link", name="Dead letters").click()
    page.get_by_label(letter, exact=True).check()
    page.get_by_role("button", name="Replay …").click()
    expect(page.get_by_role("heading", name="Replay these?")).to_be_visible()
    assert "would be replayed" in main_of(page)
    pipeline.log.catch_up()
    assert not pipeline.log.of(request_id, "request.profiled")
    page.get_by_role("button", name="Replay 1").click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()

    assert pipeline.completed(request_id).model == "small"
    page.goto("/dead-letters?settled=yes&service=profiler")
    assert "replayed by olga" in main_of(page)


def test_a_viewer_is_refused_what_changes_anything_and_sees_no_prompt(
    pipeline: Pipeline, url: str, browser: Browser
) -> None:
    request_id, _ = asked(pipeline, "staffed")
    letter = put_aside(pipeline, b"{}", b"nobody")
    page = signed_in(browser, url, "ann")
    page.goto("/reviews")
    assert str(request_id)[:8] in main_of(page)
    page.goto("/dead-letters")
    assert letter in main_of(page)
    assert page.get_by_role("button", name="Replay").count() == 0
    answer = page.goto(f"/reviews/{request_id}")
    assert answer is not None
    assert (answer.status, "needs the role operator" in main_of(page)) == (403, True)


def test_an_operator_finds_why_a_request_escalated(pipeline: Pipeline, url: str, browser: Browser) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(WRONG)], "acme-middle": [says(RIGHT)]})
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA))
    pipeline.completed(request_id)
    pipeline.ledger.story(request_id)
    page = signed_in(browser, url, "ann")
    page.get_by_label("Reason").fill("check_failed")
    link = page.get_by_role("link", name=str(request_id)[:8])

    def is_found() -> bool:
        page.get_by_role("button", name="Search").click()
        return link.count() == 1

    until(is_found, "the search finds it, a second behind", poll_s=0.2)
    link.click()
    story = page.locator("ol.story").inner_text()
    assert "escalated" in story
    assert "because check_failed" in story
    assert "/number" in story


def with_tuned_lane(portfolio: Portfolio, model: str) -> Reading:
    """The portfolio, with one lane more, of one model."""
    told = portfolio.model_dump(mode="json", exclude_defaults=True)
    lane = {"tiers": [[model]], "deadline_s": 100, "checks": ["format"], "budget_usd": "1"}
    return read(text_of(Portfolio.of({**told, "lanes": {**told["lanes"], "tuned": lane}})))


def answered_by(pipeline: Pipeline, model: str) -> bool:
    """Whether a request of the tuned lane is answered by this model now."""
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")], "backup-strong": [says("Seven.")]})
    end = pipeline.log.end_of(pipeline.submit(script.request(lane="tuned"))).event
    return isinstance(end, RequestCompleted) and end.model == model


def is_in_force(pipeline: Pipeline, revision: str) -> bool:
    """Whether a request of another lane is under this revision now."""
    script = pipeline.scripts.expect({"acme-middle": [says("Seven.")]})
    return pipeline.completed(pipeline.submit(script.request(lane="alone"))).revision == revision


def cost_per_success(page: Page) -> float | None:
    """Of the tuned lane in the last seven days, as the overview tells it."""
    page.goto("/")
    shown = page.locator("#lane-tuned .figures div", has_text="cost per success").locator("dd")
    found = re.match(r"\$([0-9.]+)", shown.inner_text()) if shown.count() else None
    return float(found[1]) if found else None


@pytest.fixture
def desk(pipeline: Pipeline) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=pipeline.bootstrap), BusConfig(kafka_bootstrap_servers=pipeline.bootstrap))


@pytest.fixture
def revisions(desk: ConsoleApp, portfolio: Portfolio, background: Background) -> Iterator[tuple[str, str]]:
    """The revisions of a dear model, which is in force, and of a cheap one before it; as it was before, at the end."""
    before = background.run(desk.history()).in_force
    signed = Signature("tester", datetime.now(UTC))
    cheap = background.run(put_in_force(desk, with_tuned_lane(portfolio, "small"), None, signed))["revision"]
    dear = background.run(put_in_force(desk, with_tuned_lane(portfolio, "strong"), None, signed))["revision"]
    yield dear, cheap
    background.run(take_back(desk, before, None, signed))


def test_the_cost_per_success_falls_after_a_rollback(
    pipeline: Pipeline, url: str, browser: Browser, revisions: tuple[str, str]
) -> None:
    dear, cheap = revisions
    until(lambda: is_in_force(pipeline, dear), "the dear revision is in force")
    assert answered_by(pipeline, "strong")
    page = signed_in(browser, url, "olga")
    before = until(lambda: cost_per_success(page), "the overview tells of the dear lane", poll_s=0.3)
    assert before == pytest.approx(0.002)

    page.get_by_role("link", name="Portfolio").click()
    page.get_by_role("button", name=f"Roll back to {cheap}").click()
    assert "lanes.tuned.tiers" in main_of(page)
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("heading", name=f"In force: {cheap}")).to_be_visible()
    until(lambda: answered_by(pipeline, "small"), "the cheap revision is in force again")

    fallen = until(lambda: (now := cost_per_success(page)) and now < before, "the overview tells of it", poll_s=0.3)
    assert fallen
