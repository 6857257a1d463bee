"""Pages that update by themselves in Chromium, over all services at work."""

from browsers import signed_in
from playwright.sync_api import Browser, expect

from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Held, says
from pipeline.stack import Pipeline
from pipeline.test_console_journeys import browser, url
from pipeline.test_reviews import asked
from pipeline.waiting import until

__all__ = ["browser", "url"]


def test_a_request_that_arrives_is_told_of_on_an_open_page_and_its_row_changes_in_its_place(
    pipeline: Pipeline, url: str, browser: Browser
) -> None:
    held = Held(says("Seven."))
    script = pipeline.scripts.expect({"acme-small": [held]})
    page = signed_in(browser, url, "ann")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    expect(page.get_by_text("This page updates by itself.")).to_be_visible()
    page.get_by_label("Lane").fill("half a wor")
    request_id = pipeline.submit(script.request())
    newer = page.get_by_role("button", name="newer: show")
    expect(newer).to_be_visible()
    assert page.locator(f"#r-{request_id}").count() == 0, "no row moves what one reads"
    assert page.evaluate("document.activeElement.id") == "lane", "the focus stays"
    newer.click()
    line = page.locator(f"#r-{request_id}")
    expect(line).to_contain_text("open")
    expect(newer).to_be_hidden()
    held.release()
    expect(line).to_contain_text("completed")
    assert page.get_by_label("Lane").input_value() == "half a wor"
    assert refused == [], "the pages keep to their own content security policy"


def test_a_story_that_is_read_while_it_happens_ends_by_itself(pipeline: Pipeline, url: str, browser: Browser) -> None:
    first, second = Held(says(WRONG)), Held(says(RIGHT))
    script = pipeline.scripts.expect({"acme-small": [first, says(WRONG)], "acme-middle": [second]})
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA))
    page = signed_in(browser, url, "ann")
    until(lambda: (told := page.goto(f"/requests/{request_id}")) and told.ok, "the ledger has heard of it", poll_s=0.2)
    story = page.locator("ol.story")
    expect(story).to_contain_text("still open")
    first.release()
    expect(story).to_contain_text("escalated: up, because check_failed")
    expect(story).to_contain_text("still open")
    second.release()
    expect(story).to_contain_text("completed (verified)")
    expect(page.locator("#short")).to_contain_text("middle")
    expect(page.get_by_role("status")).to_contain_text("completed, 3 attempts")


def test_a_review_comes_into_the_queue_and_a_hidden_page_is_told_nothing(
    pipeline: Pipeline, url: str, browser: Browser
) -> None:
    page = signed_in(browser, url, "olga")
    page.goto("/reviews")
    expect(page.get_by_text("This page updates by itself.")).to_be_visible()
    request_id, _ = asked(pipeline, "staffed")
    expect(page.locator(f"#r-{request_id}")).to_be_visible()
    closed = "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
    page.evaluate(f"{closed} document.dispatchEvent(new Event('visibilitychange'))")
    other, _ = asked(pipeline, "staffed")
    another = page.context.new_page()
    another.goto("/reviews")
    expect(another.locator(f"#r-{other}")).to_be_visible()
    assert page.locator(f"#r-{other}").count() == 0
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(f"#r-{other}")).to_be_visible()


def test_signing_out_in_one_page_ends_the_others(pipeline: Pipeline, url: str, browser: Browser) -> None:
    page = signed_in(browser, url, "ann")
    other = page.context.new_page()
    other.goto("/health")
    expect(other.get_by_text("This page updates by itself.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(other.get_by_text("You are signed out")).to_be_visible()
