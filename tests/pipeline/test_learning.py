"""The portfolio learns: a model that silently gets worse loses its traffic, and the story of a request says why."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from own_ports import free_port

from infra.local.bus import bus_config
from infra.local.kafka import EmbeddedKafka
from infra.local.parts import Addresses
from infra.local.postgres import EmbeddedPostgres
from infra.local.services import apply_portfolio
from pipeline.document import document
from pipeline.kafka_log import Client, Log
from pipeline.requests import Ledger, Requests
from pipeline.scripts import NUMBER_SCHEMA, RIGHT, WRONG, Scripts, says
from pipeline.stack import Background, Services, new_database
from pipeline.waiting import until
from schemas.attempt import AttemptDispatched
from schemas.portfolio import Portfolio
from schemas.standing import ModelScored
from services.console.__main__ import main

PREFIX = "learning."
SOUND_FOR, SICK_FOR, AFTER = 20, 40, 10


def learning_lane(found: Portfolio) -> Portfolio:
    """One lane with a bar, two tiers and no luck: nothing is mended, explored or known before, and all may move up."""
    lane = found.lanes["simple"]
    tiers = (("small",), ("large",))
    changes = {"tiers": tiers, "learns": None, "explore": 0.0, "repairs": 0}
    learning = lane.model_copy(update={**changes, "bar": lane.bar.model_copy(update={"success": 0.8})})
    cap = found.defaults.escalation.model_copy(update={"most_share": 1.0})
    defaults = found.defaults.model_copy(update={"escalation": cap})
    models = {name: model.model_copy(update={"priors": None}) for name, model in found.models.items()}
    return found.model_copy(update={"lanes": {"simple": learning}, "models": models, "defaults": defaults})


@pytest.fixture(scope="module")
def learners(
    background: Background, scripts: Scripts, kafka: EmbeddedKafka, postgres: EmbeddedPostgres, scratch: Path
) -> Iterator[tuple[Requests, Services]]:
    """A stack of its own, that looks at its scores all the time and forgets quickly."""
    answers = scratch / "no-answers.jsonl"
    answers.write_text("")
    portfolio = learning_lane(document(scripts.url, answers))
    served = {name: portfolio.providers[name] for name in ("acme", "abroad")}
    database = background.run(new_database(postgres.address, "learning"))
    addresses = Addresses(kafka.address, database, "", None, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOPIC_PREFIX", PREFIX)
        patch.setenv("LEDGER_SCORES_PAUSE_S", "0.5")
        patch.setenv("LEDGER_SCORES_KEEP", "0.95")
        background.run(apply_portfolio(portfolio, addresses, bus_config(addresses)))
        worked = portfolio.model_copy(update={"providers": served})
        services = Services(background, worked, addresses, (free_port(), free_port()))
        services.start()
        log, client = Log(kafka.address, PREFIX), Client(kafka.address, PREFIX)
        yield Requests(scripts, client, log, Ledger(services.ledger)), services
        client.close()
        log.close()
        services.stop()


def ask(requests: Requests, small: str, count: int) -> list[UUID]:
    """So many requests, to their ends, while the small model says this; the large one is always right."""
    scripts = [
        requests.scripts.expect({"acme-small": [says(small)], "abroad-large": [says(RIGHT)]}) for _ in range(count)
    ]
    asked = [requests.submit(script.request(response_format=NUMBER_SCHEMA)) for script in scripts]
    for request_id in asked:
        requests.completed(request_id)
    return asked


def first_of(requests: Requests, request_id: UUID) -> AttemptDispatched:
    dispatched = requests.log.first(request_id, "attempt.dispatched.acme", "attempt.dispatched.abroad").event
    assert isinstance(dispatched, AttemptDispatched)
    return dispatched


def test_a_model_that_gets_worse_loses_its_traffic_and_show_says_why(
    learners: tuple[Requests, Services], capsys: pytest.CaptureFixture[str]
) -> None:
    requests, services = learners
    sound = ask(requests, RIGHT, SOUND_FOR)
    assert {first_of(requests, each).attempt.model for each in sound} == {"small"}
    ask(requests, WRONG, SICK_FOR)

    def moved_away() -> UUID | None:
        (one,) = ask(requests, WRONG, 1)
        return one if first_of(requests, one).attempt.model == "large" else None

    shown = until(moved_away, "the small model loses its traffic")
    assert shown is not None
    after = ask(requests, WRONG, AFTER)
    assert {first_of(requests, each).attempt.model for each in after} == {"large"}
    choice = first_of(requests, shown).choice
    assert choice.scores is not None
    assert choice.scores in choice.why
    requests.ledger.story(shown)
    assert main(["show", str(shown), "--ledger", services.ledger]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "the cheapest plan that clears a bar of 80.0%: large:" in told
    assert "predicted success by tier: 1 small" in told
    assert "not small: passed over by the plan: expected success" in told
    requests.log.catch_up()
    scores = requests.log.of("extraction/small/acme", "model.scored")
    assert all(isinstance(record.event, ModelScored) for record in scores)
    assert len(scores) < SOUND_FOR + SICK_FOR, "scores are said in rounds, not with each request"
