"""Splits that never learn from what they report on, and the report's changes."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from infra.evals.report import earlier, table, write
from infra.evals.study import figure, splits


@given(st.lists(st.text(max_size=5), unique=True, max_size=60))
def test_each_case_is_reported_once_and_never_learned_from_then(names: list[str]) -> None:
    found = list(splits(names, None, str))
    assert sorted(name for split in found for name in split.test) == sorted(names)
    assert all(set(split.train).isdisjoint(split.test) for split in found)
    assert all(len(split.train) + len(split.test) == len(names) for split in found)


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
