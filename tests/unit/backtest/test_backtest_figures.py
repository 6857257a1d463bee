"""The figures of a backtest: by the recorded verdicts, with their intervals, and what another document changes."""

from pathlib import Path

import pytest
from recorded_notes import SETS, document

from infra.backtest.figures import Found, changed, latency, told
from infra.backtest.run import decided


async def found_of(folder: Path, **lane: object) -> dict[str, Found]:
    run = await decided(document(**lane), SETS, folder, lambda doing, done, whole: None)
    return {found.name: found for found in run.found()}


async def test_right_is_what_is_recorded_as_right(tmp_path: Path) -> None:
    found = await found_of(tmp_path)
    sums, notes = found["sums"], found["notes"]

    by_name = {line.id: line for each in (sums, notes) for line in each.lines}
    assert {name for name, line in by_name.items() if line.right} == {"agreed", "disagreed", "met", "second"}
    assert by_name["agreed-and-wrong"].accepted
    assert not by_name["nobody"].accepted
    assert sums.score.verified.wrong == 1


async def test_every_figure_lies_within_its_interval(tmp_path: Path) -> None:
    found = await found_of(tmp_path)

    for name, each in found["notes"].figures.items():
        assert each.low <= each.value <= each.high, name
    assert found["notes"].figures["success"].value == pytest.approx(2 / 3)


async def test_an_attempt_that_found_no_model_takes_no_time(tmp_path: Path) -> None:
    """The first fails, and then nobody is left to confirm the second."""
    two = {"tiers": [["small"], ["middle"]], "checks": ["format", "demands", "agreement"]}

    notes = (await found_of(tmp_path, **two))["notes"]

    assert {line.id: line.seconds for line in notes.lines} == {"met": None, "second": None, "nobody": None}


async def test_a_model_of_unknown_speed_has_no_latency(tmp_path: Path) -> None:
    assert "p95_s" not in (await found_of(tmp_path))["notes"].figures


def test_the_slowest_of_few_questions_is_their_95th_percentile() -> None:
    told = latency([(1.0, 4.0), (2.0, 5.0), (9.0, 6.0)])

    assert (told["p95_s"].value, told["strongest_p95_s"].value, told["p95_change"].value) == (9.0, 6.0, 0.5)


async def test_costs_are_those_of_the_attempts_and_of_the_strongest(tmp_path: Path) -> None:
    notes = (await found_of(tmp_path))["notes"]
    met = next(line for line in notes.lines if line.id == "met")
    prompt, small, strong = 48, len("The sea is wide."), len("Deep.")

    assert met.cost == prompt // 4 * 1 + small // 4 * 2
    assert met.strongest_cost == pytest.approx(prompt / 4 * 1 + strong / 4 * 2, abs=2)


async def test_another_document_is_held_against_this_one_question_by_question(tmp_path: Path) -> None:
    now, other = (await found_of(tmp_path))["notes"], (await found_of(tmp_path, checks=[]))["notes"]
    change = changed(now, other)

    assert (change.better, change.worse) == (("second",), ())
    assert change.success_points.value == pytest.approx(100 / 3)
    assert change.cost.value > 0


async def test_programs_are_told_counts_reasons_and_intervals(tmp_path: Path) -> None:
    document_of_notes = told((await found_of(tmp_path))["notes"])

    assert (document_of_notes["questions"], document_of_notes["accepted"], document_of_notes["right"]) == (3, 2, 2)
    assert document_of_notes["failed"] == {"tiers_spent": 1}
    assert {"action": "repair", "reason": "check_failed", "times": 4} in document_of_notes["escalated"]
    assert document_of_notes["figures"]["success"].keys() == {"value", "low", "high"}
