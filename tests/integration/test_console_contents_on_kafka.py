"""The prompt and the answers of a request, found on real Kafka and in a real object store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from console_at_work import pages_over, put_in_force, visiting
from unit.ledger.ledger_story import ANSWER, PROMPT, Story

from infra.bus.bus import Bus
from infra.bus.config import BusConfig
from infra.objects.config import ObjectsConfig
from infra.objects.store import ObjectStore
from infra.telemetry.config import TelemetryConfig
from infra.telemetry.telemetry import Telemetry
from schemas.reaction import Said
from schemas.review import ReviewRequested
from schemas.vocabulary import Reason
from services.console.app import ConsoleApp, build_app
from services.console.commands.contents import pieces_of
from services.console.config import ConsoleConfig


@pytest.fixture
async def app(bus_config: BusConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConsoleApp:
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path))
    await put_in_force(bus_config)
    return build_app(ConsoleConfig(kafka=bus_config.kafka_bootstrap_servers), bus_config)


def told(story: Story, attempts: int, at: datetime) -> dict[str, Any]:
    """As the ledger tells it."""
    line = {"role": "primary", "model": "small", "provider": "local", "completed_at": at.isoformat()}
    request = {"request_id": str(story.request_id), "state": "open", "admitted_at": at.isoformat()}
    return {"request": request, "attempts": [{"number": n, **line} for n in range(1, attempts + 1)]}


async def test_each_text_is_found_and_what_is_missing_is_said_so(app: ConsoleApp) -> None:
    story, other = Story("asked"), Story("another")
    await app.say([other.profiled(), other.completed(), story.profiled(), story.completed(2), story.completed(1)])
    pieces = await pieces_of(app, told(story, 3, datetime.now(UTC)))
    assert [(each.attempt, bool(each.gone)) for each in pieces] == [(None, False), (1, False), (2, False), (3, True)]
    assert PROMPT in pieces[0].text
    assert ANSWER in pieces[1].text
    assert "attempt.completed is kept for 7 days" in pieces[3].gone


async def test_the_end_is_found_under_the_key_that_its_client_gave(app: ConsoleApp, bus_config: BusConfig) -> None:
    story, other = Story("keyed"), Story("keyed alike")
    profiled = story.profiled()
    keyed = profiled.model_copy(update={"request": profiled.request.model_copy(update={"reply_key": "order-7"})})
    bus = Bus(bus_config, "escalation", Telemetry(TelemetryConfig(), "escalation"))
    await bus.start()
    await bus.say([Said(keyed), *(Said(each.ended_well(), key=b"order-7") for each in (other, story))])
    await bus.stop()
    ended = told(story, 0, datetime.now(UTC))
    ended["request"] |= {"state": "completed", "ended_at": ended["request"]["admitted_at"]}
    question, answer = await pieces_of(app, ended)
    assert (question.gone, answer.gone) == ("", "")
    assert ANSWER in answer.text


async def test_what_is_of_another_time_is_not_read_for(app: ConsoleApp) -> None:
    story = Story("asked long after")
    await app.say([story.profiled()])
    for apart in (timedelta(hours=-1), timedelta(hours=1)):
        [question] = await pieces_of(app, told(story, 0, datetime.now(UTC) + apart))
        assert "not in the log" in question.gone


async def test_content_by_reference_is_fetched_and_told_when_it_is_gone(app: ConsoleApp, tmp_path: Path) -> None:
    body = await ObjectStore(ObjectsConfig()).put(b'{"messages": [{"role": "user", "content": "a large prompt"}]}')
    story = Story("large")
    await app.say([story.profiled().model_copy(update={"body": body})])
    [question] = await pieces_of(app, told(story, 0, datetime.now(UTC)))
    assert "a large prompt" in question.text
    assert body.ref is not None
    (tmp_path / body.ref).unlink()
    [question] = await pieces_of(app, told(story, 0, datetime.now(UTC)))
    assert (question.text, "is gone: it is kept for OBJECTS_KEEP_DAYS" in question.gone) == ("", True)


async def test_a_review_shows_a_question_that_is_kept_by_reference(
    app: ConsoleApp, bus_config: BusConfig, tmp_path: Path
) -> None:
    body = await ObjectStore(ObjectsConfig()).put(b'{"messages": [{"role": "user", "content": "a large question"}]}')
    story, due_at = Story("large and reviewed"), datetime.now(UTC) + timedelta(hours=1)
    await app.say([ReviewRequested(request=story.request, body=body, reason=Reason.TIERS_SPENT, due_at=due_at)])
    async with pages_over(bus_config) as console, visiting(console.url, "olga") as olga:
        path = f"/reviews/{story.request_id}"
        assert "user: a large question" in (await olga.see(path)).text
        assert body.ref is not None
        (tmp_path / body.ref).unlink()
        assert "is gone: it is kept for OBJECTS_KEEP_DAYS" in (await olga.see(path)).text


async def test_requests_are_read_from_a_time_to_the_end_of_the_log(app: ConsoleApp) -> None:
    stories = [Story(f"asked {number}") for number in range(12)]
    await app.say([story.profiled() for story in stories])
    heard: list[UUID] = []

    await app.each_profiled(
        datetime.now(UTC) + timedelta(hours=1), lambda event: heard.append(event.request.request_id)
    )
    assert heard == [], "nothing was said since then"
    await app.each_profiled(
        datetime.now(UTC) - timedelta(hours=1), lambda event: heard.append(event.request.request_id)
    )
    assert sorted(heard) == sorted(story.request_id for story in stories)
