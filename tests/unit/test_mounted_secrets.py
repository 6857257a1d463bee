"""Secrets as files under the names of variables."""

from pathlib import Path

import pytest

from infra.entry import WRONG_USAGE, App, run
from infra.metrics.config import HealthConfig
from infra.mounted_secrets import take_mounted_secrets


def test_a_file_stands_for_the_variable_of_its_name_and_is_nearer_than_it(tmp_path: Path) -> None:
    (tmp_path / "DATABASE_URL").write_text("postgresql://mounted\n")
    (tmp_path / "ACME_API_KEY").write_text("a key")
    environment = {"DATABASE_URL": "postgresql://told", "OTHER": "stays"}
    assert take_mounted_secrets(tmp_path, environment) == ["ACME_API_KEY", "DATABASE_URL"]
    assert environment == {"DATABASE_URL": "postgresql://mounted", "ACME_API_KEY": "a key", "OTHER": "stays"}


def test_an_empty_file_takes_away_nothing_that_a_variable_says(tmp_path: Path) -> None:
    for name in ("SEALING_KEYS", "ACME_API_KEY"):
        (tmp_path / name).touch()
    environment = {"SEALING_KEYS": "a: key"}
    assert take_mounted_secrets(tmp_path, environment) == ["ACME_API_KEY"]
    assert environment == {"SEALING_KEYS": "a: key", "ACME_API_KEY": ""}


def test_what_is_no_variable_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    (tmp_path / "token.txt").write_text("x")
    (tmp_path / "FOLDER").mkdir()
    environment: dict[str, str] = {}
    assert take_mounted_secrets(tmp_path, environment) == []
    assert take_mounted_secrets(tmp_path / "absent", environment) == []
    assert environment == {}


def test_a_service_takes_them_before_it_reads_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTH_PORT", "0")
    monkeypatch.setattr("infra.mounted_secrets.FOLDER", tmp_path)
    (tmp_path / "HEALTH_PORT").write_text("no port")

    async def build() -> App:
        HealthConfig()
        raise AssertionError("its settings are wrong")

    assert run(build) == WRONG_USAGE
