"""The doctor, on the whole stack as it runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from own_ports import free_port

from infra.local.parts import Addresses
from pipeline.stack import Pipeline
from services.console.__main__ import main

WELL = {"kafka", "topics", "topic settings", "services", "workers", "database", "clock", "objects", "collector"}


def test_the_doctor_finds_a_whole_stack_well_and_says_which_part_is_away(
    silent: Pipeline,
    addresses: Addresses,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def looked() -> tuple[int, dict[str, Any]]:
        status = main(["doctor", "--json", "--kafka", addresses.kafka])
        return status, {each["part"]: each for each in json.loads(capsys.readouterr().out)}

    monkeypatch.setenv("DATABASE_URL", addresses.database)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", addresses.otlp or "")
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path))
    status, found = looked()
    assert status == 0, found
    assert {name for name, each in found.items() if each["health"] == "good"} >= WELL

    monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres@127.0.0.1:{free_port()}/postgres")
    status, found = looked()
    assert status == 3
    assert found["database"]["health"] == "bad"
    assert found["kafka"]["health"] == "good"
