"""A third opinion through all services' own decisions: whose answer is given, at the cost of all who were asked."""

from pathlib import Path

import pytest
from recorded_thirds import ROADS, SETS, document

from infra.backtest.run import Run, decided
from services.console.domain.road import Road


async def roads_of(opinions: int, folder: Path) -> dict[str, Road]:
    run: Run = await decided(document(opinions), SETS, folder, lambda doing, done, whole: None)
    (found,) = run.material.sets
    return {question.id: run.roads[str(request_id)] for request_id, question in found.asked.items()}


@pytest.fixture
async def roads(tmp_path: Path) -> dict[str, Road]:
    return await roads_of(3, tmp_path)


@pytest.mark.parametrize("name", ROADS)
def test_each_question_takes_its_road(roads: dict[str, Road], name: str) -> None:
    road, (asked, model, status) = roads[name], ROADS[name]

    assert road.end
    assert [step.model for step in road.steps] == asked
    assert (road.end.model, road.end.status) == (model, status)
    assert road.end.cost_micro_usd == sum(step.cost_micro_usd for step in road.steps) > 0


def test_the_road_tells_whose_answer_a_third_took(roads: dict[str, Road]) -> None:
    first, second = (roads[name].steps[-1] for name in ("the-first", "the-second"))

    assert first.reason is None
    assert second.reason == "takes the answer of attempt 2"
    assert [(turn.action, turn.reason) for turn in roads["the-second"].turns] == [
        ("agreement", "doubted"),
        ("agreement", "disagreed"),
    ]


async def test_without_it_a_difference_goes_up_at_once(tmp_path: Path) -> None:
    roads = await roads_of(2, tmp_path)

    assert {name: road.end.model for name, road in roads.items() if road.end} == {
        "agreed": "small",
        "the-first": "other",
        "the-second": "other",
        "nobody": "other",
        "no-answer": "strong",
    }
