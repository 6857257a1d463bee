"""Services and workers in processes of their own: one is killed, and the requests of the others go on."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from openai import APIError, OpenAI
from own_ports import free_port
from pipeline.requests import Requests, reasons, steps
from pipeline.scripts import Held, Writes, never, says
from pipeline.stack import Background
from pipeline.waiting import until
from prometheus_client.parser import text_string_to_metric_families

from journeys.conftest import Ground
from journeys.processes import Service
from schemas.attempt import AttemptDispatched
from schemas.ids import attempt_id_of

ACME = ("model_worker", "--provider", "acme")
BACKUP = ("model_worker", "--provider", "backup")
OTHERS = (("profiler",), ("router",), ("validator",), ("escalation",), ("ledger",))


@pytest.fixture(scope="module")
def fleet(ground: Ground) -> Iterator[list[Service]]:
    """Every service but the gateway, and the backup provider's worker. Who starts more adds it here."""
    running = [ground.start(*command) for command in (*OTHERS, BACKUP)]
    try:
        for service in running:
            service.until_ready()
        yield running
        codes = {service.name: service.stop() for service in running if service.runs}
        assert set(codes.values()) == {0}, codes
    finally:
        for service in running:
            service.clean_up()


def worker_of_acme(ground: Ground, fleet: list[Service]) -> Service:
    worker = ground.start(*ACME)
    fleet.append(worker)
    return worker.until_ready()


def two_of_acme(ground: Ground, fleet: list[Service]) -> dict[int, Service]:
    """By the ports of their metrics. Both are up before anything is asked: no attempt's time passes meanwhile."""
    ports = (free_port(), free_port())
    return {port: worker_of_acme(ground.told(HEALTH_PORT=str(port)), fleet) for port in ports}


def who_calls(workers: dict[int, Service]) -> Service:
    """The one of them that makes the only call."""
    found = until(lambda: [each for port, each in workers.items() if is_calling(port)], "one of them calls")
    assert len(found) == 1
    return found[0]


def is_calling(port: int) -> bool:
    told = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    found = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    return any(sample.name == "portfolio_calls_running" and sample.value for sample in found)


def is_served_by_acme(requests: Requests) -> bool:
    """Whether a new request of acme's is answered there."""
    script = requests.scripts.expect({"acme-small": [says("Seven.")], "backup-small": [says("Eight.")]})
    return requests.completed(requests.submit(script.request(lane="impatient"))).provider == "acme"


def test_a_request_that_comes_before_its_only_worker_is_answered_when_that_is_up(
    ground: Ground, fleet: list[Service], requests: Requests
) -> None:
    script = requests.scripts.expect({"acme-middle": [says("Seven.")]})
    request_id = requests.submit(script.request(lane="alone"))
    [waits] = requests.log.until(lambda: requests.log.of(request_id, "attempt.dispatched.acme"), "it is dispatched")
    assert isinstance(waits.event, AttemptDispatched)
    assert "no live worker for provider acme" in waits.event.choice.why
    worker = worker_of_acme(ground, fleet)
    end = requests.completed(request_id)
    assert (end.model, end.provider, end.attempts) == ("middle", "acme", 1)
    assert worker.stop() == 0


def test_a_killed_worker_stops_only_its_own_providers_requests(
    ground: Ground, fleet: list[Service], requests: Requests
) -> None:
    worker = worker_of_acme(ground, fleet)
    until(lambda: is_served_by_acme(requests), "acme serves")
    worker.kill()
    held = Held(says("Eight."))
    orphans = requests.scripts.expect({"backup-small": [held] * 3, "acme-small": [says("Seven.")] * 3})
    theirs = [requests.submit(orphans.request(deadline_s=24)) for _ in range(3)]
    others = requests.scripts.expect({"backup-strong": [says("Nine.")] * 3})
    ours = [requests.submit(others.request(model="strong")) for _ in range(3)]
    assert {requests.completed(request_id).attempts for request_id in ours} == {1}
    held.release()
    for request_id in theirs:
        end = requests.completed(request_id)
        assert (end.model, end.provider, end.attempts) == ("small", "backup", 2)
        story = requests.ledger.story(request_id)
        assert steps(story) == [("sideways", "deadline")]
        assert reasons(story)[0] == ("small", "acme", "deadline")
    answered_at = max(requests.completed(request_id).completed_at for request_id in ours)
    assert answered_at < min(requests.completed(request_id).completed_at for request_id in theirs)

    worker_of_acme(ground, fleet)
    until(lambda: is_served_by_acme(requests), "acme serves again")
    assert "acme-small" not in orphans.models(), "what was dispatched long ago is never called"


