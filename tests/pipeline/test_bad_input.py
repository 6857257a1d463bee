"""Whatever anybody publishes: a reason that a person understands, and the next message is served."""

import json
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition

from pipeline.kafka_log import Headers
from pipeline.raw_producer import send_with_header_name
from pipeline.scripts import says
from pipeline.stack import Pipeline
from schemas.content import Json
from schemas.outcome import RequestFailed
from schemas.topics import INTAKE

LARGEST_SENT = 1_000_000
"""What librdkafka sends in one message, unless told otherwise."""

ASK: Json = {"messages": [{"role": "user", "content": "Who is there?"}]}
NO_SCHEMA: Json = {"type": "json_schema", "json_schema": {"name": "Who", "schema": {"type": "Who"}}}


def serves_the_next(pipeline: Pipeline, key: bytes) -> None:
    """The message behind it, on the same partition, is answered."""
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    assert pipeline.completed(pipeline.submit(script.request(), key)).attempts == 1


@pytest.mark.parametrize(
    ("raw", "reason", "told"),
    [
        (b"How many are there?", "not_json", "not JSON"),
        (b'{"messages": [{"role": "user", "content": "cut o', "not_json", "not JSON"),
        (b"\xff\xfe\x00", "not_json", "not JSON"),
        (b"", "not_json", "not JSON"),
        (b"[1, 2, 3]", "wrong_shape", "object"),
        (b"42", "wrong_shape", "object"),
        (b"null", "wrong_shape", "object"),
        (None, "no_value", "no value"),
    ],
)
def test_what_is_no_json_object_is_a_dead_letter(pipeline: Pipeline, raw: bytes | None, reason: str, told: str) -> None:
    key = uuid4().bytes
    stands = pipeline.client.send(INTAKE, raw, key, [("from", b"billing")])
    letter = pipeline.log.letter_from("profiler", *stands)
    assert letter.header("dl_reason") == reason
    assert told in (letter.header("dl_detail") or "")
    assert (letter.value, letter.key, letter.header("from")) == (raw, key, "billing"), "it is kept whole"
    serves_the_next(pipeline, key)


@pytest.mark.parametrize(
    ("request_", "reason", "told"),
    [
        ({**ASK, "messages": "Who is there?"}, "invalid_request", "messages"),
        ({**ASK, "messages": [{"content": "Who?"}]}, "invalid_request", "a message needs a role"),
        ({**ASK, "messages": []}, "invalid_request", "messages"),
        ({"task": "faq"}, "invalid_request", "messages"),
        ({**ASK, "deadline_s": "soon"}, "invalid_request", "deadline_s"),
        ({**ASK, "deadline_s": -1}, "invalid_request", "deadline_s"),
        ({**ASK, "budget_usd": 0.01}, "invalid_request", "budget_usd"),
        ({**ASK, "data_class": "secret"}, "invalid_request", "data_class"),
        ({**ASK, "lane": "simpel"}, "unknown_lane", "did you mean simple?"),
        ({**ASK, "task": "fact"}, "unknown_task", "the portfolio has: extraction, faq"),
        ({**ASK, "model": "smal"}, "unknown_model", "did you mean small?"),
        ({**ASK, "params": {"top_k": 5}}, "unsupported_parameter", "params.top_k"),
        ({**ASK, "params": {"stream": True}}, "unsupported_parameter", "params.stream"),
        ({**ASK, "params": {"n": 2}}, "unsupported_parameter", "params.n"),
        ({"messages": [{"role": "usr", "content": "Who?"}]}, "invalid_request", "messages[0]: role is one of"),
        ({**ASK, "response_format": {"type": "yaml"}}, "invalid_request", "response_format: type is text, json_object"),
        ({**ASK, "tools": [{"type": "function"}]}, "invalid_request", "tools[0]: a tool is"),
        ({**ASK, "params": {"temperature": "hot"}}, "invalid_request", "params.temperature: "),
        ({**ASK, "params": {"max_tokens": -1}}, "invalid_request", "params.max_tokens: "),
        ({**ASK, "params": {"tool_choice": "any"}}, "invalid_request", "params.tool_choice: write required"),
        ({**ASK, "temperature": 0}, "invalid_request", "temperature: put it into params"),
        (
            {**ASK, "portfolio": {"data_class": "restricted"}},
            "invalid_request",
            "portfolio: write what it holds beside",
        ),
        ({**ASK, "stream": True}, "unsupported_parameter", "stream is not supported"),
        ({**ASK, "response_format": NO_SCHEMA}, "invalid_request", "response_format.json_schema.schema: it is no JSON"),
    ],
)
def test_what_cannot_be_served_fails_with_its_reason(
    pipeline: Pipeline, request_: Json, reason: str, told: str
) -> None:
    key = uuid4().bytes
    request_id = pipeline.submit(request_, key)
    end = pipeline.failed(request_id)
    assert end.reason == reason
    assert told in end.detail
    assert "Who" not in end.detail, "a reason never holds what was asked"
    assert (end.attempts, end.cost_usd) == (0, "0")
    assert pipeline.log.end_of(request_id).key == key
    assert pipeline.ledger.story(request_id)["request"]["reason"] == reason
    serves_the_next(pipeline, key)


