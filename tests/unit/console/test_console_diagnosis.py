"""What the doctor makes of what was found: each fault with its remedy, and nothing where nothing is wrong."""

import json
from pathlib import Path

import pytest
from portfolios import WHOLE

from infra.store.roles import WITH_SCHEMA
from schemas.providers import AdapterKind, Provider
from services.console.__main__ import main
from services.console.domain import diagnosis
from services.console.domain.diagnosis import Health, Symptom
from services.console.domain.portfolio_file import read

PORTFOLIO = read(WHOLE).portfolio
assert PORTFOLIO is not None


def test_missing_topics_are_counted_and_named() -> None:
    found = diagnosis.of_topics(["a", "b", "c", "d"])
    assert (found.health, found.says) == (Health.BAD, "4 are missing: a, b, c, ...")
    assert found.remedy == "portfolio topics create"
    assert diagnosis.of_topics([]).health is Health.GOOD


def test_settings_that_break_a_promise_are_bad_and_another_retention_is_advice() -> None:
    found = diagnosis.of_settings(["a has min.insync.replicas=1, not 2", "b has replication=1, not 3"], 1)
    assert (found.health, found.says) == (Health.BAD, "a has min.insync.replicas=1, not 2; and 1 more")
    assert diagnosis.of_settings([], 2).health is Health.ADVICE
    assert diagnosis.of_settings([], 0).health is Health.GOOD
    assert diagnosis.unread_settings("may not").health is Health.ADVICE


def test_no_portfolio_is_bad_and_an_unwise_one_is_advice() -> None:
    assert diagnosis.of_portfolio(None, ()).remedy == "portfolio apply portfolio.yaml"
    unwise = diagnosis.of_portfolio("abc", ["one path only", "no successor"])
    assert unwise.health is Health.ADVICE
    assert "2 things in it are unwise" in unwise.says
    assert "1 thing in it is unwise" in diagnosis.of_portfolio("abc", ["one path only"]).says
    assert "one path only" in unwise.says
    assert diagnosis.of_portfolio("abc", ()).health is Health.GOOD


def test_variables_that_are_not_set_are_named() -> None:
    found = diagnosis.of_keys(PORTFOLIO, ["AZURE_API_KEY"])
    assert (found.health, found.says) == (Health.ADVICE, "not set in this environment: LOCAL_MODEL_URL")
    assert "AZURE_API_KEY, LOCAL_MODEL_URL" in diagnosis.of_keys(PORTFOLIO, ()).says
    assert diagnosis.of_keys(PORTFOLIO, ["LOCAL_MODEL_URL", "AZURE_API_KEY"]).health is Health.GOOD


def test_a_variable_is_found_wherever_a_provider_may_name_it() -> None:
    recorded = Provider(adapter=AdapterKind.REPLAY, answers="${recordings}/answers.jsonl")
    portfolio = PORTFOLIO.model_copy(update={"providers": {**PORTFOLIO.providers, "recorded": recorded}})
    assert diagnosis.of_keys(portfolio, ["AZURE_API_KEY", "LOCAL_MODEL_URL"]).says.endswith(": recordings")


def test_services_of_which_nobody_reads_are_named() -> None:
    found = diagnosis.of_services({"profiler": 2, "router": 1, "validator": 0, "ledger": 1})
    assert (found.health, found.says) == (Health.BAD, "nobody reads for validator, escalation")
    assert found.remedy.startswith("python -m services.validator")
    assert diagnosis.of_services(dict.fromkeys(diagnosis.ON_THE_ROAD, 1)).health is Health.GOOD


def test_providers_without_a_worker_are_named() -> None:
    found = diagnosis.of_workers(PORTFOLIO.providers, {"local"})
    assert (found.health, found.says) == (Health.BAD, "no worker is ready for azure")
    assert found.remedy.startswith("MODEL_WORKER_PROVIDER=azure ")
    assert diagnosis.of_workers(PORTFOLIO.providers, {"local", "azure", "gone"}).health is Health.GOOD


def test_workers_that_are_there_cannot_work_without_the_database() -> None:
    workers = diagnosis.of_workers(["azure"], ["azure"])
    down = Symptom("database", Health.BAD, "it does not answer")
    [told, _] = diagnosis.together([workers, down])
    assert (told.health, told.says) == (
        Health.ADVICE,
        "every provider has one that is ready, and none can work without the database",
    )
    without = diagnosis.of_workers(["azure"], [])
    for found in ([without, down], [workers, diagnosis.good("database", "it answers")], [workers]):
        assert diagnosis.together(found) == found


def test_dead_letters_that_wait_are_counted_by_service() -> None:
    found = diagnosis.of_letters(["router", "profiler", "router"])
    assert (found.health, found.says) == (Health.ADVICE, "1 of profiler, 2 of router wait")
    assert diagnosis.of_letters([]).health is Health.GOOD


def test_schemas_that_are_not_migrated_are_named() -> None:
    found = diagnosis.of_schemas(WITH_SCHEMA, set(WITH_SCHEMA) - {"ledger"})
    assert (found.health, found.says) == (Health.BAD, "it lacks the schema of ledger")
    assert diagnosis.of_schemas(WITH_SCHEMA, WITH_SCHEMA).health is Health.GOOD


@pytest.mark.parametrize(
    ("skew_s", "says"), [(2.5, "2.5 s before the database's"), (-61, "61.0 s behind the database's")]
)
def test_a_clock_that_is_off_is_told_with_its_direction(skew_s: float, says: str) -> None:
    found = diagnosis.of_clock(skew_s)
    assert (found.health, found.says) == (Health.BAD, says)
    assert diagnosis.of_clock(0.2).health is Health.GOOD


def test_parts_that_are_away_are_told_together_and_no_address_shows_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("CONSOLE_TIMEOUT_S", "2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2@127.0.0.1:1/none")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("OBJECTS_URL", str(tmp_path / "file" / "below"))

    assert main(["doctor", "--json", "--kafka", "127.0.0.1:1"]) == 3

    out, err = capsys.readouterr()
    assert [(each["part"], each["health"]) for each in json.loads(out)] == [
        ("kafka", "bad"),
        ("database", "bad"),
        ("objects", "bad"),
        ("collector", "bad"),
    ]
    assert "kafka, database, objects, collector" in err
    assert "hunter2" not in out + err


@pytest.mark.parametrize(
    ("looked_at", "opened", "has_keys", "health"),
    [
        (0, 0, True, Health.GOOD),
        (5, 5, True, Health.GOOD),
        (5, 2, True, Health.BAD),
        (0, 0, False, Health.ADVICE),
        (5, 0, False, Health.ADVICE),
    ],
)
def test_keys_that_open_less_than_is_sealed_are_bad(
    looked_at: int, opened: int, has_keys: bool, health: Health
) -> None:
    found = diagnosis.of_sealing(looked_at, opened, has_keys=has_keys)
    assert (found.part, found.health) == ("sealing", health)
    assert bool(found.remedy) is (health is not Health.GOOD)


def test_keys_that_are_none_are_told_by_their_variable_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEALING_KEYS", "mine:aHVudGVyMg==")
    assert main(["doctor", "--json"]) == 2
    told = "".join(capsys.readouterr())
    assert "SEALING_KEYS: key mine is not base64 of 32 bytes" in told
    assert "aHVudGVyMg" not in told
