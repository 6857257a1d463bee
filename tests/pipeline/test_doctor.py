"""The doctor, on the whole stack as it runs."""

import json

import pytest

from infra.local.parts import Addresses
from pipeline.document import SILENT
from pipeline.stack import Pipeline
from services.console.__main__ import main


def test_the_doctor_finds_the_one_provider_without_a_worker(
    pipeline: Pipeline, addresses: Addresses, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", addresses.database)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", addresses.otlp or "")

    status = main(["doctor", "--json", "--kafka", addresses.kafka])

    found = {each["part"]: each for each in json.loads(capsys.readouterr().out)}
    assert {name for name, each in found.items() if each["health"] == "bad"} == {"workers"}
    assert found["workers"]["says"] == f"no worker is ready for {SILENT}"
    assert {name for name, each in found.items() if each["health"] == "good"} >= {
        "kafka",
        "topics",
        "database",
        "clock",
        "collector",
    }
    assert status == 1
