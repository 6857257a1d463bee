"""Splits that never learn from what they report on, and the report's changes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.evals.report import earlier, measured_on, table, unlike, write
from infra.evals.study import Figure, figure, share, share_by_question, some, splits
from infra.local.recorded.reading import DataUnreadable


@given(st.lists(st.text(max_size=5), unique=True, max_size=60))
def test_each_case_is_reported_once_and_never_learned_from_then(names: list[str]) -> None:
    found = list(splits(names, None, str))
    assert sorted(name for split in found for name in split.test) == sorted(names)
    assert all(set(split.train).isdisjoint(split.test) for split in found)
    assert all(len(split.train) + len(split.test) == len(names) for split in found)


def test_where_no_question_can_be_used_the_models_that_lack_are_named() -> None:
    assert some(["a"], ["small"]) == ["a"]
    with pytest.raises(DataUnreadable, match="of each of: small, large"):
        some([], ["small", "large"])


def test_a_part_of_its_own_is_reported_on_as_it_is() -> None:
    (split,) = splits(["a"], ["b", "c"], str)
    assert (split.train, split.test) == (["a"], ["b", "c"])


@given(st.lists(st.integers(0, 1), min_size=2, max_size=40))
def test_a_figure_lies_within_its_interval_and_comes_out_again(values: list[int]) -> None:
    found = figure(values, lambda part: sum(part) / len(part))
    assert found.low <= found.value <= found.high
    assert found == figure(values, lambda part: sum(part) / len(part))


def test_sections_that_were_not_run_are_kept_and_changes_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "evals.json"
    assert earlier(path) == {}
    write(path, {}, {"a": {"x": 1.0}, "b": {"y": {"value": 0.5, "low": 0.4, "high": 0.6}}})
    before = earlier(path)
    now = {"b": {"y": {"value": 0.75, "low": 0.7, "high": 0.8}}}
    write(path, before, now)

    assert json.loads(path.read_text()) == {"a": {"x": 1.0}, **now}
    cells = [list(column.cells) for column in table(before, now).columns]
    assert [str(cell) for column in cells for cell in column] == ["b.y", "0.75", "0.7 .. 0.8", "+0.2500"]


def test_a_share_has_the_interval_of_wilsons_paper() -> None:
    told = share([True] * 81 + [False] * (263 - 81))

    assert (told.value, told.low, told.high) == pytest.approx((0.3080, 0.2553, 0.3662), abs=1e-4)


@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_a_share_that_was_never_seen_may_still_be_there(seen: list[bool]) -> None:
    told = share(seen)

    assert 0 <= told.low <= told.value <= told.high <= 1
    assert told.low < told.high


def test_ten_answers_to_each_question_that_are_alike_tell_no_more_than_one() -> None:
    once = [(f"q{place}", place % 4 == 0) for place in range(40)]
    told, alone = share_by_question(once * 10), share([holds for _, holds in once])

    assert told.value == alone.value == 0.25
    assert (told.low, told.high) == pytest.approx((alone.low, alone.high), abs=0.04)
    assert share_by_question(once) == alone
    assert share([holds for _, holds in once * 10]).low > told.low + 0.05


def test_what_was_seen_of_no_question_is_as_sure_as_there_are_questions() -> None:
    assert share_by_question([("a", False), ("a", False), ("b", False)]) == share([False, False])
    assert share_by_question([]) == share([])


def test_of_no_case_nothing_is_known() -> None:
    assert share([]) == Figure(0.0, 0.0, 1.0)


def test_a_change_beside_a_run_on_other_recordings_is_told_as_that() -> None:
    before = {"measured_on": {"gsm8k": "a", "ifeval": "a"}}
    assert unlike(before, ["gsm8k", "checks"], "b") == ["gsm8k: the change is beside a run on other recordings (a)"]
    assert unlike(before, ["gsm8k"], "a") == unlike({}, ["gsm8k"], "a") == []
    assert measured_on(before, ["gsm8k"], "b") == {"gsm8k": "b", "ifeval": "a"}
