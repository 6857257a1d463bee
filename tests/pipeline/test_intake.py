"""Whose request it is follows from the topic that it came on: the gateway's own, and the one that all may write to."""

import json
from uuid import UUID, uuid4

import httpx

from pipeline.scripts import says
from pipeline.stack import Pipeline
from schemas.content import Json
from schemas.topics import GATEWAY_INTAKE, INTAKE

SAME = b"the same partition"


def sent(pipeline: Pipeline, topic: str, request: Json) -> UUID:
    """Publish a request with an id of its own to a topic, as its gateway or one who claims to be it would."""
    request_id = request.setdefault("request_id", str(uuid4()))
    pipeline.client.send(topic, json.dumps(request).encode(), SAME, [("ce_source", b"gateway")])
    return UUID(request_id)


def test_who_only_says_that_he_is_the_gateway_chooses_no_tenant(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    request_id = sent(pipeline, INTAKE, script.request(tenant="savings-bank"))

    assert pipeline.completed(request_id).tenant == "default"
    assert pipeline.ledger.story(request_id)["request"]["tenant"] == "default"


def test_on_the_gateways_own_topic_the_tenant_in_the_body_counts(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Served.")]})
    request_id = sent(pipeline, GATEWAY_INTAKE, script.request(tenant="savings-bank"))

    assert pipeline.completed(request_id).tenant == "savings-bank"
    assert pipeline.ledger.story(request_id)["request"]["tenant"] == "savings-bank"


def test_the_gateway_publishes_to_its_own_topic_alone(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven.")]})
    answer = httpx.post(
        f"{pipeline.gateway}/v1/chat/completions", json=script.request(), trust_env=False, timeout=90
    ).raise_for_status()
    key = answer.headers["x-portfolio-request-id"].encode()

    pipeline.log.until(lambda: any(r.key == key for r in pipeline.log.on(GATEWAY_INTAKE)), "the gateway's request")
    pipeline.log.catch_up()
    assert not [record for record in pipeline.log.on(INTAKE) if record.key == key]


def test_a_copy_for_all_to_send_changes_nothing_of_the_gateways_request(pipeline: Pipeline) -> None:
    script = pipeline.scripts.expect({"acme-small": [says("Seven."), says("Eight.")]})
    request = script.request(tenant="savings-bank")
    request_id = sent(pipeline, GATEWAY_INTAKE, request)
    end = pipeline.completed(request_id)
    sent(pipeline, INTAKE, request)
    pipeline.pass_through_the_same_partitions(request_id, key=SAME)

    assert script.models() == ["acme-small"]
    [only] = pipeline.ends(request_id)
    assert (only.event, end.tenant) == (end, "savings-bank")


def test_a_letter_says_that_it_came_on_the_gateways_topic_so_that_a_replay_goes_back_there(pipeline: Pipeline) -> None:
    stands = pipeline.client.send(GATEWAY_INTAKE, b"not json", SAME)
    letter = pipeline.log.letter_from("profiler", *stands, topic=GATEWAY_INTAKE)

    assert letter.header("dl_reason") == "not_json"
