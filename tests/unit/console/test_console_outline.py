"""A portfolio in outline, as data, as trees and through the commands."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from portfolios import WHOLE, document, model, portfolio
from rich.console import Console, Group

from services.console.__main__ import main
from services.console.adapters.terminal.outlines import lanes_view, models_view
from services.console.domain.outline import lanes_of, models_of, reasons_of

GUIDES = ("│", "├──", "└──")


def test_the_most_urgent_lane_comes_first_and_the_default_is_marked() -> None:
    assert [(each.lane, each.default) for each in lanes_of(portfolio())] == [("critical", False), ("simple", True)]


def test_a_check_with_settings_is_told_by_its_name() -> None:
    lanes = document()["lanes"]
    lanes["simple"]["checks"] = ["format", {"agreement": {"with": "large"}}]

    assert lanes_of(portfolio(lanes=lanes))[1].checks == ("format", "agreement")


def test_a_model_names_its_paths_their_prices_and_its_lanes() -> None:
    models = {**document()["models"], "idle": model("azure")}
    small, large, idle = models_of(portfolio(models=models))

    assert [end.path for end in small.endpoints] == ["small@local"]
    assert large.endpoints[0].usd_per_million == Decimal("4.375")
    assert (large.endpoints[0].region, large.lanes) == ("eu", ("simple", "critical"))
    assert (idle.endpoints[0].usd_per_million, idle.lanes) == (None, ())


def test_a_path_tells_its_part_of_what_it_shares_with_equals() -> None:
    providers = {"spare": document()["providers"]["local"], **document()["providers"]}
    weights = zip(("local", "azure", "spare"), (3, 1, 0), strict=True)
    weighed = {**model("local"), "endpoints": [{"provider": at, "model": "m", "weight": each} for at, each in weights]}
    found = models_of(portfolio(providers=providers, models={**document()["models"], "weighed": weighed}))

    assert [end.part for end in found[-1].endpoints] == [0.75, 0.25, 0]
    assert [end.part for end in found[0].endpoints] == [None]


def test_other_names_and_weights_are_told_beside_what_a_model_can() -> None:
    spare = {"spare": document()["providers"]["local"], **document()["providers"]}
    ends = [{"provider": at, "model": "m", "weight": each} for at, each in (("local", 3), ("spare", 1))]
    weighed = {**model("local"), "endpoints": ends, "also_called": ["vendor/m", "m-latest"]}
    lanes = document()["lanes"]
    lanes["simple"]["also_called"] = ["everyday"]
    found = portfolio(providers=spare, models={**document()["models"], "weighed": weighed}, lanes=lanes)

    told = drawn(Console(width=200, color_system=None), models_view(models_of(found)))
    assert "also called vendor/m, m-latest" in told
    assert "weighed@local, on-premises, there m, " in told
    assert "75% of what equal paths share (weight 3)" in told
    assert [(end.weight, end.name) for end in models_of(found)[-1].endpoints] == [(3, "m"), (1, "m")]
    assert models_of(found)[-1].also_called == ("vendor/m", "m-latest")
    assert "also called everyday" in drawn(Console(width=200, color_system=None), lanes_view(lanes_of(found)))


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "p.yaml").write_text(WHOLE)
    return str(tmp_path / "p.yaml")


def test_lanes_of_a_file_need_no_kafka(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lanes", "--file", file]) == 0
    told = capsys.readouterr().out
    assert "simple default" in told
    assert "small → large" in told
    assert "\x1b" not in told


def test_models_of_a_file_are_one_json_document(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--file", file, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["model"] for each in told] == ["small", "large"]
    [end] = told[1]["endpoints"]
    assert (end["path"], end["region"], end["usd_per_million"]) == ("large@azure", "eu", "4.375")
    assert (end["weight"], end["part"], told[1]["also_called"]) == (None, None, [])


@pytest.mark.parametrize("view", [lanes_view(lanes_of(portfolio())), models_view(models_of(portfolio()))])
def test_a_narrow_terminal_loses_no_word(view: Group) -> None:
    narrow, wide = (Console(width=width, color_system=None) for width in (40, 200))
    words = [drawn(console, view).split() for console in (narrow, wide)]

    assert [word for word in words[0] if word not in GUIDES] == [word for word in words[1] if word not in GUIDES]


def drawn(console: Console, view: Group) -> str:
    with console.capture() as captured:
        console.print(view)
    return captured.get()


@pytest.mark.parametrize("arguments", [["lanes", "--file"], ["models", "--file"], ["diff"]])
def test_what_is_wrong_in_a_file_is_told_with_its_line(
    arguments: list[str], file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(file).write_text(WHOLE.replace("risk: high", "risk: hihg"))

    assert main([*arguments, file]) == 1
    assert f"{file}:7:38: tasks.loans.risk" in capsys.readouterr().err


def test_reasons_of_a_lane_begin_with_its_own_wishes() -> None:
    lanes = document()["lanes"]
    lanes["critical"]["on_fail"] = {"format": "up", "timeout": "up", "refused": "human"}
    rows = reasons_of(portfolio(lanes=lanes).lanes["critical"])

    assert (rows[0].reason, rows[0].check, rows[0].actions[:2]) == ("check_failed", "format", ("up", "repair"))
    assert next(row.actions for row in rows if row.reason == "timeout")[:2] == ("up", "sideways")
    assert {row.reason for row in rows if row.own} == {"check_failed", "timeout", "refused"}
    assert not any("human" in row.actions for row in rows), "what is listed is what is done"
    assert not any(row.own for row in reasons_of(None))
    lanes["critical"]["reviews"] = {"ask": "clerks", "within_s": 60}
    staffed = reasons_of(portfolio(lanes=lanes).lanes["critical"])
    assert next(row.actions for row in staffed if row.reason == "refused")[0] == "human"


def test_the_usual_table_of_reasons_needs_neither_kafka_nor_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reasons", "--kafka", "127.0.0.1:1"]) == 0
    assert "repair, then up, then sideways" in capsys.readouterr().out


def test_a_lane_that_is_not_there_is_told_with_the_nearest(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reasons", "critcal", "--file", file]) == 2
    assert "did you mean" in capsys.readouterr().err
    assert main(["reasons", "--file", file]) == 2
    assert main(["reasons", "critical", "--file", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["check"] == "agreement"


def test_what_follows_a_broken_policy_has_a_row_of_its_own() -> None:
    row = next(row for row in reasons_of(None) if row.check == "policy")

    assert (row.reason, row.actions, row.own) == ("check_failed", ("approved", "repair", "up", "sideways"), False)
