"""Sealed content that people read, and that is erased: afterwards nobody reads it, and the story stays."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from openai import OpenAI

from infra.bus.config import BusConfig
from pipeline.batches import begun, ended, texts, told_in
from pipeline.requests import steps
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, says
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.operator import OperatorActed
from schemas.outcome import RequestCompleted
from services.console.app import ConsoleApp, build_app
from services.console.commands.erasing import Choice, done
from services.console.commands.reviews import speak
from services.console.config import ConsoleConfig
from services.console.domain.failures import Refused
from services.console.domain.reviews import review_of, written
from services.console.domain.reviews import told as review_told

CONFIDENTIAL = {"data_class": "confidential"}


@pytest.fixture
def console(pipeline: Pipeline) -> ConsoleApp:
    return build_app(ConsoleConfig(kafka=pipeline.bootstrap), BusConfig(kafka_bootstrap_servers=pipeline.bootstrap))


def asked(pipeline: Pipeline, question: str, key: str, **portfolio: Any) -> httpx.Response:
    body = {"model": "auto", "messages": [{"role": "user", "content": question}], "portfolio": portfolio}
    headers = {"idempotency-key": key}
    url = f"{pipeline.gateway}/v1/chat/completions"
    return httpx.post(url, json=body, headers=headers, trust_env=False, timeout=60)


def erased(console: ConsoleApp, *choice: str | None) -> list[str]:
    return [each["request_id"] for each in asyncio.run(done(console, Choice(*choice), "dora", dry_run=False))]


def deeds_on(pipeline: Pipeline, request_id: str) -> list[OperatorActed]:
    events = [record.event for record in pipeline.log.on("operator.acted")]
    return [event for event in events if isinstance(event, OperatorActed) and event.on == request_id]


def test_an_erased_request_is_gone_for_everyone_and_its_story_stays(pipeline: Pipeline, console: ConsoleApp) -> None:
    script, key = pipeline.scripts.expect({"acme-small": [says("Seven.")]}), str(uuid4())
    answer = asked(pipeline, script.question, key, **CONFIDENTIAL)
    request_id = answer.headers["x-portfolio-request-id"]
    assert asked(pipeline, script.question, key, **CONFIDENTIAL).json()["choices"] == answer.json()["choices"]
    story = pipeline.ledger.story(request_id)

    assert erased(console, request_id, None, None) == [request_id]
    assert erased(console, request_id, None, None) == []

    again = asked(pipeline, script.question, key, **CONFIDENTIAL)
    looked = httpx.get(f"{pipeline.gateway}/v1/requests/{request_id}", trust_env=False, timeout=60)
    assert [(each.status_code, each.json()["error"]["code"]) for each in (again, looked)] == [
        (410, "content_erased"),
        (410, "content_erased"),
    ]
    assert script.models() == ["acme-small"]
    assert pipeline.ledger.story(request_id)["request"] == story["request"]
    deeds = pipeline.log.until(lambda: deeds_on(pipeline, request_id), f"the deed on {request_id}")
    assert (deeds[-1].by, deeds[-1].deed) == ("dora", "content_erased")


def test_an_erased_line_leaves_its_batchs_files(pipeline: Pipeline, console: ConsoleApp) -> None:
    scripts = [pipeline.scripts.expect({"acme-small": [says(f"Seven {name}.")]}) for name in ("kept", "gone")]
    bodies = [{"model": "auto", **script.request(), "portfolio": CONFIDENTIAL} for script in scripts]
    with OpenAI(base_url=f"{pipeline.gateway}/v1", api_key="any", max_retries=0, timeout=90) as client:
        batch = ended(client, begun(client, bodies))
        request_id = told_in(client, batch.output_file_id)[1]["response"]["request_id"]
        assert erased(console, request_id, None, None) == [request_id]
        told = until(lambda: _alone(told_in(client, batch.output_file_id)), "the line leaves the output")
        assert texts(told) == {0: "Seven kept."}
        lines = client.files.content(batch.input_file_id).text.splitlines()
        assert [scripts[0].question in lines[0], lines[1].strip()] == [True, ""]


def _alone(told: dict[int, Any]) -> dict[int, Any] | None:
    return told if len(told) == 1 else None


def test_a_tenants_requests_of_today_are_not_erased_with_those_before_it(
    pipeline: Pipeline, console: ConsoleApp
) -> None:
    script, key = pipeline.scripts.expect({"acme-small": [says("Seven.")]}), str(uuid4())
    request_id = asked(pipeline, script.question, key, **CONFIDENTIAL).headers["x-portfolio-request-id"]

    assert request_id not in erased(console, None, "default", "2026-01-01")
    assert asked(pipeline, script.question, key, **CONFIDENTIAL).status_code == 200


def test_a_person_reads_a_sealed_question_and_answers_under_the_same_seal(
    pipeline: Pipeline, console: ConsoleApp
) -> None:
    script = pipeline.scripts.expect({"acme-middle": [says(WRONG)]})
    body = script.request(lane="staffed", response_format=NUMBER_SCHEMA, **CONFIDENTIAL)
    request_id = pipeline.submit(body)
    pipeline.log.until(lambda: pipeline.log.of(request_id, "review.requested"), f"{request_id}'s review")

    line = asyncio.run(_shown(console, request_id))
    assert script.question in line["question"]
    assert WRONG in line["last_answer"].replace("\\", "")
    end = asyncio.run(speak(console, str(request_id), lambda _: written(RIGHT), None, "clerk-3"))

    word = pipeline.log.one(request_id, "review.answered")
    assert RIGHT.encode() not in (word.value or b"")
    assert isinstance(end, RequestCompleted)
    assert (end.status, end.answer) == ("human", None)
    assert "7" in asyncio.run(console.sealed.opened(end.body, request_id)).text()
    assert steps(pipeline.ledger.story(request_id, steps)) == [("human", "check_failed")]


def test_a_review_whose_question_was_erased_says_so(pipeline: Pipeline, console: ConsoleApp) -> None:
    script = pipeline.scripts.expect({"acme-middle": [says(WRONG)]})
    request_id = pipeline.submit(script.request(lane="staffed", response_format=NUMBER_SCHEMA, **CONFIDENTIAL))
    pipeline.log.until(lambda: pipeline.log.of(request_id, "review.requested"), f"{request_id}'s review")
    assert erased(console, str(request_id), None, None) == [str(request_id)]

    line = asyncio.run(_shown(console, request_id))
    assert line["question"] == line["last_answer"]
    assert line["question"].startswith("the content's key is gone: it was erased")
    with pytest.raises(Refused, match="it was erased"):
        asyncio.run(speak(console, str(request_id), lambda _: written(RIGHT), None, "clerk-3"))
    asyncio.run(speak(console, str(request_id), lambda _: None, "erased", "clerk-3"))
    assert pipeline.failed(request_id).reason == "review_rejected"


async def _shown(console: ConsoleApp, request_id: UUID) -> dict[str, Any]:
    review = await console.readable(review_of(await console.reviews(), str(request_id)))
    return review_told(review, review.at, whole=True)
