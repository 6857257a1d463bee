"""The answer cache on the real pipeline: two replicas over one database, and nothing served that was not verified."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from pipeline.replicas import Replica
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Script, says
from pipeline.stack import Pipeline
from pipeline.waiting import until

MODEL = "acme-small"


class Asked:
    """One script asked of the lane that keeps answers, at either replica."""

    def __init__(self, replicas: list[Replica], script: Script, **body: Any) -> None:
        self.script = script
        self._replicas = replicas
        self.body = {**script.request(model="kept", response_format=NUMBER_SCHEMA), **body}

    def __call__(self, replica: int = 0, control: str | None = None, **told: Any) -> httpx.Response:
        headers = {"cache-control": control} if control else {}
        with self._replicas[replica].client() as client:
            return client.post("/v1/chat/completions", json={**self.body, **told}, headers=headers)


def told(answer: httpx.Response) -> tuple[str | None, str]:
    """What the cache did, and the answer's text."""
    assert answer.status_code == 200, answer.text
    return answer.headers.get("x-portfolio-cache"), answer.json()["choices"][0]["message"]["content"]


def test_the_other_replica_answers_from_the_cache_for_nothing(
    pipeline: Pipeline, replicas: list[Replica], kept
) -> None:
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(RIGHT)]}))
    first = kept(ask(0))
    again = ask(1, metadata={"form": "7"}, user="someone else")
    assert (told(first), told(again)) == (("miss", RIGHT), ("hit", RIGHT))
    assert ask.script.models() == [MODEL]
    facts = {name: again.headers[f"x-portfolio-{name}"] for name in ("status", "attempts", "cost-usd", "model")}
    assert facts == {"status": "verified", "attempts": "0", "cost-usd": "0", "model": "small"}
    assert again.json()["usage"]["total_tokens"] == 0
    request_id = again.headers["x-portfolio-request-id"]
    assert request_id != first.headers["x-portfolio-request-id"]
    story = pipeline.ledger.story(request_id)
    assert (story["request"]["state"], story["request"]["status"]) == ("completed", "verified")
    assert (story["attempts"], story["totals"]["cost_micro_usd"]) == ([], 0)
    assert story["request"]["recalled_from"] == first.headers["x-portfolio-request-id"]
    assert story["request"]["trace_id"] == again.headers["x-portfolio-trace-id"]
    pipeline.log.one(request_id, "request.completed")
    pipeline.log.one(request_id, "request.profiled")
    pipeline.log.catch_up()
    said = {record.topic for record in pipeline.log.of(request_id)} - {"request.submitted.gateway"}
    assert (said, len(pipeline.ends(request_id))) == ({"request.profiled", "request.completed"}, 1)


def test_the_ledger_tells_how_many_came_from_the_cache(pipeline: Pipeline, replicas: list[Replica], kept) -> None:
    def count(path: str, **asked: str) -> int:
        told = httpx.get(f"{pipeline.services.ledger}/{path}", params=asked, trust_env=False).raise_for_status().json()
        return {lane["lane"]: lane["recalled"] for lane in told["lanes"]}.get("kept", 0)

    def both() -> tuple[int, int]:
        hour = timedelta(hours=1)
        begins, ends = (datetime.now(UTC) + span for span in (-hour, hour))
        return count("summary"), count("overview", since=begins.isoformat(), until=ends.isoformat())

    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(RIGHT)]}))
    first = kept(ask(0))
    pipeline.ledger.story(first.headers["x-portfolio-request-id"])
    until(lambda: len(set(both())) == 1, "the ledger has counted what came before")
    before = both()
    hits = [ask(number % 2) for number in range(3)]
    assert {told(hit) for hit in hits} == {("hit", RIGHT)}
    until(lambda: both() == (before[0] + 3, before[1] + 3), "three more are told to have come from the cache")


def test_a_stream_is_served_from_the_cache_as_a_checked_answer_is(
    pipeline: Pipeline, replicas: list[Replica], kept
) -> None:
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(RIGHT)]}))
    kept(ask(0))
    stream = ask(1, stream=True)
    events = [line.removeprefix("data: ") for line in stream.text.splitlines() if line.startswith("data: ")]
    assert (stream.headers["x-portfolio-cache"], events[-1]) == ("hit", "[DONE]")
    text = "".join(c["delta"].get("content") or "" for event in events[:-1] for c in json.loads(event)["choices"])
    assert text == RIGHT
    assert ask.script.models() == [MODEL]


