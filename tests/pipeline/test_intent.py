"""What a request asks is told by its words, out of the box: its risk, and the safe plan where nothing tells it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from own_ports import free_port

from infra.local.bus import bus_config
from infra.local.kafka import EmbeddedKafka
from infra.local.parts import Addresses
from infra.local.postgres import EmbeddedPostgres
from infra.local.services import apply_portfolio
from pipeline.document import document
from pipeline.kafka_log import Client, Log
from pipeline.requests import Ledger, Requests, reasons
from pipeline.scripts import Scripts, calls, says
from pipeline.stack import Background, Services, new_database
from pipeline.waiting import until
from schemas.content import Json
from schemas.portfolio import Portfolio
from schemas.request import Profile, Request, RequestProfiled
from services.console.__main__ import main

PREFIX = "intent."
SHIPPED = Path(__file__).parents[2] / "portfolio.yaml"
LOAN = "Should we grant Ms Meyer, income 40,000, a loan of 200,000?"
POEM = "Write a poem about autumn."
CANCEL = {"type": "function", "x-effect": "irreversible", "function": {"name": "cancel", "parameters": {}}}
COMPLAINTS = tuple(f"My parcel number {number} came broken and I am angry." for number in range(10))


def understanding(found: Portfolio, **more: Any) -> Portfolio:
    """The shipped tasks, defaults and lanes, over the scripted models."""
    shipped: Json = yaml.safe_load(SHIPPED.read_text())
    tasks = {**shipped["tasks"], **more}
    strict = shipped["lanes"]["critical"]["tasks"]
    usual = [task for task in tasks if task not in (*strict, "embeddings")]
    plain = {"checks": ["format"], "learns": False, "deadline_s": 100, "max_attempts": 6, "repairs": 0}
    lanes = {
        "simple": {**plain, "tasks": usual, "tiers": [["small"], ["middle"], ["strong"]]},
        "critical": {**plain, "tasks": strict, "tiers": [["small", "middle"], ["strong"]]},
    }
    lanes["critical"] |= {"checks": ["format", "agreement"]}
    whole: Json = {**found.model_dump(mode="json", exclude_none=True), "tasks": tasks, "lanes": lanes}
    whole["defaults"] |= {"unsure": shipped["defaults"]["unsure"]}
    for model in whole["models"].values():
        model.pop("priors", None)
    return Portfolio.of({**whole, "tenants": {}, "policies": {}})


@dataclass(frozen=True)
class Stack:
    requests: Requests
    services: Services
    background: Background
    portfolio: Portfolio
    addresses: Addresses

    def apply(self, portfolio: Portfolio) -> None:
        self.background.run(apply_portfolio(portfolio, self.addresses, bus_config(self.addresses)))

    def ask(self, text: str, answers: Json, **told: Any) -> UUID:
        """Asked by these words alone; the script's own are no user's."""
        script = self.requests.scripts.expect(answers)
        messages = [{"role": "system", "content": script.question}, {"role": "user", "content": text}]
        return self.requests.submit({"messages": messages, **told})

    def profiled(self, request_id: UUID) -> Request:
        event = self.requests.log.first(request_id, "request.profiled").event
        assert isinstance(event, RequestProfiled)
        return event.request

    def shown(self, request_id: UUID, capsys: pytest.CaptureFixture[str]) -> str:
        capsys.readouterr()
        assert main(["show", str(request_id), "--ledger", self.services.ledger]) == 0
        return " ".join(capsys.readouterr().out.split())


@pytest.fixture(scope="module")
def stack(
    background: Background, scripts: Scripts, kafka: EmbeddedKafka, postgres: EmbeddedPostgres, scratch: Path
) -> Iterator[Stack]:
    answers = scratch / "no-answers-of-intent.jsonl"
    answers.write_text("")
    portfolio = understanding(document(scripts.url, answers))
    database = background.run(new_database(postgres.address, "intent"))
    addresses = Addresses(kafka.address, database, "", None, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOPIC_PREFIX", PREFIX)
        background.run(apply_portfolio(portfolio, addresses, bus_config(addresses)))
        served = {name: portfolio.providers[name] for name in ("acme", "backup")}
        services = Services(
            background, portfolio.model_copy(update={"providers": served}), addresses, (free_port(), free_port())
        )
        services.start()
        log, client = Log(kafka.address, PREFIX), Client(kafka.address, PREFIX)
        requests = Requests(scripts, client, log, Ledger(services.ledger))
        yield Stack(requests, services, background, portfolio, addresses)
        client.close()
        log.close()
        services.stop()


def test_a_loan_is_told_by_its_words_and_two_models_must_agree(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stack.ask(LOAN, {"acme-small": [says("Decline.")], "acme-middle": [says("Decline.")]})
    end = stack.requests.completed(asked)
    request = stack.profiled(asked)
    assert (request.profile.task, request.risk, request.lane) == ("loan_decision", "high", "critical")
    story = stack.requests.ledger.story(asked)
    assert end.status == "verified"
    assert [model for model, _, _ in reasons(story)] == ["small", "middle"]
    assert request.profile.classifier is not None
    assert story["request"]["profile_why"] == request.profile.why
    assert f"loan_decision (the classifier {request.profile.classifier} knows its words)" in stack.shown(asked, capsys)


def test_a_request_of_which_nothing_is_sure_begins_with_the_strongest_model(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stack.ask(POEM, {"backup-strong": [says("Leaves.")]})
    stack.requests.completed(asked)
    assert stack.profiled(asked).profile.unsure
    assert reasons(stack.requests.ledger.story(asked)) == [("strong", "backup", None)]
    assert "strongest first, as nothing told its task for sure" in stack.shown(asked, capsys)


def test_where_the_strongest_model_fails_the_others_are_asked_from_the_first(stack: Stack) -> None:
    asked = stack.ask(POEM, {"backup-strong": [says("")], "acme-small": [says("Leaves.")]})
    assert stack.requests.completed(asked).model == "small"


def test_a_lane_that_a_client_names_lowers_no_check_of_what_cannot_be_undone(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    call = calls("cancel", {})
    asked = stack.ask(
        "Cancel order 7718.", {"acme-small": [call], "acme-middle": [call]}, lane="simple", tools=[CANCEL]
    )
    end = stack.requests.completed(asked)
    assert (end.status, end.lane) == ("verified", "critical")
    assert "in lane critical instead of simple, which checks less" in stack.shown(asked, capsys)


def profile_of(stack: Stack, text: str) -> Profile:
    asked = stack.ask(text, {name: [says("Sorry.")] for name in ("acme-small", "backup-strong")})
    stack.requests.completed(asked)
    return stack.profiled(asked).profile


def test_a_revision_with_other_examples_is_learned_while_requests_go_on(stack: Stack) -> None:
    before = profile_of(stack, "When do you open?")
    told = {"describe": "customers who are not content", "examples": list(COMPLAINTS)}
    stack.apply(understanding(stack.portfolio, complaint=told))
    try:
        until(lambda: profile_of(stack, COMPLAINTS[3]).task == "complaint", "the new task is told by its examples")
        assert profile_of(stack, "When do you open?").classifier != before.classifier
    finally:
        stack.apply(stack.portfolio)
