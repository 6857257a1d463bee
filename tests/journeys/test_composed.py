"""docker-compose.yml without Docker: each container's process with the environment it would have, and in its turn."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from compose_file import Container, containers
from own_ports import free_port
from pipeline import spans
from pipeline.spans import Collector
from pipeline.stack import Background, new_database
from pipeline.waiting import until
from prometheus_server import Prometheus, panels

from infra.local.kafka import EmbeddedKafka
from infra.local.model import LocalModel
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import HOST
from journeys.composed import Running
from journeys.ran_away import unless_it_ran_away

ENDED, HEALTHY = "service_completed_successfully", "service_healthy"
DOORS = {"gateway": 8080, "ledger": 8081, "console": 8082}
LOOK_S = 180.0
DOOR, PIPELINE, PROVIDERS = "Portfolio: the door: ", "Portfolio: the pipeline: ", "Portfolio: providers and tiers: "
RARE = {
    f"{DOOR}Answers from the cache A",
    f"{DOOR}Answers from the cache B",
    f"{DOOR}Lines of batches A",
    f"{DOOR}Live streams, by their end A",
    f"{DOOR}Requests refused A",
    f"{DOOR}Requests under way, and how many may be B",
    f"{PIPELINE}Dead letters in the last hour A",
    f"{PROVIDERS}Breakers that are not closed A",
    f"{PROVIDERS}Calls C",
    f"{PROVIDERS}How late, on average A",
    f"{PROVIDERS}Late calls, by their end A",
    f"{PROVIDERS}Moves up asked for, by passage A",
    f"{PROVIDERS}Room under the rate limits A",
}
"""Panels that may have nothing to show of questions answered well and in time: no cache, limit, batch or stream."""
ALARMING = {
    "PortfolioServiceUnreachable",
    "PortfolioServiceGone",
    "PortfolioServiceNotStarted",
    "PortfolioProviderWithoutWorker",
    "PortfolioBreakerOpen",
    "PortfolioDeadLetters",
    "PortfolioGatewayCannotPublish",
}
"""Alerts that a question answered well has no part in; others speak of pace, which a busy machine has not."""
QUESTION = {"model": "auto", "messages": [{"role": "user", "content": "How many days has a leap year?"}]}


class Composed:
    """All containers of ours, as they are started. Addresses lead to servers of this machine instead of containers."""

    def __init__(self, folder: Path, swapped: dict[str, str]) -> None:
        self.of = {container.name: container for container in containers()}
        self.running: dict[str, Running] = {}
        self.ports = {name: str(free_port()) for name in self.of}
        self._doors = {name: str(free_port()) for name in DOORS}
        self._folder = folder
        at = {f"http://{name}:9464": f"http://{HOST}:{self.ports[name]}" for name in self.of}
        doors = {f"http://{door}:{port}": self.door(door) for door, port in DOORS.items()}
        self._swapped = {**at, **doors, **swapped}

    def door(self, name: str) -> str:
        return f"http://{HOST}:{self._doors[name]}"

    def ask(self, **words: bool) -> httpx.Response:
        """A question, answered by the small model; again where that ran away."""
        url = f"{self.door('gateway')}/v1/chat/completions"
        answer = unless_it_ran_away(
            lambda: httpx.post(url, json=QUESTION | words, trust_env=False, timeout=60), lambda told: told.text
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer

    def start(self) -> None:
        """Each when those that it waits for have come to what it says."""
        waiting = dict(self.of)
        while waiting:
            ready = [each for each in waiting.values() if not set(each.awaits) & set(waiting)]
            assert ready, f"{sorted(waiting)} wait for one another"
            for container in ready:
                self._await(container)
                self.running[container.name] = Running(container, self._environment(container), self._folder)
                del waiting[container.name]

    def _await(self, container: Container) -> None:
        for other, condition in container.awaits.items():
            if other in self.running and condition == ENDED:
                assert self.running[other].ended() == 0, self.running[other].output()
            if other in self.running and condition == HEALTHY:
                self.running[other].until_healthy()

    def _environment(self, container: Container) -> dict[str, str]:
        name = container.name
        told = {variable: self._here(value) for variable, value in container.environment.items()}
        door = {f"{name.upper()}_PORT": self._doors[name]} if name in DOORS else {}
        return {**told, **door, "TOPIC_PREFIX": "composed.", "TOPIC_PARTITIONS": "2", "HEALTH_PORT": self.ports[name]}

    def _here(self, value: str) -> str:
        for there, here in self._swapped.items():
            value = value.replace(there, here)
        return value


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with spans.receiver() as taking:
        yield taking


@pytest.fixture(scope="module")
def composed(
    kafka: EmbeddedKafka, postgres: EmbeddedPostgres, collector: Collector, background: Background, scratch: Path
) -> Iterator[Composed]:
    folder = scratch / "composed"
    folder.mkdir()
    with LocalModel(folder, free_port()) as model:
        stack = Composed(
            folder,
            {
                "kafka:19092": kafka.address,
                "postgresql://portfolio:portfolio@postgres:5432/portfolio": background.run(
                    new_database(postgres.address, "composed")
                ),
                "http://jaeger:4318": collector.otlp,
                "http://model:8000/v1": model.address,
                "/objects": str(folder / "objects"),
                "0.0.0.0": HOST,  # noqa: S104 - what the file says, and is not done here
            },
        )
        with ExitStack() as ends:
            ends.callback(lambda: [each.process.kill() for each in stack.running.values()])
            stack.start()
            yield stack


@pytest.mark.timeout(400)
def test_every_container_gets_healthy_and_a_question_is_answered(composed: Composed, collector: Collector) -> None:
    for running in composed.running.values():
        if running.name != "apply":
            running.until_healthy()
    answer = composed.ask()
    trace = answer.headers["x-portfolio-trace-id"]

    assert answer.json()["choices"][0]["message"]["content"]
    until(lambda: len({span.service for span in collector.spans(trace)}) >= 7, "the trace holds seven services' spans")
    assert httpx.get(f"{composed.door('ledger')}/live", trust_env=False).status_code == httpx.codes.OK
    assert "key" in httpx.get(f"{composed.door('console')}/sign-in", trust_env=False, follow_redirects=True).text


@pytest.mark.timeout(400)
def test_prometheus_reads_every_container_and_answers_every_panel(composed: Composed, tmp_path: Path) -> None:
    scraped = [f"{HOST}:{composed.ports[name]}" for name in composed.of if name != "apply"]
    with Prometheus(tmp_path, free_port(), scraped) as prometheus:
        until(lambda: len(prometheus.query("up == 1")) == len(scraped), "every container was scraped")
        composed.ask(stream=True)
        until(lambda: without_data(prometheus) <= RARE, "every panel but the rare ones shows something", LOOK_S)
        assert prometheus.firing() & ALARMING == set()


def without_data(prometheus: Prometheus) -> set[str]:
    return {where for where, expression in panels().items() if not prometheus.query(expression)}


@pytest.mark.timeout(400)
def test_a_container_that_does_not_turn_is_unhealthy_and_all_end_when_told(composed: Composed) -> None:
    router = composed.running["router"]
    assert router.is_healthy()
    stopped = {name: each for name, each in composed.running.items() if name != "apply"}
    for each in stopped.values():
        each.process.terminate()
    assert {name: each.ended() for name, each in stopped.items()} == dict.fromkeys(stopped, 0)
    assert not router.is_healthy()