def test_another_worker_takes_over_a_call_whose_worker_was_killed(
    ground: Ground, fleet: list[Service], requests: Requests, background: Background
) -> None:
    for service in fleet:
        if service.runs and service.name.endswith("acme"):
            service.stop()
    workers = two_of_acme(ground, fleet)
    until(lambda: is_served_by_acme(requests), "acme serves")
    script = requests.scripts.expect({"acme-small": [never, says("Seven, again.")]})
    request_id = requests.submit(script.request())
    until(lambda: script.asked, "the call is made")
    who_calls(workers).kill()
    end = requests.completed(request_id)
    assert (end.model, end.provider, end.attempts) == ("small", "acme", 1)
    assert end.answer is not None
    assert end.answer["message"]["content"] == "Seven, again."
    assert script.models() == ["acme-small", "acme-small"]
    [attempt] = requests.ledger.story(request_id)["attempts"]
    assert attempt["outcome"] == "accepted"
    assert len(requests.ends(request_id)) == 1
    row = background.run(_attempt_row(ground.environment["DATABASE_URL"], attempt_id_of(request_id, 1)))
    assert (row["lease_repeats"], row["fence"]) == (1, 2), "it was claimed twice, under a higher fence"


def test_a_stream_whose_worker_is_killed_says_so_last_and_the_call_is_taken_over(
    ground: Ground, fleet: list[Service], requests: Requests
) -> None:
    for service in fleet:
        if service.runs and service.name.endswith("acme"):
            service.stop()
    url = f"http://127.0.0.1:{(port := free_port())}"
    fleet.append(ground.told(GATEWAY_PORT=str(port)).start("gateway").until_ready())
    workers = two_of_acme(ground, fleet)
    until(lambda: is_served_by_acme(requests), "acme serves")
    held, again = Writes("It is ", "never told."), Writes("Clo", "sed.").release()
    script = requests.scripts.expect({"acme-small": [held, again]})
    told: Any = {**script.request(model="portfolio/live"), "stream": True}
    read: list[str] = []
    with (
        OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=90) as chat,
        chat.chat.completions.create(**told) as stream,
        pytest.raises(APIError) as raised,
    ):
        for chunk in stream:
            read.append(chunk.choices[0].delta.content or "")
            who_calls(workers).kill()
    held.release()
    error: Any = raised.value.body
    assert read == ["It is "], "nothing of another text follows what was shown"
    assert (error["code"], error["portfolio"]["reason"]) == ("answer_not_verified", "superseded")
    request_id = UUID(error["portfolio"]["request_id"])
    end = requests.completed(request_id)
    assert (end.model, end.provider, end.attempts, len(requests.ends(request_id))) == ("small", "acme", 1, 1)
    assert script.models() == ["acme-small", "acme-small"], "its lane repeats a call whose outcome nobody knows, once"
    [attempt] = requests.ledger.story(request_id)["attempts"]
    assert attempt["outcome"] == "accepted"
    looked = httpx.get(f"{url}/v1/requests/{request_id}", params={"wait": 30}, timeout=60, trust_env=False).json()
    assert looked["response"]["choices"][0]["message"]["content"] == "Closed."


async def _attempt_row(database: str, attempt_id: object) -> asyncpg.Record:
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetchrow("SELECT * FROM model_worker.attempts WHERE attempt_id = $1", attempt_id)
    finally:
        await connection.close()
