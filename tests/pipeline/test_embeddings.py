"""Embeddings through the whole pipeline, by OpenAI's official client: one request, one trace, one model's vectors."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import OpenAI

from pipeline.scripts import embeds, fails
from pipeline.stack import Pipeline
from schemas.money import micro_from_usd

GOOD = ((0.25, -0.5), (1.0, 2.0))
LANE = "portfolio/vectors"
SMALL_EVENT = 20_000


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[OpenAI]:
    """Any key is accepted."""
    with OpenAI(base_url=f"{pipeline.gateway}/v1", api_key="any", max_retries=0, timeout=90) as found:
        yield found


def test_texts_get_vectors_with_their_price_in_one_trace(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-embed": [embeds(*GOOD)]})
    raw = client.embeddings.with_raw_response.create(model="auto", input=[script.question, "two"], dimensions=2)
    told = raw.parse()

    assert [tuple(each.embedding) for each in told.data] == list(GOOD)
    assert (told.model, told.usage.prompt_tokens, told.usage.total_tokens) == ("embedder", 10, 10)
    [sent] = script.asked
    assert (sent["input"], sent["dimensions"]) == ([script.question, "two"], 2)
    assert (raw.headers["x-portfolio-status"], raw.headers["x-portfolio-attempts"]) == ("verified", "1")
    assert micro_from_usd(raw.headers["x-portfolio-cost-usd"]) == 10
    request_id = UUID(raw.headers["x-portfolio-request-id"])
    story = pipeline.ledger.story(request_id)
    assert (story["request"]["lane"], story["request"]["task"]) == ("vectors", "embeddings")
    assert story["request"]["trace_id"] == raw.headers["x-portfolio-trace-id"]
    pipeline.log.end_of(request_id)
    attempt = pipeline.log.one(request_id, "attempt.completed")
    assert "message" not in json.loads(json.loads(attempt.value or b"{}")["answer"]["inline"])


@pytest.mark.parametrize("bad", [embeds((0.0, 0.0)), embeds(*GOOD, (1.0, 1.0)), embeds((1.0, 2.0, 3.0)), fails(500)])
def test_what_fails_is_tried_at_the_models_other_endpoint(pipeline: Pipeline, client: OpenAI, bad: Any) -> None:
    script = pipeline.scripts.expect({"acme-embed": [bad], "backup-embed": [embeds((1.0, 2.0))]})
    raw = client.embeddings.with_raw_response.create(model=LANE, input=script.question, dimensions=2)

    assert raw.parse().data[0].embedding == [1.0, 2.0]
    assert (raw.headers["x-portfolio-attempts"], raw.headers["x-portfolio-provider"]) == ("2", "backup")


def test_no_other_models_vectors_stand_in(pipeline: Pipeline, client: OpenAI) -> None:
    other = [embeds((1.0, 2.0))]
    script = pipeline.scripts.expect(
        {"acme-embed": [embeds((0.0,))], "backup-embed": [fails(500)], "acme-other-embed": other}
    )
    with pytest.raises(openai.InternalServerError) as raised:
        client.embeddings.create(model=LANE, input=script.question)

    assert (raised.value.status_code, raised.value.code) == (502, "tiers_spent")
    assert "models.embedder.endpoints" in raised.value.message
    assert script.models() == ["acme-embed", "backup-embed"]


def test_a_model_by_its_name_gives_its_own(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-other-embed": [embeds((3.0, 4.0))]})
    told = client.embeddings.create(model="other-embedder", input=script.question)
    assert (told.data[0].embedding, told.model) == ([3.0, 4.0], "other-embedder")


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("portfolio/alone", "add a model with abilities: [embeddings] to lanes.alone.tiers"),
        ("middle", "the model middle lacks the ability embeddings: name one that has it (embedder, other-embedder)"),
    ],
)
def test_who_cannot_embed_is_told_and_what_to_add(client: OpenAI, model: str, says: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.embeddings.create(model=model, input="Hello")
    assert raised.value.code == "model_not_able"
    assert says in raised.value.message


@pytest.mark.parametrize("model", [LANE, "embedder"])
def test_who_gives_vectors_answers_no_chat(client: OpenAI, model: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello"}])
    assert raised.value.code == "model_not_able"
    assert "lacks the ability chat" in raised.value.message or "has the ability chat" in raised.value.message


def test_vectors_larger_than_a_message_go_by_reference(pipeline: Pipeline, client: OpenAI) -> None:
    """So do the texts: the validator holds one against the other."""
    texts, length = 300, 1_500
    vectors = [[float(n + 1)] * length for n in range(texts)]
    script = pipeline.scripts.expect({"acme-embed": [embeds(*vectors)]})
    asked = [script.question, *["x" * 4_000] * (texts - 1)]
    raw = client.embeddings.with_raw_response.create(model="embedder", input=asked, dimensions=length)

    assert [(len(each.embedding), each.embedding[0]) for each in raw.parse().data] == [
        (length, float(n + 1)) for n in range(texts)
    ]
    assert raw.headers["x-portfolio-status"] == "verified"
    request_id = raw.headers["x-portfolio-request-id"]
    ended = pipeline.log.end_of(request_id)
    pipeline.log.catch_up()
    records = pipeline.log.of(request_id)
    assert max(len(record.value or b"") for record in records) < SMALL_EVENT
    told = json.loads(ended.value or b"{}")
    assert ("answer" in told, told["body"]["bytes"] > texts * length * 4) == (False, True)
