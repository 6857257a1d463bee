"""The commands as a shell sees them: what they print, where, and with which exit code."""

import json
from pathlib import Path

import pytest
from portfolios import WHOLE

from services.console.__main__ import main

NOWHERE = "127.0.0.1:1"
REQUEST = "5f0c6c5e-6c1b-5d5e-9a53-0d2f3c7a8f11"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONSOLE_TIMEOUT_S", "5")


def test_check_passes_what_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALING_KEYS", "set")
    (tmp_path / "portfolio.yaml").write_text(WHOLE)

    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("portfolio.yaml: valid, revision ")


def test_check_gives_advice_and_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.yaml").write_text(WHOLE.replace("  restricted: [on-premises]\n", ""))

    assert main(["check", "p.yaml"]) == 0
    assert "p.yaml:2:1: residency: no residency for restricted data" in capsys.readouterr().out


def test_check_fails_what_is_wrong_with_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.yaml").write_text(WHOLE.replace("risk: high", "risk: hihg"))

    assert main(["check", "p.yaml", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    assert [(each["line"], each["severity"]) for each in told["findings"]] == [(7, "error")]


def test_a_wrong_portfolio_is_not_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.yaml").write_text(WHOLE.replace("risk: high", "risk: hihg"))

    assert main(["apply", "p.yaml", "--kafka", NOWHERE]) == 1
    assert 'p.yaml:7:38: tasks.loans.risk: unknown word "hihg"' in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "hello", "--kafka", NOWHERE],
        ["submit", "request.json", "--kafka", NOWHERE],
        ["submit", "request.json", "--wait", "--kafka", NOWHERE],
        ["apply", "p.yaml", "--kafka", NOWHERE],
        ["rollback", "--kafka", NOWHERE],
        ["diff", "p.yaml", "--kafka", NOWHERE],
        ["lanes", "--kafka", NOWHERE],
        ["models", "--kafka", NOWHERE],
        ["topics", "plan", "--kafka", NOWHERE],
        ["topics", "create", "--file", "p.yaml", "--kafka", NOWHERE],
        ["topics", "list", "--kafka", NOWHERE],
        ["breakers", "--kafka", NOWHERE],
        ["breakers", "reset", "small@acme", "--kafka", NOWHERE],
        ["dead-letters", "list", "--kafka", NOWHERE],
        ["dead-letters", "show", "profiler@1", "--kafka", NOWHERE],
        ["dead-letters", "replay", "--all", "--kafka", NOWHERE],
        ["dead-letters", "drop", "--all", "--kafka", NOWHERE],
        ["show", REQUEST, "--ledger", f"http://{NOWHERE}"],
        ["show", f"chatcmpl-{REQUEST}", "--ledger", f"http://{NOWHERE}"],
        ["show", f"resp_{REQUEST}", "--ledger", f"http://{NOWHERE}"],
        ["summary", "--ledger", f"http://{NOWHERE}"],
        ["scores", "--ledger", f"http://{NOWHERE}"],
        ["trace", REQUEST, "--ledger", f"http://{NOWHERE}"],
        ["trace", "0" * 32, "--jaeger", f"http://{NOWHERE}"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_cannot_be_reached_is_one_line_with_the_remedy(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.yaml").write_text(WHOLE)
    (tmp_path / "request.json").write_text('{"messages": [{"role": "user", "content": "x"}]}')

    assert main([*arguments, "--json"]) == 3
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1
    assert "make up" in err
    assert json.loads(out)["error"]["exit_code"] == 3


def test_a_request_that_was_not_sent_has_no_id_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "hello", "--kafka", NOWHERE]) == 3
    assert capsys.readouterr().out == ""


def test_a_user_without_a_name_is_asked_for_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)

    assert main(["dead-letters", "drop", "profiler@1", "--kafka", NOWHERE]) == 2
    assert "say who you are with --author" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["submit", "absent.json"], "absent.json cannot be read: No such file"),
        (["check", "absent.yaml"], "write a first one with `portfolio init`"),
        (["trace", "zz"], "neither a request id nor a trace id"),
        (["show", "zz"], "neither a request id"),
        (["summary", "--since", "soon"], "neither a time"),
        (["dead-letters", "list", "--service", "post"], '"post" is no service: it is one of gateway, profiler'),
        (["dead-letters", "show", "12"], '"12" is no letter'),
        (["dead-letters", "replay"], "say which: letters, a filter, or --all"),
        (["dead-letters", "drop", "--since", "soon"], "neither a time"),
        (["breakers", "reset", "small"], '"small" is no model path'),
        (["nonsense"], "No such command"),
        (["ask"], "Missing argument"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_usage_is_told_apart(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["nonsense"], ["ask"], ["check", "--frob"], ["keys", "nonsense"]])
def test_wrong_usage_is_told_to_programs_too(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--json"]) == 2
    told = capsys.readouterr()
    error = json.loads(told.out)["error"]
    assert error["exit_code"] == 2
    assert error["message"] in told.err


@pytest.mark.parametrize(
    "name",
    [
        *("ask", "submit", "show", "trace", "summary", "check", "apply", "rollback", "topics plan", "topics acls"),
        *("dead-letters list", "dead-letters show", "dead-letters replay", "dead-letters drop"),
        *("breakers", "breakers reset", "lanes", "models", "diff"),
    ],
)
def test_each_command_explains_itself_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*name.split(), "--help"]) == 0
    told = capsys.readouterr().out
    assert f"\n    portfolio {name}" in told or f"| portfolio {name}" in told
    assert "--json" in told
    assert "\x1b" not in told
