"""What is given on the command line, or in a file, is understood or refused with the reason."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portfolios import WHOLE

from services.console.config import configured
from services.console.domain.failures import Misused
from services.console.domain.portfolio_file import read
from services.console.domain.remedy import lines_named
from services.console.domain.since import since
from services.console.domain.submission import submissions

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NEW = UUID("00000000-0000-4000-8000-000000000001")
ASKED = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.mark.parametrize(
    "text",
    [json.dumps(ASKED), json.dumps(ASKED, indent=2), json.dumps([ASKED]), f"\n{json.dumps(ASKED)}\n\n"],
    ids=["one line", "many lines", "an array", "JSONL"],
)
def test_a_request_is_found_however_it_is_written(text: str) -> None:
    (found,) = submissions(text, "f", lambda: NEW)

    assert found.request_id == NEW
    assert json.loads(found.value) == {**ASKED, "request_id": str(NEW)}


def test_a_text_may_hold_what_ends_lines_elsewhere() -> None:
    asked = {"messages": [{"role": "user", "content": "one\u2028two\x85three"}]}
    lines = "\r\n".join(json.dumps(asked, ensure_ascii=False) for _ in range(2))

    assert [json.loads(each.value)["messages"] for each in submissions(lines, "f", uuid4)] == [asked["messages"]] * 2


def test_an_id_of_its_own_is_kept() -> None:
    own = uuid4()
    (found,) = submissions(json.dumps({**ASKED, "request_id": str(own)}), "f", lambda: NEW)

    assert found.request_id == own


def test_a_field_that_nobody_reads_is_a_warning_with_the_nearest_word() -> None:
    (found,) = submissions(json.dumps({**ASKED, "lanes": "simple"}), "f.json", lambda: NEW)

    assert found.warnings == ('f.json:1: unknown field "lanes"; did you mean "lane"?',)


def test_every_line_that_is_no_request_is_told() -> None:
    lines = ["{", "[]", '{"messages": []}', '{"messages": [{"content": "x"}]}', json.dumps({**ASKED, "budget_usd": 1})]
    with pytest.raises(Misused) as refusal:
        submissions("\n".join(lines), "f.jsonl", lambda: NEW)

    told = str(refusal.value).splitlines()
    assert [line.split(":")[1] for line in told] == ["1", "2", "3", "4", "5"]
    assert "a message needs a role" in told[3]


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        assert submissions(text, "f", uuid4)
    except Misused as refusal:
        assert str(refusal)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", "2026-05-04T11:30:00+00:00"),
        ("24h", "2026-05-03T12:00:00+00:00"),
        ("7d", "2026-04-27T12:00:00+00:00"),
        ("2w", "2026-04-20T12:00:00+00:00"),
        ("2026-05-01", "2026-05-01T00:00:00+00:00"),
        ("1900-01-01", "1970-01-01T00:00:00+00:00"),
        ("99999d", "1970-01-01T00:00:00+00:00"),
        ("2026-05-01T02:00:00+02:00", "2026-05-01T00:00:00+00:00"),
    ],
)
def test_since_is_a_time_or_a_while(text: str, expected: str) -> None:
    assert since(text, NOW) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["yesterday", "5y", "", "-1h"])
def test_since_refuses_what_is_neither(text: str) -> None:
    with pytest.raises(Misused, match="neither a time"):
        since(text, NOW)


def test_a_failure_points_at_the_lines_that_would_help() -> None:
    reading = read(WHOLE)
    assert reading.portfolio is not None
    detail = "a model in lanes.simple.tiers, or lanes.simple.repairs, would help; models.small is too weak"

    assert lines_named(detail, "p.yaml", reading, reading.portfolio.digest()) == [
        "p.yaml:23: lanes.simple.tiers",
        "p.yaml:12: models.small",
    ]


def test_a_file_that_is_another_revision_is_not_pointed_at() -> None:
    assert lines_named("lanes.simple.tiers", "p.yaml", read(WHOLE), "another") == []


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".portfolio").mkdir()
    told = {"kafka": "file:1", "ledger": "http://file", "jaeger": None, "database": "secret"}
    (tmp_path / ".portfolio" / "addresses.json").write_text(json.dumps(told))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "environment:1")

    assert configured().kafka == "environment:1"
    assert configured(kafka="option:1").kafka == "option:1"
    assert configured(kafka=None).ledger == "http://file"
    assert configured().jaeger == "http://127.0.0.1:16686"


def test_an_addresses_file_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".portfolio").mkdir()
    (tmp_path / ".portfolio" / "addresses.json").write_text("{")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Misused, match="not what `make up` writes"):
        configured()
