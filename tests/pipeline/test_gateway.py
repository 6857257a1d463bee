"""OpenAI's official client, pointed at the gateway of the running stack; and clients that behave badly."""

import json
from collections.abc import Iterator
from uuid import UUID

import httpx
import openai
import pytest
from openai import OpenAI

from pipeline.document import COSTS
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, calls, says
from pipeline.stack import Pipeline
from schemas.content import Json
from schemas.money import micro_from_usd
from services.console.domain.story import story_tree

FIND: Json = {
    "type": "function",
    "function": {
        "name": "find",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "minLength": 1}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


@pytest.fixture
def client(pipeline: Pipeline) -> Iterator[OpenAI]:
    """Any key is accepted."""
    with OpenAI(base_url=f"{pipeline.gateway}/v1", api_key="any", max_retries=0, timeout=90) as found:
        yield found


@pytest.fixture
def http(pipeline: Pipeline) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=pipeline.gateway, trust_env=False, timeout=90) as found:
        yield found


def test_a_chat_is_answered_with_its_usage_and_its_names_in_headers(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    answer = client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": script.question}], temperature=0.5, max_tokens=60
    )
    completion = answer.parse()
    [choice] = completion.choices
    assert (choice.message.content, choice.finish_reason, completion.model) == ("Seven.", "stop", "small")
    assert completion.usage is not None
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (10, 5)
    assert (script.asked[0]["temperature"], script.asked[0]["max_tokens"]) == (0.5, 60), "parameters are passed on"
    headers = answer.headers
    assert (headers["x-portfolio-model"], headers["x-portfolio-provider"]) == ("small", "acme")
    assert micro_from_usd(headers["x-portfolio-cost-usd"]) == COSTS["acme-small"]
    request_id = UUID(headers["x-portfolio-request-id"])
    assert completion.id == f"chatcmpl-{request_id}"
    story = pipeline.ledger.story(request_id)
    assert story["request"]["trace_id"] == headers["x-portfolio-trace-id"]


def test_a_lane_named_as_the_model_is_taken_to_its_end(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("It is 42.")], "acme-middle": [says("42")]})
    answer = client.chat.completions.with_raw_response.create(
        model="portfolio/agreed", messages=[{"role": "user", "content": script.question}]
    )
    assert answer.headers["x-portfolio-status"] == "verified"
    assert answer.headers["x-portfolio-attempts"] == "2"


def test_a_tool_call_with_wrong_arguments_is_mended_before_the_client_sees_it(
    pipeline: Pipeline, client: OpenAI
) -> None:
    script = pipeline.scripts.expect(
        {"acme-small": [calls("find", {"town": "Paris"}), calls("find", {"city": "Paris"})]}
    )
    completion = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": script.question}],
        tools=[FIND],  # type: ignore[list-item]
    )
    [choice] = completion.choices
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Paris"}
    assert script.asked[0]["tools"] == [FIND]


def test_a_response_format_is_kept_to(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(WRONG), says(RIGHT)]})
    answer = client.chat.completions.with_raw_response.create(
        model="auto",
        messages=[{"role": "user", "content": script.question}],
        response_format=NUMBER_SCHEMA,  # type: ignore[arg-type]
    )
    assert answer.parse().choices[0].message.content == RIGHT
    assert answer.headers["x-portfolio-status"] == "verified"


def test_an_honest_end_is_an_error_that_names_the_reason(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect()
    with pytest.raises(openai.InternalServerError) as raised:
        client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": script.question}],
            extra_body={"portfolio": {"lane": "abroad", "data_class": "restricted"}},
        )
    assert (raised.value.status_code, raised.value.code) == (503, "no_eligible_model")
    assert "restricted data may not go to region us" in raised.value.message


def test_what_no_model_can_read_is_the_clients_to_shorten(pipeline: Pipeline, client: OpenAI) -> None:
    """An error that clients do not send again: the request may be of twenty megabytes."""
    script = pipeline.scripts.expect()
    text = f"{script.question} {'word ' * 10_000}"
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="auto", messages=[{"role": "user", "content": text}])
    assert (raised.value.code, raised.value.param) == ("context_length_exceeded", "messages")
    assert script.asked == []


def test_an_unknown_model_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="smal", messages=[{"role": "user", "content": "Who is there?"}])
    assert raised.value.code == "model_not_found"
    assert "did you mean small?" in raised.value.message


@pytest.mark.parametrize(
    ("named", "lane", "task"),
    [("alone", "alone", None), ("extraction", "simple", "extraction"), ("middle", None, None)],
)
def test_a_lane_a_task_or_a_model_is_asked_by_its_bare_name(
    pipeline: Pipeline, client: OpenAI, named: str, lane: str | None, task: str | None
) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Here.")], "acme-middle": [says("Here.")]})
    raw = client.chat.completions.with_raw_response.create(
        model=named, messages=[{"role": "user", "content": script.question}]
    )
    told = pipeline.ledger.story(UUID(raw.headers["x-portfolio-request-id"]))["request"]
    assert raw.headers["x-portfolio-model"] == ("small" if task else "middle")
    assert lane is None or told["lane"] == lane
    assert task is None or told["task"] == task


def test_a_checked_answer_is_streamed(pipeline: Pipeline, client: OpenAI) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Nobody.")]})
    chunks = list(
        client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": script.question}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Nobody."
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage and chunks[-1].usage.total_tokens > 0


def test_the_models_are_listed(client: OpenAI) -> None:
    assert {"auto", "small", "strong", "portfolio/simple"} <= {model.id for model in client.models.list()}


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"Who is there?", 400, "not JSON"),
        (b"[]", 400, "must be a JSON object"),
        (b'{"model": "auto"}', 400, "messages"),
        (b'{"messages": []}', 400, "messages"),
        (b'{"messages": [{"role": "user", "content": 7}]}', 400, "messages[0]"),
        (b'{"messages": [{"role": "user", "content": "x"}], "top_k": 5}', 400, "top_k"),
        (b'{"messages": [{"role": "user", "content": "%s"}]}' % (b"x" * 34_000_000), 413, "over"),
    ],
)
def test_a_bad_body_is_told_in_openais_shape(
    pipeline: Pipeline, http: httpx.Client, body: bytes, status: int, told: str
) -> None:
    answer = http.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert told in error["message"]
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    following = http.post("/v1/chat/completions", json=script.request())
    assert following.json()["choices"][0]["message"]["content"] == "Served."


def test_feedback_on_an_answer_stands_in_its_requests_story(pipeline: Pipeline, client: OpenAI, http: httpx.Client):
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    completion = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": script.question}])
    told = {"request_id": completion.id, "score": 0.5, "label": "half right", "note": "it is seven and a half"}
    answer = http.post("/v1/feedback", json=told)
    assert answer.status_code == 201, answer.text
    story = pipeline.ledger.story(answer.json()["request_id"], lambda story: story["feedback"])
    [line] = story["feedback"]
    assert (line["feedback_id"], line["source"]) == (answer.json()["feedback_id"], "user")
    assert (line["score"], line["label"]) == (0.5, "half right")
    assert "feedback of user: 0.5 (half right)" in [node.text for node in story_tree(story).children]
