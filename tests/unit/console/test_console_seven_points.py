"""What a document proves of a healthy portfolio is told so, what it plans is told as planned, the rest as missing."""

import json
from pathlib import Path
from typing import Any

import pytest
from portfolios import document, model, portfolio

from schemas.portfolio import Portfolio
from services.console.__main__ import main
from services.console.domain.portfolio_file import read
from services.console.domain.seven_points import Point, State, seven_points

SHIPPED = Path(__file__).parents[3] / "portfolio.yaml"
LOOK = {"owner": "platform", "every_days": 7}
UPKEEP = {"escalations": LOOK, "costs": {**LOOK, "every_days": 30}, "evaluation": {**LOOK, "set": "own cases"}}


def healthy(**changes: Any) -> Portfolio:
    models = {
        "small": {**document()["models"]["small"], "rollback_to": "large"},
        "large": {**document()["models"]["large"], "rollback_to": "small"},
    }
    lanes = {name: {**lane, "checks": ["format"]} for name, lane in document()["lanes"].items()}
    return portfolio(**{"models": models, "lanes": lanes, "upkeep": UPKEEP, **changes})


def missing(found: Portfolio) -> list[tuple[int, Point]]:
    return [(number, each) for number, each in enumerate(seven_points(found), 1) if each.state is State.MISSING]


def test_the_shipped_portfolio_has_all_that_a_document_can_prove() -> None:
    found = read(SHIPPED.read_text()).portfolio

    assert found is not None
    assert len(found.lanes) == 3
    states = [point.state for point in seven_points(found)]
    assert states == [State.PROVED] * 3 + [State.PLANNED] * 3 + [State.PROVED]


def test_a_healthy_portfolio_misses_nothing() -> None:
    assert missing(healthy()) == []


def lanes_with(**changes: Any) -> dict[str, Any]:
    lanes = {name: {**lane, "checks": ["format"]} for name, lane in document()["lanes"].items()}
    return {**lanes, "critical": {**lanes["critical"], **changes}}


UNHEALTHY = [
    (1, {"lanes": lanes_with(tiers=[["large"]])}, "lanes.critical.tiers", "another vendor"),
    (2, {"lanes": lanes_with(tasks=[])}, "tasks.loans", "in the tasks of the lane"),
    (
        2,
        {"tasks": {}, "lanes": {n: {**x, "tasks": []} for n, x in lanes_with().items()}},
        "tasks",
        "describe the tasks",
    ),
    (3, {"lanes": lanes_with(checks=[])}, "lanes.critical.checks", "[format]"),
    (3, {"lanes": lanes_with(checks=["not_empty"])}, "lanes.critical.checks", "[format]"),
    (4, {"upkeep": {**UPKEEP, "escalations": None}}, "upkeep.escalations", "every_days: 7"),
    (4, {"upkeep": {**UPKEEP, "escalations": {**LOOK, "every_days": 8}}}, "upkeep.escalations", "every_days: 7"),
    (5, {"upkeep": {**UPKEEP, "evaluation": None}}, "upkeep.evaluation", "set: <where>"),
    (6, {"upkeep": {**UPKEEP, "costs": {**LOOK, "every_days": 90}}}, "upkeep.costs", "every_days: 30"),
    (7, {"models": document()["models"]}, "models.small.rollback_to", "at small, large"),
]


@pytest.mark.parametrize(("number", "changes", "path", "remedy"), UNHEALTHY)
def test_what_is_missing_is_named_with_its_remedy(number: int, changes: dict[str, Any], path: str, remedy: str) -> None:
    ((found, point),) = missing(healthy(**changes))

    assert (found, point.path) == (number, path)
    assert remedy in (point.remedy or "")


def test_a_portfolio_without_upkeep_misses_three_points() -> None:
    assert [number for number, _ in missing(healthy(upkeep=None))] == [4, 5, 6]


def test_a_model_that_serves_no_more_takes_no_place() -> None:
    models = {
        "small": {**document()["models"]["small"], "rollback_to": "old"},
        "large": {**document()["models"]["large"], "rollback_to": "small"},
        "old": model("azure", lifecycle="retired"),
    }

    assert [(number, point.path) for number, point in missing(healthy(models=models))] == [
        (7, "models.small.rollback_to")
    ]


def written(tmp_path: Path, found: Portfolio) -> str:
    file = tmp_path / "p.yaml"
    file.write_bytes(found.to_json())
    return str(file)


def test_check_fails_for_a_missing_point_only_where_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unhealthy, whole = healthy(upkeep=None), healthy()

    assert main(["check", written(tmp_path, unhealthy)]) == 0
    told = capsys.readouterr().out
    assert "4 missing  escalation reasons" in told
    assert "upkeep.costs: write upkeep: {costs:" in told
    assert main(["check", written(tmp_path, unhealthy), "--healthy"]) == 1
    assert main(["check", written(tmp_path, whole), "--healthy"]) == 0


def test_check_tells_the_points_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", written(tmp_path, healthy(upkeep=None)), "--healthy", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)

    assert (told["valid"], told["healthy"]) == (True, False)
    assert [each["state"] for each in told["points"]] == ["proved"] * 3 + ["missing"] * 3 + ["proved"]
    assert all(bool(each["remedy"]) == (each["state"] == "missing") for each in told["points"])
