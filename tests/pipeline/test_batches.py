"""Batches through the whole pipeline, by OpenAI's own client: checked answers, one call a line, whoever dies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from openai import OpenAI
from openai.types import Batch

from infra.local.parts import Addresses
from infra.local.processes import HOST
from pipeline.batches import begun, ended, texts, told_in
from pipeline.document import COSTS
from pipeline.replicas import Replica, two_replicas
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Held, Script, embeds, says
from pipeline.sealed_search import objects_that_hold
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.content import Json
from schemas.topics import GATEWAY_INTAKE
from services.gateway.adapters.batch_leases import BatchLeases, Leased

IN_FLIGHT = 6


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[OpenAI]:
    """Any key is accepted."""
    with OpenAI(base_url=f"{pipeline.gateway}/v1", api_key="any", max_retries=0, timeout=90) as found:
        yield found


@pytest.fixture
def drivers(
    pipeline: Pipeline, addresses: Addresses, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Replica]]:
    """Two gateways as processes, over the database of the one that runs here, which leaves all batches to them."""

    async def none(self: BatchLeases, *_: Any, **__: Any) -> list[Leased]:
        return []

    monkeypatch.setattr(BatchLeases, "lease", none)
    settings = {"GATEWAY_BATCH_IN_FLIGHT": str(IN_FLIGHT)}
    with two_replicas(addresses, scratch, **settings) as running:
        yield running


def chat(script: Script, **told: Any) -> Json:
    """The body of a chat that asks the script's question."""
    return {"model": "auto", **script.request(), **told}


def said(pipeline: Pipeline, script: Script) -> set[str]:
    """The ids of the requests that ask the script's question, however often they were said."""
    values = [record.value or b"" for record in pipeline.log.on(GATEWAY_INTAKE)]
    return {json.loads(value)["request_id"] for value in values if script.question.encode() in value}


def test_lines_are_answered_checked_and_reckoned_as_any_request(
    pipeline: Pipeline, client: OpenAI, scratch: Path
) -> None:
    good = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    repaired = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    secret = pipeline.scripts.expect({"acme-small": [says("brandt-said")]}, question=f"About brandt{uuid4().hex}?")
    unknown = pipeline.scripts.expect()
    bodies = [
        chat(good),
        chat(repaired, response_format=NUMBER_SCHEMA),
        chat(secret, portfolio={"data_class": "confidential"}),
        chat(unknown, model="nobody"),
    ]
    over = ended(client, begun(client, bodies))
    assert over.status == "completed", over.errors
    answers, errors = told_in(client, over.output_file_id), told_in(client, over.error_file_id)
    assert texts(answers) == {0: "Seven.", 1: RIGHT, 2: "brandt-said"}
    assert (list(errors), errors[3]["response"]["status_code"]) == ([3], 404)
    assert over.request_counts is not None
    assert (over.request_counts.total, over.request_counts.completed, over.request_counts.failed) == (4, 3, 1)
    assert over.usage is not None
    assert over.usage.total_tokens > 0
    attempts = {number: pipeline.ledger.story(each["response"]["request_id"]) for number, each in answers.items()}
    assert {number: len(story["attempts"]) for number, story in attempts.items()} == {0: 1, 1: 2, 2: 1}
    assert attempts[0]["totals"]["cost_micro_usd"] == COSTS["acme-small"]
    assert attempts[0]["request"]["trace_id"] != attempts[1]["request"]["trace_id"]
    assert not list(objects_that_hold(scratch / "objects", secret.question)), "a file of a batch lies open"


def test_responses_and_embeddings_come_in_batches_too(pipeline: Pipeline, client: OpenAI) -> None:
    asked = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    embedded = pipeline.scripts.expect({"acme-embed": [embeds((0.25, -0.5))]})
    responses = begun(client, [{"model": "auto", "input": asked.question, "store": True}], "/v1/responses")
    vectors = begun(client, [{"model": "auto", "input": embedded.question}], "/v1/embeddings")
    told = told_in(client, ended(client, responses).output_file_id)[0]["response"]["body"]
    assert (told["object"], told["output"][0]["content"][0]["text"]) == ("response", "Seven.")
    assert client.responses.retrieve(told["id"]).output_text == "Seven."
    [found] = told_in(client, ended(client, vectors).output_file_id)[0]["response"]["body"]["data"]
    assert found["embedding"] == [0.25, -0.5]