def test_it_outlives_a_replica_and_is_told_later_too(pipeline: Pipeline, replicas: list[Replica], kept) -> None:
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(RIGHT)]}))
    kept(ask(0))
    replicas[0].process.kill()
    replicas[0].start()
    assert told(ask(0)) == ("hit", RIGHT)
    with replicas[1].client() as client:
        taken = client.post("/v1/requests", json=ask.body)
        later = client.get(taken.headers["location"], params={"wait": "30"})
    assert later.json()["response"]["choices"][0]["message"]["content"] == RIGHT
    assert later.headers["x-portfolio-cache"] == "hit"
    assert ask.script.models() == [MODEL]


def test_what_failed_its_check_is_never_served(pipeline: Pipeline, replicas: list[Replica], kept) -> None:
    script = pipeline.scripts.expect({MODEL: [says(WRONG)] * 2, "acme-middle": [says(WRONG), says(RIGHT)]})
    ask = Asked(replicas, script)
    assert ask(0).status_code == 502
    second = kept(ask(1))
    assert (told(second), told(ask(0))) == (("miss", RIGHT), ("hit", RIGHT))
    assert script.models() == [MODEL, "acme-middle"] * 2


def test_an_answer_that_nothing_checked_is_not_kept(pipeline: Pipeline, replicas: list[Replica], kept) -> None:
    checked = Asked(replicas, pipeline.scripts.expect({MODEL: [says(RIGHT)]}))
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says("Seven."), says("Eight.")]}), response_format=None)
    first = ask(0)
    kept(checked(0))  # what came before at this replica has been written, or not
    assert (told(first), told(ask(0))) == (("miss", "Seven."), ("miss", "Eight."))
    assert first.headers["x-portfolio-status"] == "unverified"


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ("Write to ada@example.com. How many are there?", {}),
        ("How many are there?", {"portfolio": {"data_class": "confidential"}}),
    ],
)
def test_private_requests_are_neither_kept_nor_served(
    pipeline: Pipeline, replicas: list[Replica], question: str, body: dict[str, Any]
) -> None:
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(RIGHT)] * 2}, question), **body)
    assert [told(ask(0)), told(ask(0))] == [(None, RIGHT)] * 2
    assert ask.script.models() == [MODEL] * 2


def test_a_client_can_say_no(pipeline: Pipeline, replicas: list[Replica], kept) -> None:
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(f'{{"number": {n}}}') for n in range(1, 5)]}))
    assert told(ask(0, "no-store")) == (None, '{"number": 1}')
    assert told(kept(ask(0))) == ("miss", '{"number": 2}')
    assert told(kept(ask(1, "no-cache"))) == ("miss", '{"number": 3}')
    assert told(ask(0)) == ("hit", '{"number": 3}')
    assert told(ask(0, "no-store")) == (None, '{"number": 4}')


def test_bad_feedback_on_any_request_that_got_it_drops_the_answer(
    pipeline: Pipeline, replicas: list[Replica], kept
) -> None:
    ask = Asked(replicas, pipeline.scripts.expect({MODEL: [says(f'{{"number": {n}}}') for n in (1, 2)]}))
    kept(ask(0))
    served = ask(1)
    assert told(served) == ("hit", '{"number": 1}')
    with replicas[0].client() as client:
        good = {"request_id": served.json()["id"], "score": 0.9}
        assert client.post("/v1/feedback", json=good).status_code == 201
        assert told(ask(0)) == ("hit", '{"number": 1}')
        assert client.post("/v1/feedback", json={**good, "score": 0}).status_code == 201
    until(lambda: told(ask(1)) == ("miss", '{"number": 2}'), "the answer is dropped, once it is known who got it")


def test_a_kafka_client_cannot_say_that_an_answer_was_verified(pipeline: Pipeline) -> None:
    said = pipeline.scripts.expect({MODEL: [says("Seven.")] * 2})
    revision = pipeline.completed(pipeline.submit(said.request(lane="kept"))).revision
    answer = json.dumps({"message": {"role": "assistant", "content": WRONG}, "finish_reason": "stop"})
    body = {"inline": answer, "sha256": "0" * 64, "bytes": len(answer)}
    found = {"request_id": str(uuid4()), "lane": "kept", "model": "small", "provider": "acme", "answer": body}
    recall = {"key": "0" * 64, "revision": revision, "found": found}
    completed = pipeline.completed(pipeline.submit({**said.request(lane="kept"), "recall": recall}))
    assert (completed.recalled_from, completed.keep, completed.model) == (None, None, "small")
    assert said.models() == [MODEL] * 2
