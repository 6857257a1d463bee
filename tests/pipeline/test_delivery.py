"""What a Kafka client may rely on: its key, its reply topic, one end a request, and an end when it leaves."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Consumer, Producer

from infra.bus.config import BusConfig
from pipeline.conftest import LATE_TOPIC, PREFIX, REPLY_TOPIC, create_topic
from pipeline.kafka_log import Log, Record
from pipeline.requests import is_cancelled, steps
from pipeline.scripts import fails, never, says
from pipeline.stack import Background, Pipeline
from pipeline.waiting import PATIENCE_S, until
from schemas.content import Json
from schemas.outcome import RequestCompleted
from schemas.topics import INTAKE
from services.console.app import build_app
from services.console.commands.dead_letters import settle
from services.console.config import ConsoleConfig
from services.console.domain.dead_letters import Act, Choice, LetterName

LETTERS = "dead-letters.escalation"


def test_the_key_of_the_record_comes_back_with_the_answer(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request(), key=b"customer-\xff\x00-17")
    assert pipeline.log.end_of(request_id).key == b"customer-\xff\x00-17"


def test_without_a_key_the_answer_is_keyed_by_the_request(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request())
    assert pipeline.log.end_of(request_id).key == str(request_id).encode()


def test_without_an_id_the_request_is_named_by_where_it_stands(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    key = uuid4().bytes
    pipeline.client.send(INTAKE, json.dumps(script.request()).encode(), key)
    what = "the answer under the client's key"
    [end] = pipeline.log.until(lambda: [r for r in pipeline.log.on("request.completed") if r.key == key], what)
    assert isinstance(end.event, RequestCompleted)
    assert end.event.request_id.version == 5


def test_a_reply_topic_gets_the_answer_and_the_results_only_its_facts(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request(), headers=[("reply_to", REPLY_TOPIC.encode())])
    [reply] = pipeline.log.until(lambda: pipeline.log.of(request_id, REPLY_TOPIC), "the answer on the reply topic")
    answered = RequestCompleted.read(reply.value or b"")
    assert answered.answer is not None
    assert answered.answer["message"]["content"] == "Seven."
    facts = pipeline.completed(request_id)
    assert facts.answer is None
    assert (facts.model, facts.cost_usd) == (answered.model, answered.cost_usd)


def test_an_answer_whose_reply_topic_is_not_there_yet_is_told_once_by_its_letter(
    pipeline: Pipeline, background: Background
) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request(), headers=[("reply_to", LATE_TOPIC.encode())])
    pipeline.log.until(lambda: pipeline.log.of(request_id, LETTERS), "the letter of what could not be said")
    create_topic(pipeline.bootstrap, f"{PREFIX}{LATE_TOPIC}")
    app = build_app(ConsoleConfig(kafka=pipeline.bootstrap), BusConfig(kafka_bootstrap_servers=pipeline.bootstrap))

    with closing(Log(pipeline.bootstrap, PREFIX)) as log:

        def replayed() -> list[Record]:
            letters = pipeline.log.of(request_id, LETTERS)
            assert {letter.header("dl_reason") for letter in letters} == {"unsendable"}
            named = Choice(names=tuple(LetterName("escalation", letter.offset) for letter in letters))
            background.run(settle(app, named, Act.REPLAYED, "tester", False))
            return log.of(request_id, LATE_TOPIC)

        [reply] = until(replayed, "the answer, on a topic that the service missed a moment ago")
        pipeline.pass_through_the_same_partitions(request_id)
        log.catch_up()
        assert log.of(request_id, LATE_TOPIC) == [reply]
    assert (RequestCompleted.read(reply.value or b"").answer or {})["message"]["content"] == "Seven."
    assert {end.header("ce_id") for end in pipeline.ends(request_id)} == {reply.header("ce_id")}, "one end, said again"
    assert len(script.asked) == 1


def test_an_undeclared_reply_topic_is_refused_on_the_result_topic(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect()
    request_id = pipeline.submit(script.request(), headers=[("reply_to", b"portfolio.revised")])
    end = pipeline.failed(request_id)
    assert end.reason == "invalid_request"
    assert "PROFILER_REPLY_TOPICS" in end.detail
    pipeline.log.catch_up()
    revised = pipeline.log.on("portfolio.revised")
    assert not [record for record in revised if record.header("ce_subject") == str(request_id)]


def test_a_reply_topic_that_does_not_exist_delays_nobody(pipeline: Pipeline) -> None:
    request_id = pipeline.submit(pipeline.scripts.expect().request(), headers=[("reply_to", b"no.such.topic")])
    assert pipeline.failed(request_id).reason == "invalid_request"
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    assert pipeline.completed(pipeline.submit(script.request())).attempts == 1


def test_a_cancelled_request_ends_as_such(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [never]})
    request_id = pipeline.submit(script.request(lane="impatient"))
    until(lambda: script.asked, "the model is asked")
    told = {
        "request_id": str(request_id),
        "tenant": "default",
        "by": "the client",
        "cancelled_at": datetime.now(UTC).isoformat(),
    }
    pipeline.client.send("request.cancelled", json.dumps(told).encode(), str(request_id).encode())
    assert pipeline.failed(request_id).reason == "cancelled"
    story = pipeline.ledger.story(request_id, is_cancelled)
    assert (story["request"]["reason"], story["request"]["cancelled_by"]) == ("cancelled", "the client")


def test_the_same_request_again_has_one_result(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven."), says("Eight.")]})
    request = script.request(request_id=str(uuid4()))
    request_id = pipeline.submit(request, key=b"same")
    pipeline.submit(request, key=b"same")
    end = pipeline.completed(request_id)
    pipeline.submit(request, key=b"same")
    pipeline.pass_through_the_same_partitions(request_id, key=b"same")
    assert script.models() == ["acme-small"]
    assert len(pipeline.log.of(request_id, "request.profiled")) == 1
    [only] = pipeline.ends(request_id)
    assert only.event == end


def test_another_request_under_the_same_id_is_a_dead_letter_and_no_end_of_the_first(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request(), key=b"reused")
    end = pipeline.completed(request_id)
    before = pipeline.ledger.story(request_id)
    other = {**script.request(), "request_id": str(request_id), "task": "faq"}
    raw = json.dumps(other).encode()
    stands = pipeline.client.send(INTAKE, raw, b"reused", [("traceparent", b"none")])
    letter = pipeline.log.letter_from("profiler", *stands)
    assert letter.header("dl_reason") == "request_id_reused"
    assert "use a new request_id" in (letter.header("dl_detail") or "")
    assert (letter.value, letter.key, letter.header("traceparent")) == (raw, b"reused", "none"), "it is kept whole"
    pipeline.pass_through_the_same_partitions(request_id, key=b"reused")
    assert [record.event for record in pipeline.ends(request_id)] == [end]
    assert pipeline.ledger.story(request_id) == before


def test_the_same_events_again_change_nothing(pipeline: Pipeline) -> None:
    """As a producer that was cut off says them again, or a sweeper that found them unmarked."""
    script = pipeline.scripts.expect({"acme-small": [fails(503)], "backup-small": [says("Seven.")]})
    request_id = pipeline.submit(script.request())
    end = pipeline.completed(request_id)
    story = pipeline.ledger.story(request_id)
    assert steps(story) == [("sideways", "provider_error")]
    pipeline.log.catch_up()
    said = pipeline.log.of(request_id)
    for record in said:
        pipeline.client.send(record.topic, record.value, record.key, record.headers)
    [ended] = [record for record in said if record.topic == "request.completed"]

    def heard_twice() -> bool:
        twice = [record.header("ce_id") for record in pipeline.log.of(request_id)]
        return all(twice.count(record.header("ce_id")) >= 2 for record in said)

    pipeline.log.until(heard_twice, "each event a second time")
    pipeline.pass_through_the_same_partitions(request_id)
    assert script.models() == ["acme-small", "backup-small"], "no call was made again"
    ends = pipeline.ends(request_id)
    assert {record.header("ce_id") for record in ends} == {ended.header("ce_id")}
    assert {record.event.answer["message"]["content"] for record in ends} == {"Seven."}  # type: ignore[attr-defined]
    assert all(record.event.cost_usd == end.cost_usd for record in ends)  # type: ignore[attr-defined]
    assert pipeline.ledger.story(request_id) == story


class Billing:
    """A team's own program, which knows the intake contract and librdkafka, and nothing of this project's code."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self._prefix = prefix
        self._producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
        group = {"group.id": f"billing-{uuid4()}", "auto.offset.reset": "earliest"}
        self._consumer = Consumer({"bootstrap.servers": bootstrap, **group})
        self._consumer.subscribe([f"{prefix}request.completed", f"{prefix}request.failed"])

    def close(self) -> None:
        self._consumer.close()
        self._producer.close()

    def ask(self, request: Json) -> None:
        self._producer.produce(f"{self._prefix}{INTAKE}", json.dumps(request).encode())
        self._producer.flush(PATIENCE_S)

    def answer_to(self, request_id: UUID) -> Json:
        def find() -> Json | None:
            message = self._consumer.poll(1)
            if message is None or message.error() or message.key() != str(request_id).encode():
                return None
            return json.loads(message.value() or b"")

        found = until(find, f"the answer to {request_id}")
        assert found is not None
        return found


@pytest.fixture
def billing(pipeline: Pipeline) -> Iterator[Billing]:
    client = Billing(pipeline.bootstrap, pipeline.prefix)
    yield client
    client.close()


def test_a_client_that_is_not_ours_asks_and_is_answered(pipeline: Pipeline, billing: Billing) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    request_id = uuid4()
    billing.ask({"messages": [{"role": "user", "content": script.question}], "request_id": str(request_id)})
    answer = billing.answer_to(request_id)
    assert answer["answer"] == {"message": {"role": "assistant", "content": "Seven."}, "finish_reason": "stop"}
    assert (answer["status"], answer["model"], answer["provider"]) == ("unverified", "small", "acme")
    assert answer["usage"]["output_tokens"] == 5
    assert {"trace_id", "revision", "cost_usd", "latency_ms", "checks", "metadata"} <= set(answer)
