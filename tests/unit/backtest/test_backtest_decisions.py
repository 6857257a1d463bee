"""The loop: the services' own decisions take each recorded question to the end that its answers deserve."""

from pathlib import Path

import pytest
from recorded_notes import SETS, document

from infra.backtest.decisions import LEFT_TO_A_PERSON
from infra.backtest.run import Document, Run, decided
from schemas.portfolio import Portfolio
from services.console.domain.road import Road


async def run_of(chosen: Document, folder: Path) -> Run:
    return await decided(chosen, SETS, folder, lambda doing, done, whole: None)


def roads_of(run: Run) -> dict[str, Road]:
    return {
        question.id: run.roads[str(request_id)]
        for each in run.material.sets
        for request_id, question in each.asked.items()
    }


@pytest.fixture
async def run(tmp_path: Path) -> Run:
    return await run_of(document(), tmp_path)


@pytest.fixture
def roads(run: Run) -> dict[str, Road]:
    return roads_of(run)


def trail(road: Road) -> list[tuple[str, str, str]]:
    return [(step.model, step.role, str(step.verdict)) for step in road.steps]


def test_two_that_agree_are_believed_right_or_wrong(roads: dict[str, Road]) -> None:
    for name in ("agreed", "agreed-and-wrong"):
        assert trail(roads[name]) == [("small", "primary", "doubted"), ("middle", "agreement", "accepted")]
        assert roads[name].end
        assert (roads[name].end.status, roads[name].end.model) == ("verified", "small")


def test_a_difference_goes_to_the_strongest(roads: dict[str, Road]) -> None:
    assert [step.model for step in roads["disagreed"].steps] == ["small", "middle", "strong"]
    assert [turn.reason for turn in roads["disagreed"].turns] == ["doubted", "disagreed"]


def test_a_demand_that_is_not_met_is_repaired_once_and_then_moves_up(roads: dict[str, Road]) -> None:
    assert trail(roads["met"]) == [("small", "primary", "accepted")]
    assert trail(roads["second"]) == [
        ("small", "primary", "rejected"),
        ("small", "repair", "rejected"),
        ("middle", "primary", "accepted"),
    ]


def test_nobody_meets_it_and_the_request_fails_honestly(roads: dict[str, Road]) -> None:
    end = roads["nobody"].end

    assert end
    assert (end.status, end.reason) == ("failed", "tiers_spent")
    assert end.cost_micro_usd == sum(step.cost_micro_usd for step in roads["nobody"].steps) > 0


async def test_where_the_lane_asks_people_the_request_is_left_to_them(tmp_path: Path) -> None:
    reviews = {"ask": "editors", "within_s": 60}
    roads = roads_of(await run_of(document(reviews=reviews), tmp_path))

    assert roads["nobody"].end
    assert roads["nobody"].end.reason == LEFT_TO_A_PERSON


async def test_the_same_questions_take_the_same_roads_again(run: Run, tmp_path: Path) -> None:
    again = await run_of(document(), tmp_path)

    assert [found.lines for found in again.found()] == [found.lines for found in run.found()]


def planned(*, is_seeded: bool) -> Document:
    """The lane of notes leaves agreement to the plan. ``is_seeded``: it is known that notes are never alike."""
    checks = ["format", "demands", {"agreement": {"when": "planned"}}]
    found = document(checks=checks, explore=0, bar={"success": 0.8})
    if not is_seeded:
        return found
    told = found.portfolio.model_dump(mode="json", exclude_none=True)
    for name, by, micro_usd in (("small", "middle", 10), ("middle", "strong", 40), ("strong", None, 900)):
        prior = {"success": 0.95, "answers": 50, "micro_usd": micro_usd, "source": "backtest-1"}
        confirmed = {"confirmed": {"by": by, "success": 0.01, "false_accepts": 0.0}} if by else {}
        told["models"][name]["priors"] = {"notes": {**prior, **confirmed}}
    return Document(found.path, Portfolio.of(told))


async def test_a_plan_that_does_without_agreement_is_followed_from_end_to_end(tmp_path: Path) -> None:
    followed = roads_of(await run_of(planned(is_seeded=True), tmp_path))
    unknown = roads_of(await run_of(planned(is_seeded=False), tmp_path))

    assert trail(followed["met"]) == [("small", "primary", "accepted")]
    assert [step.model for step in followed["second"].steps] == ["small", "small", "middle"], "repaired, then a tier up"
    assert trail(unknown["met"]) == [("small", "primary", "doubted"), ("middle", "agreement", "accepted")]
