"""What the whole stack tells of itself, and that docs/operating.md tells of all of it."""

import json
import re
from pathlib import Path

import httpx
import pytest
from metric_receiver import metric_receiver, series_in
from prometheus_client.parser import text_string_to_metric_families

from pipeline.scripts import says
from pipeline.stack import Pipeline
from pipeline.waiting import until
from schemas.topics import SERVICES

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
OF_THE_PROCESS = ("process_", "python_")


def asked(pipeline: Pipeline, path: str) -> str:
    return httpx.get(f"{pipeline.services.health}{path}", trust_env=False, timeout=10).text


def families(pipeline: Pipeline) -> dict:
    """Our metrics' families, by name."""
    found = text_string_to_metric_families(asked(pipeline, "/metrics"))
    return {family.name: family for family in found if not family.name.startswith(OF_THE_PROCESS)}


def value(pipeline: Pipeline, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels."""
    samples = families(pipeline)[name.removesuffix("_total")].samples
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def answered(pipeline: Pipeline, model: str = "acme-small", lane: str = "simple") -> str:
    """One more request, to its end; its id."""
    script = pipeline.scripts.expect({model: [says("A secret that only the answer holds.")]})
    request_id = pipeline.submit(script.request(lane=lane))
    pipeline.completed(request_id)
    return str(request_id)


def completed_abroad(pipeline: Pipeline) -> float:
    """The attempts that ended well at a provider where no other test leaves any."""
    return value(pipeline, "portfolio_attempts_total", provider="abroad", outcome="completed")


def test_every_metric_is_explained_and_every_explained_one_is_told(pipeline: Pipeline) -> None:
    answered(pipeline)
    rows = re.findall(r"^\| `(portfolio_\w+)` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    kinds = {"counter": "_total", "gauge": "", "histogram": ""}
    told = {family.name + kinds[family.type]: family.type for family in families(pipeline).values()}

    assert dict(rows) == told


def test_the_figures_of_all_services_come_from_one_place(pipeline: Pipeline) -> None:
    started = families(pipeline)["portfolio_started"].samples

    assert {sample.labels["service"] for sample in started} == set(SERVICES) - {"console"}
    assert {sample.value for sample in started} == {1.0}
    assert json.loads(asked(pipeline, "/ready")) == {"status": "ready", "waits_for": {}}


def test_the_figures_of_all_services_are_pushed_as_they_are_scraped(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    with metric_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", receiver.address)
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
        with pipeline.services.stopped():
            """Started again, they read the settings."""
        answered(pipeline)

        def are_pushed() -> bool:
            scraped = {(s.name, frozenset(s.labels.items())) for f in families(pipeline).values() for s in f.samples}
            return scraped <= set(series_in(receiver.after(len(receiver.posts()))))

        until(are_pushed, "each series that is scraped is pushed, too")
        monkeypatch.undo()
        with pipeline.services.stopped():
            """Nothing is pushed after the receiver is gone."""


def test_a_request_moves_the_figures_and_leaves_no_lag(pipeline: Pipeline) -> None:
    before = completed_abroad(pipeline)
    heard = value(pipeline, "portfolio_events_heard_total", service="ledger", topic="request.completed")
    answered(pipeline, "abroad-large", "abroad")

    until(lambda: completed_abroad(pipeline) == before + 1, "one attempt more has ended")
    until(
        lambda: value(pipeline, "portfolio_events_heard_total", service="ledger", topic="request.completed") > heard,
        "the ledger has heard of it",
    )
    until(lambda: value(pipeline, "portfolio_consumer_lag_events") == 0, "nothing is left to do")
    until(lambda: value(pipeline, "portfolio_leases_held") == 0, "no lease is held")


def test_no_figure_holds_a_request_or_what_it_says(pipeline: Pipeline) -> None:
    request_id = answered(pipeline)
    text = asked(pipeline, "/metrics")

    assert request_id not in text
    assert "A secret" not in text
