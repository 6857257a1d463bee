"""The prompt and the answer of a request, on its page, over all services at work."""

from uuid import UUID

from browsers import csrf_of, signed_in
from playwright.sync_api import Browser, expect

from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Script, says
from pipeline.stack import Background, Pipeline
from pipeline.test_console_journeys import browser, desk, url
from services.console.app import ConsoleApp

__all__ = ["browser", "desk", "url"]


def mended(pipeline: Pipeline) -> tuple[UUID, Script]:
    """A request whose first answer was wrong, once the ledger knows all of it."""
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    request_id = pipeline.submit(script.request(response_format=NUMBER_SCHEMA))
    pipeline.completed(request_id)
    pipeline.ledger.story(request_id)
    return request_id, script


def test_an_operator_sees_the_prompt_and_the_answers_and_a_viewer_is_told_he_may_not(
    pipeline: Pipeline, url: str, browser: Browser, desk: ConsoleApp, background: Background
) -> None:
    request_id, script = mended(pipeline)
    seen = f"/requests/{request_id}/content"
    viewer = signed_in(browser, url, "ann")
    viewer.goto(f"/requests/{request_id}")
    expect(viewer.get_by_text("An operator may see them")).to_be_visible()
    assert viewer.get_by_role("button", name="Show the prompt").count() == 0
    refused = viewer.request.post(seen, form={"csrf": csrf_of(viewer.content())})
    assert (refused.status, script.question in refused.text()) == (403, False)

    page = signed_in(browser, url, "olga")
    page.goto(f"/requests/{request_id}")
    assert script.question not in page.content()
    assert page.request.get(seen).status == 405, "no link leads to content"
    assert page.request.post(seen, form={"csrf": "guessed"}).status == 403
    page.get_by_role("button", name="Show the prompt and the answer").click()
    main_part = page.locator("main")
    expect(main_part).to_contain_text(script.question)
    expect(page.get_by_role("heading", name="Answer of attempt 1, primary: small at acme")).to_be_visible()
    expect(main_part).to_contain_text(f"assistant: {WRONG}")
    expect(page.locator("section", has_text="The answer that was given")).to_contain_text(RIGHT)
    looks = [(each.by, each.deed) for each in background.run(desk.deeds()) if each.on == str(request_id)]
    assert looks == [("olga", "content_seen")], "each look is recorded, and what was refused is none"