@pytest.mark.parametrize("claimed", ["not-an-id", 7, None])
def test_an_id_that_is_none_fails_under_the_id_of_its_place(pipeline: Pipeline, claimed: object) -> None:
    key = uuid4().bytes
    pipeline.client.send(INTAKE, json.dumps({**ASK, "request_id": claimed, "lane": "nowhere"}).encode(), key)
    what = "the failure under the client's key"
    [end] = pipeline.log.until(lambda: [r for r in pipeline.log.on("request.failed") if r.key == key], what)
    assert isinstance(end.event, RequestFailed)
    assert end.event.request_id.version == 5
    assert ("request_id" in end.event.detail) == (claimed is not None)
    serves_the_next(pipeline, key)


@pytest.mark.parametrize(
    "headers",
    [
        [("photo", b"\xff\xd8\xff\xe0\x00\x10JFIF")],
        [("traceparent", b"\x80\x81\x82")],
        [("reply_to", b"\xff\xff"), ("ce_id", b"\xfe"), ("ce_source", b"\xfd")],
        [("nothing", None)],
        [("", b"no name")],
        [("snow \u2603", b"a name beyond ASCII")],
        [("traceparent", b"00-00000000000000000000000000000000-0000000000000000-01")],
        [("traceparent", b"00-XYZ-1-1")],
        [("traceparent", b"")],
    ],
)
def test_no_header_stops_a_request(pipeline: Pipeline, headers: Headers) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    end = pipeline.completed(pipeline.submit(script.request(), headers=headers))
    assert end.trace_id is not None
    assert int(end.trace_id, 16) > 0


def test_a_headers_name_that_is_no_text_stops_nobody(pipeline: Pipeline) -> None:
    """Clients in C and in Go write any bytes as a header's name."""
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    request_id, key = uuid4(), b"raw name"
    partition, _ = pipeline.client.send(INTAKE, json.dumps(ASK).encode(), key)
    value = json.dumps(script.request(request_id=str(request_id))).encode()
    where = TopicPartition(f"{pipeline.prefix}{INTAKE}", partition)
    send_with_header_name(pipeline.bootstrap, where, key, value, b"\xff\xfe\x00")
    assert pipeline.completed(request_id).attempts == 1
    serves_the_next(pipeline, key)


def test_an_unknown_field_is_ignored(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    asked = script.request(priority="high", messages_v2=[], metadata={"kept": [1, {"a": None}]})
    end = pipeline.completed(pipeline.submit(asked))
    assert end.metadata == {"kept": [1, {"a": None}]}


def test_text_that_the_database_cannot_hold_stops_nobody(pipeline: Pipeline) -> None:
    """PostgreSQL's text has no NUL, and JSON's strings do."""
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]}, question="A NUL: \x00.")
    key = uuid4().bytes
    answered = pipeline.submit(script.request(session="\x00", metadata={"\x00": "\x00"}), key)
    assert pipeline.completed(answered).metadata == {"\x00": "\x00"}
    for field in ("lane", "task", "model"):
        refused = pipeline.failed(pipeline.submit({**ASK, field: "a\x00b"}, key))
        assert refused.reason == f"unknown_{field}"
        assert pipeline.ledger.story(refused.request_id)["request"]["reason"] == refused.reason
    refused = pipeline.failed(pipeline.submit({**ASK, "params": {"a\x00b": 1}}, key))
    assert refused.detail == "params.a\x00b is not supported: leave it out"
    assert pipeline.ledger.story(refused.request_id)["request"]["detail"] == refused.detail.replace("\x00", "\ufffd")
    serves_the_next(pipeline, key)


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud83db"], ids=["NUL", "half a character"])
def test_an_answer_that_no_text_can_hold_stops_nobody(pipeline: Pipeline, odd: str) -> None:
    script = pipeline.scripts.expect({"acme-small": [says(odd, finish_reason=odd)]})
    key = uuid4().bytes
    end = pipeline.completed(pipeline.submit(script.request(), key))
    assert pipeline.ledger.story(end.request_id)["request"]["state"] == "completed"
    serves_the_next(pipeline, key)


@pytest.mark.parametrize("digits", [19, 25])
def test_a_budget_of_more_than_there_is_stops_nobody(pipeline: Pipeline, digits: int) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    request_id = pipeline.submit(script.request(budget_usd="9" * digits))
    assert pipeline.completed(request_id).attempts == 1
    assert pipeline.ledger.story(request_id)["request"]["state"] == "completed"


def test_an_answer_of_more_tokens_than_a_column_holds_is_told_of(pipeline: Pipeline) -> None:
    refused = pipeline.failed(pipeline.submit({**ASK, "params": {"max_tokens": 10**30}}))
    assert refused.reason == "context_too_long"
    assert pipeline.ledger.story(refused.request_id)["request"]["reason"] == "context_too_long"


@pytest.mark.parametrize("text", ["x", '"', "\\"], ids=["letters", "quotes", "backslashes"])
def test_as_much_as_a_client_can_send_is_served(pipeline: Pipeline, text: str) -> None:
    """The events that follow carry the question as JSON within JSON, through an escalation, and a large answer."""
    sent = text * (400_000 // len(json.dumps(text)))
    script = pipeline.scripts.expect({"acme-wide": [says("")], "backup-wide": [says(sent)]})
    asked = script.request(lane="wide")
    asked["messages"].append({"role": "user", "content": ""})
    room = LARGEST_SENT - len(json.dumps(asked)) - 200
    asked["messages"][1]["content"] = text * (room // (len(json.dumps(text)) - 2))
    end = pipeline.completed(pipeline.submit(asked))
    assert script.models() == ["acme-wide", "backup-wide"]
    assert end.answer is not None
    assert end.answer["message"]["content"] == sent