def test_a_replica_that_is_killed_loses_no_line_and_none_is_paid_twice(
    pipeline: Pipeline, drivers: list[Replica]
) -> None:
    quick = [pipeline.scripts.expect({"acme-small": [says(f"Quick {number}.")]}) for number in range(4)]
    helds = [Held(says(f"Held {number}.")) for number in range(IN_FLIGHT)]
    slow = [pipeline.scripts.expect({"acme-small": [held]}) for held in helds]
    late = [pipeline.scripts.expect({"acme-small": [says(f"Late {number}.")]}) for number in range(4)]
    scripts = [*quick, *slow, *late]
    dying, batch = _driven_by_a_process(drivers, [chat(script) for script in scripts])
    until(lambda: all(script.asked for script in slow), "as many are under way as may be")
    assert not any(script.asked for script in late), "no more are under way than may be"
    drivers[dying].process.kill()
    for held in helds:
        held.release()
    with _client(drivers[1 - dying]) as other:
        over = ended(other, batch)
        assert over.status == "completed", over.errors
        answers = told_in(other, over.output_file_id)
    wanted = [f"{name} {n}." for name, count in (("Quick", 4), ("Held", IN_FLIGHT), ("Late", 4)) for n in range(count)]
    assert texts(answers) == dict(enumerate(wanted))
    assert over.request_counts is not None
    assert (over.request_counts.total, over.request_counts.completed) == (14, 14)
    for number, script in enumerate(scripts):
        assert script.models() == ["acme-small"], f"line {number} was paid for more than once"
        assert said(pipeline, script) == {answers[number]["response"]["request_id"]}
        totals = pipeline.ledger.story(UUID(answers[number]["response"]["request_id"]))["totals"]
        assert (totals["attempts"], totals["cost_micro_usd"]) == (1, COSTS["acme-small"])


def test_a_cancelled_batch_ends_what_is_under_way_and_asks_no_more(pipeline: Pipeline, client: OpenAI) -> None:
    held = [Held(says("Too late.")) for _ in range(2)]
    done = pipeline.scripts.expect({"acme-small": [says("In time.")]})
    scripts = [pipeline.scripts.expect({"acme-small": [each]}) for each in held]
    batch = begun(client, [chat(done), *map(chat, scripts)])
    until(lambda: all(script.asked for script in scripts), "both are asked")
    request_id = until(lambda: said(pipeline, done), "it is said").pop()
    pipeline.completed(UUID(request_id))
    assert client.batches.cancel(batch.id).status == "cancelling"
    over = ended(client, batch)
    for each in held:
        each.release()
    assert over.status == "cancelled"
    assert texts(told_in(client, over.output_file_id)) == {0: "In time."}
    errors = told_in(client, over.error_file_id)
    assert [each["error"]["code"] for each in errors.values()] == ["batch_cancelled"] * 2
    for script in scripts:
        [request_id] = said(pipeline, script)
        told = pipeline.ledger.story(UUID(request_id))["request"]
        assert (told["reason"], told["cancelled_by"]) == ("cancelled", "batch")


def _client(replica: Replica) -> OpenAI:
    return OpenAI(base_url=f"http://{HOST}:{replica._port}/v1", api_key="any", timeout=90)


def _driven_by_a_process(drivers: list[Replica], bodies: list[Json]) -> tuple[int, Batch]:
    """A batch that one of these drives, and which of them. Who takes it on looks for one at once."""
    with _client(drivers[0]) as client:
        batch = begun(client, bodies)
    told = f"batch {UUID(batch.id.removeprefix('batch_'))} is driven here"
    drives = until(lambda: [n for n, each in enumerate(drivers) if told in each.process.output()], "one drives it")
    return drives[0], batch
